# SPDX-License-Identifier: MIT
"""Guests of the matrix that tests share: booted once, lent to one after the other."""
import contextlib
import warnings

from tests.guest.kernels import kernel
from tests.guest.vm import Guest, GuestError
from tests.matrix import FLAVOURS

# A busy QEMU without KVM now and then trips over code that the kernel changes while another CPU runs it, at boot.
BOOTS = 2


def boot(case):
    """A new guest. KernelUnavailable, or GuestError when it did not boot twice."""
    flavour = FLAVOURS[case.flavour]
    which = kernel(case.series)
    for left in reversed(range(BOOTS)):
        try:
            guest = Guest(which, **flavour.options(case.series))
            break
        except GuestError as error:
            if not left:
                raise
            warnings.warn(f"{case} is booted again: {str(error).splitlines()[0]}", stacklevel=2)
    try:
        guest.run(flavour.prepare or "true")
    except BaseException:
        guest.close()
        raise
    return guest


class Pool:
    """One guest at a time: the tests come in the order of the matrix, so that each is booted once."""

    def __init__(self):
        self._guest = self._key = None

    def close(self):
        """End the guest."""
        if self._guest:
            self._guest.close()
        self._guest = self._key = None

    @contextlib.contextmanager
    def lend(self, case):
        """The guest of a case: it runs, and nothing does that others have started in it.

        Whoever stops it need not let it run again; programs that were spawned are ended, and files in /tmp removed.
        """
        self._require(case)
        guest = self._guest
        try:
            yield guest
        except BaseException:
            with contextlib.suppress(Exception):  # what failed first is what there is to tell
                self._end(case, guest)
            raise
        self._end(case, guest)

    def _end(self, case, guest):
        """What becomes of the guest."""
        if self._guest is not guest:
            return  # A module's fixture outlives its last test when the module's next one is about another guest.
        if case.spoils:
            self.close()
        else:
            self._tidy()

    def _require(self, case):
        """Have the guest of a case."""
        key = case.series, case.flavour
        if self._key != key:
            self.close()
            self._guest, self._key = boot(case), key

    def _tidy(self):
        """As it was before, as far as can be; a guest that does not answer is not lent again."""
        try:
            if not self._guest.is_running():
                self._guest.cont()
            self._guest.end_spawned()
        except Exception:
            self.close()
            raise
