# SPDX-License-Identifier: MIT
"""BTF as bytes: where members are, and blobs in which one of them is elsewhere.

Format: the kernel's Documentation/bpf/btf.rst.
"""
import struct

_STRUCT, _UNION, _ENUM, _ENUM64 = 4, 5, 6, 19
# What follows the 12 bytes of a type: once, and for each of its parts.
_ONCE = {1: 4, 3: 12, 14: 4, 17: 4}
_EACH = {_STRUCT: 12, _UNION: 12, _ENUM: 8, 13: 8, 15: 12, _ENUM64: 12}


class Btf:
    """The types of a blob."""

    def __init__(self, blob):
        self.blob = bytearray(blob)
        _, _, _, header, types_at, types_size, names_at, _ = struct.unpack_from("<HBBIIIII", blob)
        self._names = header + names_at
        self._types = [None]  # by id: where it is, kind, number of parts, flag, size or type
        at = header + types_at
        while at < header + types_at + types_size:
            _, info, size = struct.unpack_from("<III", blob, at)
            kind, count = info >> 24 & 0x7F, info & 0xFFFFFF
            self._types.append((at, kind, count, info >> 31, size))
            at += 12 + _ONCE.get(kind, 0) + _EACH.get(kind, 0) * count

    def _name(self, at):
        start = self._names + struct.unpack_from("<I", self.blob, at)[0]
        return self.blob[start:self.blob.index(0, start)].decode()

    def _find(self, name):
        for number, found in enumerate(self._types[1:], 1):
            if found[1] == _STRUCT and found[4] and self._name(found[0]) == name:
                return number
        return None

    def size(self, name):
        """Bytes of a struct; None where there is none."""
        number = self._find(name)
        return number and self._types[number][4]

    def _member(self, number, name, base):
        """(bit offset, size of a bit-field, where it is written)."""
        start, kind, count, flag, _ = self._types[number]
        for at in range(start + 12, start + 12 + 12 * count, 12):
            _, inner, offset = struct.unpack_from("<III", self.blob, at)
            bits = offset >> 24 if flag else 0
            offset = base + (offset & 0xFFFFFF if flag else offset)
            if self._name(at) == name:
                return offset, bits, at + 8
            if not self._name(at) and self._types[inner][1] in (_STRUCT, _UNION):
                if found := self._member(inner, name, offset):
                    return found
        return None

    def offset(self, name, member):
        """Bytes; None where there is none. Members of anonymous structs by their own name."""
        number = self._find(name)
        found = self._member(number, member, 0) if number else None
        return found and found[0] // 8

    def moved(self, name, member, by):
        """The blob with a member @by bytes further; None where there is none."""
        number = self._find(name)
        found = self._member(number, member, 0) if number else None
        if not found or struct.unpack_from("<I", self.blob, found[2])[0] + 8 * by < 0:
            return None
        blob = bytearray(self.blob)
        struct.pack_into("<I", blob, found[2], struct.unpack_from("<I", blob, found[2])[0] + 8 * by)
        return bytes(blob)

    def enumerator(self, name):
        """The value of an enumerator; None where there is none."""
        for start, kind, count, _, _ in self._types[1:]:
            step = _EACH.get(kind)
            if kind in (_ENUM, _ENUM64):
                for at in range(start + 12, start + 12 + step * count, step):
                    if self._name(at) == name:
                        return struct.unpack_from("<I", self.blob, at + 4)[0]
        return None
