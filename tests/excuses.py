# SPDX-License-Identifier: MIT
"""What `make check` may skip. A test that is skipped for any other reason should have run: the check fails.

A kernel, a QEMU or a GDB that cannot be had is no excuse, for then nothing might run at all. What is left out by default is
not skipped: tests/matrix.py.
"""
import re

EXCUSES = (
    # with another environment
    r"its debug information, 300 MB, is fetched with DILL_DEBUG_KERNELS=1$",
    r"opens a page of 25 MB: with DILL_FULL=1$",
    r"the document's guests are of [\d.]+$",  # make check SERIES=
    r"of all kernels .* will do$",
    # of a kernel that has no such thing
    r"this cache has no sheaves$",
    r"this kernel has no freelists of CPUs$",
    r"this kernel does not count slabs and objects$",
    r"the kernel had no need for such an area$",
    r"no slab_debug$",
    # Debian's experimental has a newer kernel at times, and none at others.
    r"7\.3: ",
    # of other readers, that are too old for what they read or are not packaged everywhere
    r"crash (is not installed|cannot read it: .*)$",
    r"drgn cannot read it: ",
    r"this machine's (libbpf|pahole) cannot read the BTF of this kernel",
    r"makedumpfile was built without ",
    r"dump-guest-memory: kdump-(lzo|snappy) is not available now$",  # Debian builds QEMU without
    r"this machine has no gdb-multiarch$",
    r"built with glibc [\d.]+, which brings symbols of its own$",
    r"(zsh|fish) is not installed$",
    # lint: each version of it has its own taste
    r"the sources are written with clang-format-14, ",
    # to be somebody who may not, and to mount a file system
    r"needs root, to be somebody who may not$",
    r"nobody else may run the program where it lies$",
    r"no file system can be mounted here: ",
)
# pytest's line with -rs, and tools/lint.sh's.
SKIPPED = re.compile(r"SKIPPED \[(?P<count>\d+)\] [^ ]+: (?P<reason>.*)|skipped [^:]+: (?P<lint>.*)")


def without_excuse(lines):
    """Of an output the skips that nothing excuses: [(how many, reason)]."""
    found = []
    for match in filter(None, (SKIPPED.match(line) for line in lines)):
        reason = match["reason"] or match["lint"]
        if not any(re.search(r"(^|: )" + excuse, reason) for excuse in EXCUSES):
            found.append((int(match["count"] or 1), reason))
    return found
