"""How fast one process hands texts to a provider: the SDK, our bulk path, and libcurl alone as the limit, against one provider.

`python -m bench.sending [--seconds 6] [--json FILE]` prints a table and, with `--json -` or a file, the same as JSON.
Loopback flatters everybody and the machine may be busy: read the ratios, and the processor time per message.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pycurl

from bench.provider import Manner, Provider, provider
from channels.base import Outcome, Parcel
from channels.senders import parse_senders
from channels.sms import Sms, TwilioOptions

TEXT = "Flood in Rocklea. Leave now by Ipswich Road, the bridge closes at 6 pm. Go to QEII, Mains Road. https://bcc.example/a/7f3k2x9q"
ACCOUNT = TwilioOptions("AC" + "0" * 32, "a-token", senders=parse_senders("+15005550006"))


def parcels() -> Iterator[Parcel]:
    """New phones without end."""
    for number in count():
        url = f"https://alerts.bcc.example/webhooks/twilio/status?d={number:032x}"
        yield Parcel(str(number), f"+614{number:08d}", TEXT, callback_url=url, valid_for=3600)


def by_sdk(url: str, window: int) -> Generator[bool]:
    """One by one through the SDK, as single sends go."""
    channel = _channel(url, window)
    try:
        for parcel in parcels():
            yield _taken(next(channel.send([parcel])))
    finally:
        channel.close()


def in_bulk(url: str, window: int) -> Generator[bool]:
    """Many at once, as a batch goes."""
    channel = _channel(url, window)
    try:
        yield from map(_taken, channel.send(parcels()))
    finally:
        channel.close()


def _channel(url: str, window: int) -> Sms:
    return Sms(
        TwilioOptions(ACCOUNT.account_sid, ACCOUNT.auth_token, senders=ACCOUNT.senders, api_url=url, window=window)
    )


def _taken(outcome: Outcome) -> bool:
    return outcome.error is None


def libcurl_alone(url: str, window: int) -> Generator[bool]:
    """The limit: one request that never changes, its answer thrown away, on reused handles. No promise is kept."""
    multi = pycurl.CurlMulti()
    idle: list[pycurl.Curl] = []
    body = f"To=%2B61400000000&From=%2B15005550006&Body={TEXT.replace(' ', '+')}"
    for _ in range(window):
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, f"{url}/2010-04-01/Accounts/{ACCOUNT.account_sid}/Messages.json")
        handle.setopt(pycurl.POSTFIELDS, body)
        handle.setopt(pycurl.WRITEFUNCTION, len)
        handle.setopt(pycurl.TIMEOUT, 10)
        handle.setopt(pycurl.PROXY, "")
        idle.append(handle)
    while True:
        while idle:
            multi.add_handle(idle.pop())
        multi.perform()
        more = 1
        while more:
            more, done, failed = multi.info_read()
            for handle in [*done, *(each[0] for each in failed)]:
                multi.remove_handle(handle)
                idle.append(handle)
            yield from [True] * len(done) + [False] * len(failed)
        multi.select(1.0)


WAYS: dict[str, Callable[[str, int], Generator[bool]]] = {
    "twilio SDK, one by one": by_sdk,
    "bulk path": in_bulk,
    "libcurl alone": libcurl_alone,
}


def measure(name: str, served: Provider, seconds: float, window: int) -> dict[str, Any]:
    """Run one way for some seconds and cut what is in flight then; connecting counts too."""
    began, processor = time.monotonic(), time.process_time()
    taken = failed = 0
    running = WAYS[name](served.url, window)
    for good in running:
        taken, failed = taken + good, failed + (not good)
        if time.monotonic() - began > seconds:
            break
    elapsed, spent = time.monotonic() - began, time.process_time() - processor
    running.close()
    return {
        "way": name,
        "window": 1 if name.startswith("twilio") else window,
        "taken": taken,
        "failed": failed,
        "per_second": round(taken / elapsed),
        "cpu_us_per_message": round(spent / max(1, taken) * 1e6, 1),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def capacity(served: Provider, seconds: int = 3) -> int | None:
    """Requests a second that the provider answers by wrk's count; None when wrk is not installed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(f'wrk.method = "POST"\nwrk.body = "To=%2B61400000000&Body={TEXT.replace(" ", "+")}"\n')
        done = subprocess.run(
            [
                wrk,
                "-t1",
                "-c64",
                f"-d{seconds}",
                "-s",
                str(script),
                f"{served.url}/2010-04-01/Accounts/AC0/Messages.json",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("Requests/sec"))
    return round(float(line.split()[1]))


def run(seconds: float, rounds: int = 3) -> dict[str, Any]:
    """All ways in turn, `rounds` times, and the median of each; then the bulk path against a slow provider that also hangs."""
    each = seconds / rounds
    with provider() as quick:
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name in WAYS:
                found[name].append(measure(name, quick, each, 256))
        limit = capacity(quick)
    rows = [sorted(runs, key=lambda row: row["per_second"])[len(runs) // 2] for runs in found.values()]
    for row, runs in zip(rows, found.values(), strict=True):
        row["cpu_us_per_message"] = statistics.median(one["cpu_us_per_message"] for one in runs)
    with provider(manner=Manner(latency=0.2)) as slow:
        late = [measure("bulk path", slow, 4, window) for window in (256, 1024)]
    with provider(manner=Manner(latency=0.2, hang=100)) as hanging:
        late += [measure("bulk path", hanging, 12, window) for window in (1024,)]
    return {"provider_capacity": limit, "quick": rows, "answers_after_200_ms": late[:2], "and_1_percent_hang": late[2:]}


def table(report: dict[str, Any]) -> str:
    """The report as lines for people."""
    rows = report["quick"]
    best, sdk = rows[-1]["per_second"], rows[0]["per_second"]
    head = f"{'way':<24}{'window':>7}{'taken/s':>9}{'CPU us':>8}{'of libcurl':>12}{'x SDK':>8}{'RSS MB':>8}"
    lines = [head, "-" * len(head)]
    lines += [
        f"{row['way']:<24}{row['window']:>7}{row['per_second']:>9,}{row['cpu_us_per_message']:>8}"
        f"{row['per_second'] / best:>12.2f}{row['per_second'] / sdk:>8.1f}{row['peak_rss_mb']:>8}"
        for row in rows
    ]
    for title, key in (
        ("answers after 200 ms", "answers_after_200_ms"),
        ("and every 100th never", "and_1_percent_hang"),
    ):
        lines.append(f"\nProvider {title}:")
        lines += [
            f"{row['way']:<24}{row['window']:>7}{row['per_second']:>9,}{row['cpu_us_per_message']:>8}"
            f"   most possible {_possible(row['window'], 'hang' in key):,}/s"
            for row in report[key]
        ]
    capacity_ = report["provider_capacity"]
    lines.append(f"\nThe provider itself answers {capacity_:,}/s (wrk)." if capacity_ else "\nwrk is not installed.")
    return "\n".join(lines)


def _possible(window: int, hang: bool) -> int:
    """Little's law: requests in flight by the mean time that one is (a hanging one: 10 s, the time limit)."""
    return round(window / (0.2 * 0.99 + 10.0 * 0.01) * 0.99) if hang else round(window / 0.2)


def main() -> None:
    """Measure and print; under a minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each of the three ways")
    parser.add_argument("--json", default="", help="a file for the figures, or - for the screen")
    given = parser.parse_args()
    report = run(given.seconds)
    print(table(report))
    if given.json == "-":
        print(json.dumps(report, indent=1))
    elif given.json:
        Path(given.json).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
