"""`make test-hosts`: three hosts send one alert; one of them is cut off in the middle and comes back later. Needs root."""

import argparse
import signal
import subprocess
import sys

from tests.hosts.network import Network, lacking
from tests.processes.installed import ROOT

HOSTS = 3


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    parser.add_argument("--inside", type=int, default=0, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.inside:
        from tests.hosts.play import play

        return play(Network(HOSTS, words.inside))
    if why := lacking():
        sys.stderr.write(f"make test-hosts: {why}\n")
        return 1
    with Network(HOSTS) as network:
        program = [sys.executable, "-m", "tests.hosts", "--inside", str(network.number)]
        process = subprocess.Popen(network.in_the_middle(*program), cwd=ROOT)
        try:
            return process.wait()
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
