"""The provider servers for exercises: where an exercise has no account of its own, its messages end here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broadcaster.processes import logs, part
from broadcaster.settings import Settings
from channels.sandbox import server

FILE = "sandbox.json"


def serve(settings: Settings) -> None:
    """Serve until SIGTERM; VAR_DIR/sandbox.json holds the addresses, provider → URL, while it does.

    Started again after a crash it takes the same ports, because other processes remember them.
    """
    logs.configure("sandbox")
    var_dir = part.folder(settings)
    path = var_dir / FILE

    def announce(urls: Mapping[str, str]) -> None:
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(dict(urls)))
        fresh.replace(path)

    options: dict[str, Any] = {
        "announce": announce,
        "inbound_url": f"{settings.public_url.rstrip('/')}/webhooks/twilio/inbound",
        "sinch_inbound_url": f"{settings.public_url.rstrip('/')}/webhooks/sinch/inbound",
        "status_url": settings.status_address,
    }
    with part.running(var_dir):
        try:
            server.run(**_ports(path), **options)
        except OSError:
            server.run(**options)
        path.unlink(missing_ok=True)


def _ports(path: Path) -> dict[str, Any]:
    """The ports of an earlier life, by the names of server.run's arguments; empty when there was none."""
    try:
        urls = json.loads(path.read_text())
        return {f"{name}_port": int(urlsplit(urls[name]).port or 0) for name in ("twilio", "x", "facebook", "sinch")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
