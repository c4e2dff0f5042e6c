"""When people sleep: a text that comes then is read in the morning."""

from datetime import datetime

#: Local hours from and until which most people sleep with their phones silent; the national alert makes a sound of its own.
FROM_HOUR, UNTIL_HOUR = 21, 7


def asleep(local: datetime) -> bool:
    """True between 21:00 and 07:00 of an aware local time: a text will not wake people."""
    return local.hour >= FROM_HOUR or local.hour < UNTIL_HOUR
