# SPDX-License-Identifier: MIT
"""The matrix's table against the kernels' configurations."""
import pytest

from tests.guest.kernels import SOURCES, cached
from tests.matrix import FLAVOURS


@pytest.mark.parametrize("series", SOURCES)
def test_lacking(series):
    """A flavour is left out on exactly the kernels that were built without what it needs."""
    which = cached(series)
    if not which:
        pytest.skip(f"{series} is not in the cache")
    for name, flavour in FLAVOURS.items():
        if flavour.needs:
            assert which.has_config(flavour.needs) == (series not in flavour.lacking), name
