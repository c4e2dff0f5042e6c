"""Workers whose clock is wrong, by libfaketime (Debian: faketime) where there is one: too far off they must refuse, and say so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from broadcaster.processes import tied
from broadcaster.processes.environment import changes
from broadcaster.settings import Settings
from channels.sandbox.server import Sandbox
from tests.processes.installed import ROOT, environment

#: What a process refuses to work with is said with these words (Runtime.agree_on_time).
REFUSES = "this machine's clock is"
#: The one that is wrong sends under this number, so that what it sends can be told from all else.
SENDER = "+61491579999"


def library() -> str:
    """Path of libfaketime; empty when there is none."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")) if sys.platform.startswith("linux") else []
    return str(found[0]) if found else ""


def install() -> None:
    """Try to get it where that needs nobody's consent: as root, from the machine's own packages."""
    if library() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    subprocess.run(
        ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "faketime"],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


class Astray:
    """One more bulk worker of an installation, whose clock is `seconds` off (below 0: behind); ends with this process."""

    def __init__(self, settings: Settings, seconds: float) -> None:
        self.seconds = seconds
        self._log = settings.var_dir / "log" / f"astray{seconds:+.1f}.log"
        own = settings.model_copy(update={"live": settings.live.model_copy(update={"twilio_from": f"{SENDER}=1000"})})
        wanted = {name: value for name, value in changes(Settings(), own).items() if value is not None}
        # A clock that is wrong does not run wrong: time since the start is what it is.
        false = {"LD_PRELOAD": library(), "FAKETIME": f"{seconds:+.1f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                tied.command(sys.executable, "-m", "broadcaster", "worker", "--lane", "bulk"),
                cwd=ROOT,
                env=environment(settings.var_dir, wanted) | false,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def complaints(self, sandbox: Sandbox) -> list[str]:
        """What it did that it may not: send, or refuse without a word."""
        found = []
        if number := sum(record["from"] == SENDER for record in sandbox.sent("twilio")):
            found.append(f"a worker whose clock is {self.seconds:+.1f} s off sent {number} texts")
        if REFUSES not in self._log.read_text():
            found.append(f"a worker whose clock is {self.seconds:+.1f} s off did not say so: {self._log}")
        return found
