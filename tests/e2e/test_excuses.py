# SPDX-License-Identifier: MIT
"""What `make check` takes for a test that need not run."""
from tests.excuses import without_excuse


def test_whole_suite_that_is_skipped():
    """Without network and without cached kernels nothing runs, and each reason is told with its number."""
    lines = ["s" * 80, "SKIPPED [512] tests/e2e/conftest.py:213: 6.12: no route to the mirror", "512 skipped in 3.00s"]
    assert without_excuse(lines) == [(512, "6.12: no route to the mirror")]


def test_excuses():
    """What a machine or a kernel has not, and what another environment adds."""
    for line in (
        "SKIPPED [2] tests/e2e/test_kcheck.py:277: this cache has no sheaves",
        "SKIPPED [1] tests/e2e/test_dump.py:307: 7.2: its debug information, 300 MB, is fetched with DILL_DEBUG_KERNELS=1",
        "SKIPPED [9] tests/e2e/conftest.py:213: 7.3: experimental: no package matches",
        "skipped clang-format: the sources are written with clang-format-14, which this machine does not have",
        "12 passed, 2 skipped in 3.00s",
    ):
        assert without_excuse([line]) == []


def test_an_excuse_is_not_found_in_the_middle():
    """Of a reason of another kind."""
    assert without_excuse(["SKIPPED [1] a.py:1: QEMU of sid failed where this cache has no sheaves"])
