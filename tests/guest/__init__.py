"""Test guests: distribution kernels booted in QEMU, with a command channel into them.

See README.md in this folder for the parts and how they are used.
"""
