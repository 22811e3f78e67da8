# SPDX-License-Identifier: MIT
"""The kernel's own names of its code, modules included."""
import bisect
import collections


class Symbols:
    """What a guest's /proc/kallsyms says of code."""

    def __init__(self, guest):
        rows = [line.split() for line in guest.run("cat /proc/kallsyms").splitlines()]
        names = collections.defaultdict(set)
        self._modules = {}
        for address, kind, name, *module in (row for row in rows if row[1] in "tTwW"):
            names[int(address, 16)].add(name)
            self._modules[int(address, 16)] = module[0].strip("[]") if module else None
        self._names = dict(names)
        self._starts = sorted(names)

    def _start(self, address):
        return self._starts[bisect.bisect_right(self._starts, address) - 1]

    def names(self, address):
        """Every name of an address, as symbol+offset, with the module in brackets."""
        start = self._start(address)
        module = f" [{self._modules[start]}]" if self._modules[start] else ""
        return {f"{name}+{address - start:#x}{module}" for name in self._names[start]}

    def functions(self, address):
        """The names of the function that an address is in."""
        return self._names[self._start(address)]

    def module(self, address):
        """The module that an address is in, None in the kernel itself."""
        return self._modules[self._start(address)]
