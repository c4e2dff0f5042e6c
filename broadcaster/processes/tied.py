"""Ties a program to its parent: when the parent dies, however suddenly, the kernel ends the program too.

`python -m broadcaster.processes.tied PARENT PROGRAM ARGUMENT…` becomes that program, unless the process PARENT has died already;
with `--environment` after PARENT, changes of the environment are read from stdin first (JSON: variable → value or null), so that
no secret stands in a command line.
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
#: Variable in which a tied program finds its own process id, to be PARENT in command lines that it makes.
OWN_ID = "TIED_PROCESS"


def tie(parent: int, number: int = signal.SIGTERM) -> None:
    """From now on this process gets signal `number` when its parent dies; it survives exec, but not fork.

    At once when `parent` has died before it could ask: a program that starts slowly would otherwise outlive a supervisor that
    was killed meanwhile, and nothing could be started in its folder again.
    """
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def command(*program: str, parent: str = "") -> list[str]:
    """The command line that starts `program` tied to `parent`, by default to this very process."""
    return [sys.executable, "-m", "broadcaster.processes.tied", parent or str(os.getpid()), *program]


def _change_environment() -> None:
    for name, value in json.load(sys.stdin).items():
        if value is None:
            os.unsetenv(name)
        else:
            os.putenv(name, value)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


if __name__ == "__main__":
    wanted, *words = sys.argv[1:]
    tie(int(wanted))
    os.putenv(OWN_ID, str(os.getpid()))
    if words[0] == ENVIRONMENT:
        words = words[1:]
        _change_environment()
    os.execv(words[0], words)  # noqa: S606 - no shell: our own program with our own arguments
