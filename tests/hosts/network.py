"""Namespaces joined by a bridge, as machines are by a switch. Everything has this process's number in its name and goes with it."""

import os
import shutil
import subprocess
from contextlib import suppress
from types import TracebackType
from typing import Self

#: Line → its addresses, of those that RFC 2544 sets aside for tests: to database and queue, and to the providers.
LINES = {"inside": "198.18.{}.{}", "outside": "198.19.{}.{}"}


def ip(*words: str) -> None:
    """CalledProcessError, with what `ip` said, when it cannot be done."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def lacking() -> str:
    """What this machine lacks for a network of its own, in one line; empty when nothing."""
    if os.geteuid() != 0:
        return "root is needed to make network namespaces"
    if not shutil.which("ip") or not shutil.which("unshare"):
        return "the programs ip and unshare are needed (Debian: apt-get install iproute2 util-linux)"
    name = f"bc{os.getpid()}x"
    try:
        ip("netns", "add", name)
        ip("-n", name, "link", "add", "name", "br0", "type", "bridge")
        ip("-n", name, "link", "add", "name", "a", "type", "veth", "peer", "name", "b")
    except subprocess.CalledProcessError as error:
        return f"this kernel, or this container, does not allow network namespaces with bridges: {str(error.stderr).strip()}"
    finally:
        with suppress(subprocess.CalledProcessError):
            ip("netns", "del", name)
    return ""


class Network:
    """`with Network(3) as net:` the middle, where database, queue and providers are, and hosts h1, h2, h3 with two lines to it."""

    def __init__(self, hosts: int, number: int = 0) -> None:
        """`number` names a network that another process has made."""
        self._number = number or os.getpid()
        self.middle = f"bc{self._number}m"
        self.hosts = [f"h{each + 1}" for each in range(hosts)]
        #: Two bytes of the process id, so that two networks at once do not look alike in a log.
        self._third = self._number % 254 + 1

    @property
    def number(self) -> int:
        return self._number

    def space(self, host: str) -> str:
        """The namespace of a host."""
        return f"bc{self._number}{host}"

    def address(self, line: str, host: str = "") -> str:
        """IPv4 address of a host, or of the middle, on a line."""
        return LINES[line].format(self._third, 10 + int(host[1:]) if host else 1)

    def __enter__(self) -> Self:
        try:
            ip("netns", "add", self.middle)
            ip("-n", self.middle, "link", "set", "lo", "up")
            for line in LINES:
                ip("-n", self.middle, "link", "add", "name", line, "type", "bridge")
                ip("-n", self.middle, "addr", "add", f"{self.address(line)}/24", "dev", line)
                ip("-n", self.middle, "link", "set", line, "up")
            for host in self.hosts:
                self._join(host)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._remove()

    def _join(self, host: str) -> None:
        space = self.space(host)
        ip("netns", "add", space)
        ip("-n", space, "link", "set", "lo", "up")
        for line, addresses in LINES.items():
            plug = f"{host}-{line}"
            ip("link", "add", "name", plug, "netns", self.middle, "type", "veth", "peer", "name", line, "netns", space)
            ip("-n", self.middle, "link", "set", plug, "master", line, "up")
            ip("-n", space, "addr", "add", f"{self.address(line, host)}/24", "dev", line)
            ip("-n", space, "link", "set", line, "up")
            # The kernel repeats what is not acknowledged as it would to a provider 100 ms away, and so, too, after the grace.
            network = addresses.format(self._third, 0)
            ip("-n", space, "route", "replace", f"{network}/24", "dev", line, "rto_min", "300ms")

    def _remove(self) -> None:
        for name in [*map(self.space, self.hosts), self.middle]:
            with suppress(subprocess.CalledProcessError):
                ip("netns", "del", name)

    def cut(self, host: str, *lines: str) -> None:
        """Pull plugs of this host out of the switch: all, or those of some lines."""
        for line in lines or LINES:
            ip("-n", self.middle, "link", "set", f"{host}-{line}", "down")

    def mend(self, host: str) -> None:
        """Put them back."""
        for line in LINES:
            ip("-n", self.middle, "link", "set", f"{host}-{line}", "up")

    def on(self, host: str, *program: str) -> list[str]:
        """The command line of a program on a host, which also has that name."""
        named = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host)
        return [str(shutil.which("ip")), "netns", "exec", self.space(host), *named, *program]

    def in_the_middle(self, *program: str) -> list[str]:
        """The command line of a program where database, queue and providers are."""
        return [str(shutil.which("ip")), "netns", "exec", self.middle, *program]
