"""What supervisor is told: which programs make up an installation on one machine, and to start again what dies."""

import configparser
import io
import shlex
import sys
import xmlrpc.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from broadcaster.processes import tied, valkey
from broadcaster.processes.part import socket_path
from broadcaster.providers import missing
from broadcaster.settings import Settings
from channels import CHANNELS

SOCKET = "supervisor.sock"
CONFIG = "supervisord.conf"


def programs(settings: Settings, bind: str, urgent: int, bulk: int) -> dict[str, dict[str, str]]:
    """Program → its options, in the order in which they start."""
    found: dict[str, dict[str, str]] = {}
    if not settings.redis_url.get_secret_value():
        found["valkey"] = _program(valkey.command(settings.var_dir), patience=10)
    nowhere = settings.model_copy(update={"var_dir": settings.var_dir / "no-sandbox"})
    if any(missing(name, nowhere, live=False) for name in CHANNELS):
        found["sandbox"] = _program(_own("sandbox", "--exercises"), patience=10)
    callbacks = f"unix:{socket_path(settings.var_dir, 'webhooks.sock')}"
    found["web"] = _program(_own("web", "--bind", bind), patience=15)
    found["webhooks"] = _program(_own("web", "--only", "webhooks", "--bind", callbacks), patience=15)
    found["sweep"] = _program(_own("sweep"), patience=20)
    # The longest job is Timing.job (20 s) and a provider call's time limit (10 s).
    found["urgent"] = _program(_own("worker", "--lane", "urgent"), patience=35, number=urgent)
    found["bulk"] = _program(_own("worker", "--lane", "bulk"), patience=35, number=bulk)
    return {name: options for name, options in found.items() if options["numprocs"] != "0"}


def _own(*words: str) -> list[str]:
    return [sys.executable, "-m", "broadcaster", *words]


def _program(words: list[str], patience: int, number: int = 1) -> dict[str, str]:
    return {
        "command": _command(words),
        "numprocs": str(number),
        "process_name": "%(program_name)s-%(process_num)d" if number > 1 else "%(program_name)s",
        "autorestart": "true",
        "startsecs": "1",
        # It waits one second longer each time, and never gives up.
        "startretries": "1000000",
        "stopwaitsecs": str(patience),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "5",
    }


def _command(words: list[str]) -> str:
    """Tied to the supervisor, which is itself tied and puts its own process id in."""
    whole = _plain(shlex.join(tied.command(*words, parent="PARENT")))
    return whole.replace(" PARENT ", f" %(ENV_{tied.OWN_ID})s ", 1)


def write(var_dir: Path, wanted: Mapping[str, Mapping[str, str]]) -> Path:
    """Write supervisor's configuration into `var_dir`, readable for its owner alone; each process logs into log/."""
    logs = var_dir / "log"
    logs.mkdir(exist_ok=True, mode=0o700)
    server = f"unix://{socket_path(var_dir, SOCKET)}"
    config = configparser.RawConfigParser()
    config["unix_http_server"] = {"file": _plain(server.removeprefix("unix://")), "chmod": "0700"}
    config["supervisord"] = {
        "nodaemon": "true",
        "silent": "true",
        "logfile": _plain(str(logs / "supervisord.log")),
        "pidfile": _plain(str(var_dir / "supervisord.pid")),
        "childlogdir": _plain(str(logs)),
    }
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    config["supervisorctl"] = {"serverurl": _plain(server)}
    for order, (name, options) in enumerate(wanted.items()):
        log = f"{_plain(str(logs))}/{options['process_name']}.log"
        config[f"program:{name}"] = {**options, "priority": str(order), "stdout_logfile": log}
    # What is in one group ends at the same time; the queue's server and the exercise providers last.
    ground = [name for name in ("valkey", "sandbox") if name in wanted]
    if ground:
        config["group:ground"] = {"programs": ",".join(ground), "priority": "1"}
    parts = ",".join(name for name in wanted if name not in ground)
    config["group:broadcaster"] = {"programs": parts, "priority": "2"}
    text = io.StringIO()
    config.write(text)
    path = var_dir / CONFIG
    path.touch(mode=0o600)
    path.write_text(text.getvalue())
    return path


def _plain(value: str) -> str:
    """`value` where supervisor would take % for the start of a name."""
    return value.replace("%", "%%")


def states(var_dir: Path) -> dict[str, str]:
    """Process → what supervisor says of it (RUNNING, BACKOFF …); empty when it does not answer."""
    transport: Any = SupervisorTransport(None, None, f"unix://{socket_path(var_dir, SOCKET)}")
    try:
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            found: Any = server.supervisor.getAllProcessInfo()
    except (OSError, xmlrpc.client.Error):
        return {}
    return {each["name"]: each["statename"] for each in found}
