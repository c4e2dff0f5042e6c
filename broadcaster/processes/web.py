"""The web processes: gunicorn with threads, for the console and API, or for the providers' callbacks alone."""

import os
from importlib import import_module
from typing import Any, Literal

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from broadcaster.processes import logs, part
from broadcaster.runtime import build
from broadcaster.services import at_hand, migrating
from broadcaster.settings import Settings

#: A process holds this many requests at once; a page takes some 10 ms, a poll of progress less.
THREADS = 8
#: A thread that answers nothing for so long has its process replaced, in seconds.
TIMEOUT = 30


class JsonLogs(Logger):  # type: ignore[misc]
    """gunicorn's own words go where all others go."""

    def setup(self, cfg: Any) -> None:
        """Leave handlers and format to processes/logs."""
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, told everything here: it reads no file, no command line and no environment of its own."""

    def __init__(self, settings: Settings, bind: str, only: Literal["webhooks"] | None) -> None:
        self._settings, self._bind, self._only = settings, bind, only
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self._bind,
            "workers": _processes(self._only),
            "threads": THREADS,
            "worker_class": "gthread",
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112, S108 - heartbeats, no data
            "timeout": TIMEOUT,
            "graceful_timeout": 10,
            "keepalive": 5,
            "logger_class": JsonLogs,
            "control_socket_disable": True,
            "proc_name": "broadcaster-webhooks" if self._only else "broadcaster-web",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application, made in each worker after its fork: connections are never shared."""
        from broadcaster.web.app import create_app

        runtime = build(self._settings)
        if self._only is None:
            at_hand.keep(runtime)
        return create_app(runtime, self._only)


def _processes(only: Literal["webhooks"] | None) -> int:
    """How many serve. One accepts over 1,000 callbacks/s on a core of its own (docs/decisions/066), and never more than half of the

    cores accept callbacks, so that a flood of them leaves room for the stop button and for sending.
    """
    cores = os.cpu_count() or 1
    return min(4, cores) if only is None else max(1, min(4, cores // 2))


def serve(settings: Settings, bind: str, only: Literal["webhooks"] | None = None) -> None:
    """Serve on `bind` (HOST:PORT or unix:PATH) until SIGTERM. NotReady says what must be set up first."""
    part.must_have_secret(settings)
    logs.configure(only or "web")
    with part.running(part.folder(settings)):
        runtime = build(settings)
        migrating.must_be_current(runtime.db)
        runtime.close()
        # Code only, and before the fork: workers then share it instead of loading it one by one.
        import_module("broadcaster.web.app")
        Server(settings, bind, only).run()
