"""The only place that asks what time it is; everything else is told."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds since the machine started, time asleep included: it neither jumps nor stops while a process is paused."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
