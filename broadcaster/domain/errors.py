"""The error tree of the whole service; the type says what the caller can do about it.

::

    BroadcasterError
    ├── Invalid        what was given cannot be used: every problem with its place and its cure
    ├── NotAllowed     this person or key may not do this
    ├── NotFound       no such thing, or not for this person
    ├── WrongState     it is too late or too early for this
    ├── Conflict       somebody else changed it first, or the same key was used for something else
    └── NotReady       something must be set up first (a channel, an approver, a clock that agrees)
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One complaint: `place` (a field path, or file:line:column), what is wrong, and the cure."""

    place: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {sentence(self.message)} {self.cure}" if self.cure else f"{self.place}: {self.message}"


def sentence(words: str) -> str:
    """With a full stop, where it has no other end, so that something can follow."""
    return words if words.endswith((".", "?", "!", ":")) else f"{words}."


class BroadcasterError(Exception):
    """Root of everything this service raises on purpose; str() is one line for a person."""


class Invalid(BroadcasterError):
    """Input that cannot be used. `problems` lists all of them, not the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class NotAllowed(BroadcasterError):
    """This person or key may not do this."""


class NotFound(BroadcasterError):
    """There is no such thing, or not for this person."""


class WrongState(BroadcasterError):
    """The thing is not in a state in which this can happen."""


class Conflict(BroadcasterError):
    """Somebody else got there first."""


class NotReady(BroadcasterError):
    """Something must be set up before this can work."""
