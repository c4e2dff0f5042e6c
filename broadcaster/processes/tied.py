"""Ties a program to its parent: when the parent dies, however suddenly, the kernel ends the program too.

`python -m broadcaster.processes.tied PROGRAM ARGUMENT…` becomes that program. Only Linux can do this; elsewhere it just
becomes the program. Kept free of other imports of ours, because every child pays for it.
"""

import ctypes
import os
import signal
import sys

#: From linux/prctl.h.
PR_SET_PDEATHSIG = 1


def tie(number: int = signal.SIGTERM) -> None:
    """From now on this process gets signal `number` when its parent dies; it survives exec, but not fork."""
    parent = os.getppid()
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), number)


def command(*program: str) -> list[str]:
    """The command line that starts `program` tied to whoever starts it."""
    return [sys.executable, "-m", "broadcaster.processes.tied", *program]


if __name__ == "__main__":
    tie()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell: our own program with our own arguments
