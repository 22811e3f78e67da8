# SPDX-License-Identifier: MIT
"""Writers of the dumps that no tool of this machine writes, each by its format's public description.

    ranges = system_ram(iomem)
    write_lime(path, memory, ranges)

`memory` is physical memory from address 0 on, as bytes or a mapped file; `ranges` are (first, end) in it.
"""
import ctypes
import ctypes.util
import functools
import re
import struct
import subprocess
import tempfile

PAGE = 4096
# Unpacked bytes in a chunk of snappy's frames, at the most.
CHUNK = 65536
# What AVML packs into one block.
BLOCK = 100 << 20


def system_ram(iomem):
    """The ranges that /proc/iomem calls System RAM, ends exclusive."""
    found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$", iomem, re.MULTILINE)
    return [(int(first, 16), int(last, 16) + 1) for first, last in found]


def write_raw(path, memory, ranges):
    """The ranges one after the other, and nothing else: LiME's format=raw."""
    with open(path, "wb") as file:
        for first, end in ranges:
            file.write(memory[first:end])


def write_lime(path, memory, ranges):
    """LiME's format=lime: magic, version 1, first and last address, 8 bytes reserved; the bytes."""
    with open(path, "wb") as file:
        for first, end in ranges:
            file.write(struct.pack("<IIQQ8x", 0x4C694D45, 1, first, end - 1))
            file.write(memory[first:end])


# --- AVML: the same header with another magic and version 2, snappy's frames behind it, their length ---


# Python would take minutes. By the definition, bit by bit.
_CRC32C = """
unsigned crc32c(const unsigned char *bytes, unsigned long size)
{
	unsigned crc = ~0u;

	for (unsigned long i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}
"""


@functools.cache
def _library():
    """The C function above."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/crc32c.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-x", "c", "-", "-o", path], input=_CRC32C, text=True, check=True)
        library = ctypes.CDLL(path)
    library.crc32c.restype = ctypes.c_uint32
    return library


def _checksum(data):
    """CRC-32C, masked as framing_format.txt says."""
    crc = _library().crc32c(data, ctypes.c_ulong(len(data)))
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@functools.cache
def _snappy_library():
    library = ctypes.CDLL(ctypes.util.find_library("snappy"))
    library.snappy_max_compressed_length.restype = ctypes.c_size_t
    return library


def _snappy(data):
    library = _snappy_library()
    size = ctypes.c_size_t(library.snappy_max_compressed_length(ctypes.c_size_t(len(data))))
    packed = ctypes.create_string_buffer(size.value)
    assert library.snappy_compress(data, ctypes.c_size_t(len(data)), packed, ctypes.byref(size)) == 0
    return packed.raw[: size.value]


def _frames(data):
    """A stream of snappy's frames: its name, then chunks, packed where that makes them smaller."""
    yield b"\xff\x06\x00\x00sNaPpY"
    for at in range(0, len(data), CHUNK):
        part = bytes(data[at : at + CHUNK])
        packed = _snappy(part)
        kind, body = (0, packed) if len(packed) < len(part) - len(part) // 8 else (1, part)
        yield struct.pack("<I", kind | (len(body) + 4) << 8) + struct.pack("<I", _checksum(part)) + body


def write_avml(path, memory, ranges):
    """AVML's compressed format; ranges cut to whole pages, and into blocks."""
    with open(path, "wb") as file:
        for first, end in ranges:
            end -= (end - first) % PAGE
            for start in range(first, end, BLOCK):
                stop = min(end, start + BLOCK)
                file.write(struct.pack("<IIQQ8x", 0x4C4D5641, 2, start, stop - 1))
                packed = b"".join(_frames(memory[start:stop]))
                file.write(packed + struct.pack("<Q", len(packed)))


# --- VMware: groups of tags; a tag is a word (length of its name, number of indices, size of its value), these, the value ---


def _tag(name, indices, size, value):
    head = len(name) << 8 | len(indices) << 6 | size
    return struct.pack("<H", head) + name.encode() + struct.pack(f"<{len(indices)}I", *indices) + value.to_bytes(size, "little")


def write_vmss(path, regions, cpus):
    """A .vmss whose memory lies in a .vmem.

    @param regions  (first page, page in the .vmem, pages)
    @param cpus     of each {"cr": {number: value}, "rip": value, "rsp": value}
    """
    memory = [_tag("regionsCount", (), 4, len(regions))]
    for number, region in enumerate(regions):
        for name, value in zip(("regionPPN", "regionPageNum", "regionSize"), region):
            memory.append(_tag(name, (number,), 4, value))
    registers = [_tag("cpu:numVCPUs", (), 4, len(cpus))]
    for number, cpu in enumerate(cpus):
        registers += [_tag("CR64", (number, index), 8, value) for index, value in cpu["cr"].items()]
        registers += [_tag(name, (number,), 8, cpu[name]) for name in ("rip", "rsp")]
    groups = {"Checkpoint": [], "cpu": registers, "memory": memory}
    at = 12 + 80 * len(groups)
    head, body = struct.pack("<3I", 0xBED2BED2, 8, len(groups)), b""
    for name, tags in groups.items():
        content = b"".join(tags) + bytes(2)
        head += struct.pack("<64sQQ", name.encode(), at + len(body), len(content))
        body += content
    with open(path, "wb") as file:
        file.write(head + body)


def registers_of(text):
    """What QEMU's "info registers -a" says, as write_vmss() takes it."""
    cpus = []
    for part in re.split(r"^CPU#\d+\s*$", text, flags=re.MULTILINE)[1:]:
        found = {name: int(value, 16) for name, value in re.findall(r"\b(CR[034]|RIP|RSP)=([0-9a-f]+)", part)}
        cpus.append({"cr": {n: found[f"CR{n}"] for n in (0, 3, 4)}, "rip": found["RIP"], "rsp": found["RSP"]})
    assert cpus, text
    return cpus
