"""What every process writes to stderr: one JSON object per line, the same for our own words and those of libraries."""

import logging
import re
import sys
import time

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

WARNING = logging.WARNING
#: E.164: no number of a resident ends in a log, not even inside a library's error message.
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
#: How often a library may repeat that the queue is down, in seconds.
_SAY_AGAIN = 60.0


def configure(part: str, level: int = logging.INFO) -> None:
    """Send everything that is logged in this process to stderr; `part` (web, worker …) is named in each line."""

    def name_part(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("part", part)
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_part,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(ensure_ascii=True),
                _without_phones,
            ],
        )
    )
    handler.addFilter(_Patience())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _without_phones(_: WrappedLogger, __: str, line: str | EventDict) -> str:
    return _PHONE.sub("+[number]", str(line))


class _Patience(logging.Filter):
    """rq says every two seconds that it cannot reach the queue; once a minute is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "rq.worker" or "could not connect" not in str(record.msg):
            return True
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _SAY_AGAIN
        return True
