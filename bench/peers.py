"""How fast others send one job per recipient, each with the twilio SDK, and how fast libcurl alone is: what our rates are held against.

`python -m bench.peers [--rounds 3] [--json FILE]`. The queue is filled first; a rate counts from the first text that the provider
takes to the last, so neither filling nor starting costs a peer anything. They get fewer texts than we do, because it is the
rate that counts and some would need hours.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from redis import Redis

from bench import machine, sending
from bench.peer_text import BROKER, PROVIDER
from bench.provider import Provider, provider
from broadcaster.processes import tied
from broadcaster.processes.valkey import Embedded

LIMIT = "libcurl alone"
#: Seconds after which a round of a peer is cut: its rate is known by then.
LONGEST = 12.0


@dataclass(frozen=True, slots=True)
class Peer:
    """`command` starts its worker; `fill` puts a job per phone into the queue at a broker's path."""

    name: str
    messages: int
    command: Callable[[str], list[str]]
    fill: Callable[[str, list[str]], None]
    broker: str = "unix://{}"


@dataclass(frozen=True, slots=True)
class Pace:
    """What one peer did: texts per second and processor time per text."""

    name: str
    messages: int
    per_second: float
    cpu_us: float


def _fill_rq(path: str, phones: list[str]) -> None:
    from rq import Queue

    with Redis(unix_socket_path=path) as connection:
        queue = Queue("peer", connection=connection)
        queue.enqueue_many([Queue.prepare_data("bench.peer_text.send_text", (each,)) for each in phones])


def _fill_celery(path: str, phones: list[str]) -> None:
    from celery import Celery

    with Celery(broker=f"redis+socket://{path}") as app, app.connection_for_write() as connection:
        for each in phones:
            app.send_task("send_text", (each,), connection=connection, ignore_result=True)


def _fill_dramatiq(path: str, phones: list[str]) -> None:
    from dramatiq import Message
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=f"unix://{path}")  # type: ignore[no-untyped-call]
    broker.declare_queue("default")
    for each in phones:
        broker.enqueue(Message(queue_name="default", actor_name="send_text", args=(each,), kwargs={}, options={}))
    broker.close()


def _rq(path: str, *words: str) -> list[str]:
    return ["rq", "worker", "--url", f"unix://{path}", "--quiet", *words, "peer"]


PEERS = (
    Peer("RQ job per recipient, Worker", 60, _rq, _fill_rq),
    Peer("RQ job per recipient, SimpleWorker", 300, lambda path: _rq(path, "-w", "rq.SimpleWorker"), _fill_rq),
    Peer(
        "Celery -c 2",
        1_500,
        lambda path: ["celery", "-A", "bench.peer_celery", "worker", "-c", "2", "--loglevel", "ERROR"],
        _fill_celery,
        "redis+socket://{}",
    ),
    Peer(
        "Dramatiq 2 x 8",
        2_500,
        lambda path: ["dramatiq", "bench.peer_dramatiq", "--processes", "2", "--threads", "8"],
        _fill_dramatiq,
    ),
)


def run(peer: Peer, served: Provider, folder: Path) -> Pace:
    """One round, with a queue of its own."""
    phones = [f"+6140{number:07d}" for number in range(peer.messages)]
    with Embedded(folder) as queue, ExitStack() as held:
        path = str(folder / "valkey.sock")
        with Redis(unix_socket_path=path) as connection:
            connection.flushall()
        peer.fill(path, phones)
        served.forget()
        worker = held.enter_context(_worker(peer, path, served.url, folder))
        _wait(lambda: served.taken() > 0 or worker.poll() is not None, 60)
        before = machine.cpu_seconds(worker.pid) + machine.cpu_seconds(queue.pid)
        early = served.taken()
        _wait(lambda: served.taken() >= peer.messages or worker.poll() is not None, LONGEST)
        spent, taken = machine.cpu_seconds(worker.pid) + machine.cpu_seconds(queue.pid) - before, served.taken()
        if taken < 2 or worker.poll() is not None:
            log = (folder / "worker.log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"{peer.name} sent {taken} of {peer.messages}: {log}")
        cost = spent / max(1, taken - early)
        return Pace(peer.name, taken, round((taken - 1) / served.span(), 1), round(cost * 1e6, 1))


@contextmanager
def _worker(peer: Peer, path: str, url: str, folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    binary, *words = peer.command(path)
    variables = os.environ | {PROVIDER: url, BROKER: peer.broker.format(path)}
    command = tied.command(str(Path(sys.executable).with_name(binary)), *words)
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def limit(served: Provider, seconds: float = 3.0) -> Pace:
    """One process that repeats one request over reused handles and keeps no promise at all."""
    found = sending.measure(LIMIT, served, seconds, 256)
    return Pace(LIMIT, found["taken"], found["per_second"], found["cpu_us_per_message"])


def median(rounds: list[Pace]) -> Pace:
    """Of several rounds of one peer."""
    pace, cost = (
        statistics.median(values) for values in zip(*((each.per_second, each.cpu_us) for each in rounds), strict=True)
    )
    return replace(rounds[0], per_second=pace, cpu_us=cost)


def measure(rounds: int = 3, say: Callable[[str], None] = print) -> list[Pace]:
    """Every peer and then libcurl alone, each `rounds` times; the last row is the limit."""
    with provider() as served, tempfile.TemporaryDirectory(prefix="bc-peer-") as folder:
        found = []
        for each in PEERS:
            found.append(median([run(each, served, Path(folder)) for _ in range(rounds)]))
            say(f"  {line(found[-1])}")
        found.append(median([limit(served) for _ in range(rounds)]))
        say(f"  {line(found[-1])}")
        return found


def line(pace: Pace) -> str:
    """A peer in one line."""
    return f"{pace.name:<36}{pace.per_second:>10,.1f}/s{pace.cpu_us:>12,.0f} us CPU per text ({pace.messages:,} texts)"


def main() -> None:
    """The peers alone; `make bench` holds our own rate against them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", default="", help="a file for the figures, or - for the screen")
    given = parser.parse_args()
    print(machine.words())
    found: list[dict[str, Any]] = [asdict(each) for each in measure(given.rounds)]
    if given.json == "-":
        print(json.dumps(found, indent=1))
    elif given.json:
        Path(given.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
