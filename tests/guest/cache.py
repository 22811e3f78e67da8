"""Where downloaded kernels and built guest files are kept between runs."""

import contextlib
import fcntl
import os
import pathlib


def cache_dir() -> pathlib.Path:
    """Return the cache folder: $DILL_CACHE, else $XDG_CACHE_HOME/dill, else ~/.cache/dill.

    The folder may not exist yet.
    """
    chosen = os.environ.get("DILL_CACHE")
    if chosen:
        return pathlib.Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(base) if base else pathlib.Path.home() / ".cache") / "dill"


@contextlib.contextmanager
def locked(path: pathlib.Path):
    """Hold an exclusive lock on the file *path* (made if missing), over processes and threads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
