# SPDX-License-Identifier: MIT
"""A vmlinux with symbols, as a distribution's debug package has it: the kernel's own image, unpacked from the file that
is booted, and the symbols that the guest's /proc/kallsyms tells, at the addresses that they were linked to.
"""
import bisect
import struct
import subprocess

MAGIC = {b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4"}
# Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length.
SETUP_SECTS, PAYLOAD = 0x1F1, 0x248
SECTOR = 512
SIZE_BYTES = 4  # of the unpacked image, behind the payload
ELF_SECTIONS, ELF_SECTION_COUNT = 40, 60
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
SHT_SYMTAB, SHT_STRTAB = 2, 3
STB_LOCAL, STB_GLOBAL = 0, 1
STT_OBJECT, STT_FUNC = 1, 2


def unpack(vmlinuz):
    """The ELF file in a bzImage."""
    data = vmlinuz.read_bytes()
    offset, length = struct.unpack_from("<II", data, PAYLOAD)
    packed = data[(data[SETUP_SECTS] + 1) * SECTOR + offset:][:length]
    command = [MAGIC[packed[:4]], "-dc"]
    return bytearray(subprocess.run(command, input=packed[:-SIZE_BYTES], stdout=subprocess.PIPE, check=True).stdout)


def kallsyms(guest):
    """The kernel's own symbols, (address, kind, name), without modules and per-CPU data."""
    rows = [line.split() for line in guest.run("cat /proc/kallsyms").splitlines()]
    found = [(int(row[0], 16), row[1], row[2]) for row in rows if len(row) == 3 and row[1] not in "aA"]
    return sorted(row for row in found if row[0] >> 31 == 0x1FFFFFFFF)


def symbol_table(symbols, sections, slide):
    """(.symtab, .strtab, index of the first global symbol) of the addresses that lie in sections."""
    places = [(section[3], section[3] + section[5], index) for index, section in enumerate(sections) if section[3]]
    addresses = sorted({address for address, _, _ in symbols})
    names, locals_, globals_ = bytearray(1), [], []
    for address, kind, name in symbols:
        linked = address - slide
        index = next((index for start, end, index in places if start <= linked < end), None)
        if index is None:
            continue
        behind = bisect.bisect_right(addresses, address)
        size = addresses[behind] - address if behind < len(addresses) else 0
        what = STT_FUNC if kind in "tTwW" else STT_OBJECT
        binding, group = (STB_LOCAL, locals_) if kind.islower() else (STB_GLOBAL, globals_)
        group.append(SYMBOL.pack(len(names), binding << 4 | what, 0, index, linked, size))
        names += name.encode() + b"\0"
    return b"".join([bytes(SYMBOL.size), *locals_, *globals_]), bytes(names), len(locals_) + 1


def write_vmlinux(guest, path):
    """Write the file; return how far the kernel runs from where it was linked to (KASLR)."""
    image = unpack(guest.kernel.vmlinuz)
    table, = struct.unpack_from("<Q", image, ELF_SECTIONS)
    count, = struct.unpack_from("<H", image, ELF_SECTION_COUNT)
    sections = [SECTION.unpack_from(image, table + SECTION.size * index) for index in range(count)]
    linked = next(section[3] for section in sections if section[3])  # .text
    symbols = kallsyms(guest)
    slide = next(address for address, _, name in symbols if name == "_text") - linked
    symtab, strtab, first_global = symbol_table(symbols, sections, slide)
    image += bytes(-len(image) % 8)
    at = len(image)
    sections.append((0, SHT_SYMTAB, 0, 0, at, len(symtab), count + 1, first_global, 8, SYMBOL.size))
    sections.append((0, SHT_STRTAB, 0, 0, at + len(symtab), len(strtab), 0, 0, 1, 0))
    image += symtab + strtab
    image += bytes(-len(image) % 8)
    struct.pack_into("<Q", image, ELF_SECTIONS, len(image))
    struct.pack_into("<H", image, ELF_SECTION_COUNT, len(sections))
    image += b"".join(SECTION.pack(*section) for section in sections)
    path.write_bytes(image)
    return slide
