"""An import of residents beside the requests: a thread does it, a small file tells every process how far it has come.

First it only compares; a person who has seen the report then lets it be applied. The uploaded file is gone afterwards.
"""

import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import structlog

from broadcaster.domain.errors import BroadcasterError, Invalid, NotFound
from broadcaster.domain.rules import Actor
from broadcaster.runtime import Runtime
from broadcaster.services.residents import Mode, Report, import_residents

#: A run that has said nothing for so long died with its process.
SILENCE = timedelta(seconds=60)
#: Files of people's phones do not lie about: whatever is older is removed by the next import.
KEPT = timedelta(hours=1)
#: Seconds between two notes of how far it has come.
_PACE = 0.4
_TOKEN = re.compile(r"[0-9a-f]{32}")
log = structlog.get_logger("imports")


@dataclass(frozen=True, slots=True)
class Run:
    """One import as a page shows it. `state`: running, compared, applied, failed. `problems` are lines for a person."""

    token: str
    mode: Mode
    name: str
    state: str
    done: int
    total: int
    counts: dict[str, int]
    refused: list[tuple[int, str]]
    remarks: list[tuple[int, str]]
    problems: list[str]
    at: str

    def silent(self, now: datetime) -> bool:
        """True when a run that should be going on has died."""
        return self.state == "running" and now - datetime.fromisoformat(self.at) > SILENCE


def begin(rt: Runtime, stream: IO[bytes], name: str, mode: Mode, actor: Actor, clock: Callable[[], datetime]) -> str:
    """Keep the file and begin to compare it; returns the token of its page."""
    folder = _folder(rt)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _tidy(folder, clock())
    token = secrets.token_hex(16)
    with _private(folder / f"{token}.csv") as file:
        while piece := stream.read(1 << 16):
            file.write(piece)
    run = Run(token, mode, Path(name).name[:80] or "-", "running", 0, 0, {}, [], [], [], clock().isoformat())
    _write(folder, run)
    _start(rt, run, actor, clock, apply=False)
    return token


def apply(rt: Runtime, token: str, actor: Actor, clock: Callable[[], datetime]) -> None:
    """Do what was compared. NotFound when the file is gone, or it was applied before."""
    run = look(rt, token)
    if run.state != "compared" or not (_folder(rt) / f"{token}.csv").is_file():
        raise NotFound("there is nothing to apply")
    again = replace(run, state="running", done=0, total=0, at=clock().isoformat())
    _write(_folder(rt), again)
    _start(rt, again, actor, clock, apply=True)


def look(rt: Runtime, token: str) -> Run:
    """How far it has come; NotFound."""
    if not _TOKEN.fullmatch(token):
        raise NotFound("there is no such import")
    try:
        found = json.loads((_folder(rt) / f"{token}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NotFound("there is no such import") from None
    return Run(**found)


def _start(rt: Runtime, run: Run, actor: Actor, clock: Callable[[], datetime], apply: bool) -> None:
    thread = threading.Thread(target=_work, args=(rt, run, actor, clock, apply), name=f"import-{run.token[:6]}")
    thread.start()


def _work(rt: Runtime, run: Run, actor: Actor, clock: Callable[[], datetime], apply: bool) -> None:
    folder = _folder(rt)
    path, spoken = folder / f"{run.token}.csv", 0.0

    def progress(done: int, total: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken > _PACE:
            spoken = time.monotonic()
            _write(folder, replace(run, done=done, total=total, at=clock().isoformat()))

    try:
        with path.open("rb") as stream:
            report = import_residents(
                rt.db,
                rt.profile,
                stream,
                run.mode,
                actor=actor,
                now=clock(),
                progress=progress,
                confirm=lambda _: apply,
            )
        run = _reported(run, report, "applied" if apply else "compared")
    except BroadcasterError as error:
        problems = [str(each) for each in error.problems] if isinstance(error, Invalid) else [str(error)]
        run = replace(run, state="failed", problems=[each.replace(path.name, run.name) for each in problems])
    except Exception as error:  # noqa: BLE001 - the page must not say "running" for ever; the log has the kind of error
        log.error("import failed", error=type(error).__name__)
        run = replace(
            run, state="failed", problems=["something went wrong on our side; the former residents are in force"]
        )
    # Before anybody reads that it is over.
    if run.state != "compared":
        path.unlink(missing_ok=True)
    _write(folder, replace(run, at=clock().isoformat()))


def _reported(run: Run, report: Report, state: str) -> Run:
    listed: dict[str, Any] = {
        name: [(each.line, each.reason) for each in getattr(report, name)] for name in ("refused", "remarks")
    }
    return replace(run, state=state, counts=report.counts(), **listed)


def _folder(rt: Runtime) -> Path:
    return rt.settings.var_dir / "imports"


def _write(folder: Path, run: Run) -> None:
    path = folder / f"{run.token}.{threading.get_ident()}.part"
    with _private(path) as file:
        file.write(json.dumps(asdict(run)).encode())
    path.replace(folder / f"{run.token}.json")


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def _tidy(folder: Path, now: datetime) -> None:
    for path in folder.iterdir():
        try:
            age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if age > KEPT:
                path.unlink()
        except FileNotFoundError:
            continue
