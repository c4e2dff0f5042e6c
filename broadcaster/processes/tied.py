"""Ties a program to its parent: when the parent dies, however suddenly, the kernel ends the program too.

`python -m broadcaster.processes.tied PROGRAM ARGUMENT…` becomes that program; with `--environment` before it, changes of
the environment are read from stdin first (JSON: variable → value or null), so that no secret stands in a command line.
Only Linux can tie; elsewhere it just becomes the program. Imports nothing of ours, because every child pays for it.
"""

import ctypes
import json
import os
import signal
import sys

#: From linux/prctl.h.
PR_SET_PDEATHSIG = 1
ENVIRONMENT = "--environment"


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


def _change_environment() -> None:
    for name, value in json.load(sys.stdin).items():
        if value is None:
            os.unsetenv(name)
        else:
            os.putenv(name, value)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


if __name__ == "__main__":
    tie()
    words = sys.argv[1:]
    if words[0] == ENVIRONMENT:
        words = words[1:]
        _change_environment()
    os.execv(words[0], words)  # noqa: S606 - no shell: our own program with our own arguments
