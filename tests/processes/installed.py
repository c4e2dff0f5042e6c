"""`broadcaster run` as a real process, looked at from outside: where it is, which processes it is made of, and what they are."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from broadcaster.processes import tied

ROOT = Path(__file__).resolve().parents[2]
#: Starting everything takes some 10 s of a free core, and tests share two.
PATIENCE = 200.0


def environment(folder: Path, settings: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment with only these settings of ours, which are whole names of variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
    # People come in with their password alone: what they do then is what these tests are about.
    return kept | {"BROADCASTER_SECOND_STEP": "offered"} | (settings or {}) | {"BROADCASTER_VAR_DIR": str(folder)}


class Run:
    """A `broadcaster run` in `folder`; `module` may be another that ends up in the same command line."""

    def __init__(
        self, folder: Path, *options: str, settings: dict[str, str] | None = None, module: str = "broadcaster"
    ) -> None:
        self.folder = folder
        self._environment = environment(folder, settings)
        self.output, self.errors = folder / "output.txt", folder / "errors.txt"
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                # Tied, so that nothing stays when the tests are killed.
                tied.command(sys.executable, "-m", module, "run", "--port", "0", *options),
                cwd=ROOT,
                stdout=output,
                stderr=errors,
                env=self._environment,
            )

    @property
    def url(self) -> str:
        """The console's address once it is ready; empty before."""
        found = re.search(r"^ready (http://127\.0\.0\.1:\d+)$", self.output.read_text(), re.MULTILINE)
        return found[1] if found else ""

    def family(self) -> dict[int, str]:
        """Every process of this installation, by its environment or command line: id → command line."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                ours = f"BROADCASTER_VAR_DIR={self.folder}\0".encode() in (path / "environ").read_bytes()
            except OSError:
                continue
            if line and (ours or f"{self.folder}/" in line):
                found[int(path.name)] = line
        return found

    def pid_of(self, words: str) -> int:
        """The process with these words in its command line; of a process and its children, the first."""
        return min(pid for pid, line in self.family().items() if words in line)

    def say(self, *words: object) -> str:
        """What another command on this installation prints."""
        command = self.command(*words)
        output, errors = command.communicate(timeout=PATIENCE)
        assert command.returncode == 0, errors
        return output

    def command(self, *words: object) -> "subprocess.Popen[str]":
        """Another command on this installation, while it runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "broadcaster", *map(str, words)],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, words: str) -> int:
        """End the first process with these words as a crash would; its id."""
        pid = self.pid_of(words)
        os.kill(pid, signal.SIGKILL)
        return pid
