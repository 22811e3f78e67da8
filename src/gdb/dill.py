# SPDX-License-Identifier: MIT
"""Load dill into GDB: `source` this file. The plugin itself is dill.abi3.so beside it."""

import importlib.util
import pathlib
import sys

import gdb


def _load():
    path = pathlib.Path(__file__).resolve().with_name("dill.abi3.so")
    # Not as "dill": a package of that name exists, and scripts in this GDB may want it.
    spec = importlib.util.spec_from_file_location("gdb.dill", path)
    try:
        module = importlib.util.module_from_spec(spec)
    except ImportError as error:
        # A library is missing, or the C library is older than the one dill was built with. Not
        # raised: most GDBs show an exception of a sourced file with its traceback.
        gdb.write(f"dill cannot be loaded: {error}\n", gdb.STDERR)
        return
    spec.loader.exec_module(module)
    sys.modules[spec.name] = module


if "gdb.dill" not in sys.modules:
    _load()
