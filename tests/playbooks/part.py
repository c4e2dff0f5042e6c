"""Starts one run in a real process (tests/engine/parts.py) that kills itself at one exact place.

The process sends itself SIGKILL, so nothing is tidied up, as when the power goes.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from broadcaster.runtime import build
from broadcaster.services import approval, drafting, playbook_runs
from broadcaster.settings import load
from broadcaster.store import documents
from broadcaster.store import playbooks as store
from tests.engine.city import QUICK
from tests.engine.part import nth
from tests.playbooks.shelf import HIGH, LEASE, run

#: Window → what makes the process die there.
WINDOWS: dict[str, Callable[[], None]] = {
    "after the run was kept": lambda: nth(1, playbook_runs, "advance", before=True),
    "after the lease": lambda: nth(1, store, "renew", before=True),
    "after the draft was written": lambda: nth(1, drafting, "create", before=False),
    "after the step has its draft": lambda: nth(1, drafting, "submit", before=True),
    "after it was submitted": lambda: nth(1, drafting, "submit", before=False),
    "before its start commits": lambda: nth(1, approval, "start_by_standing_authority", before=False),
    "after its start, before the ring": lambda: nth(1, approval, "go", before=True),
    "between two steps": lambda: nth(2, store, "renew", before=True),
    "before the end": lambda: nth(1, store, "release", before=True),
}


def begin_a_run(window: str, folder: str) -> None:
    """Trigger the playbook in `folder` as a gauge would, and die in `window`."""
    WINDOWS[window]()
    rt = build(load(), replace(QUICK, lease=LEASE))
    rt.folder = Path(folder)
    rt.kinds = documents.load_kinds(rt.folder / "templates" / "alerts")
    run(rt, HIGH, idempotency_key="gauge-1")
