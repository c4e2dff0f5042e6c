"""What an API key may touch, beyond the role whose reach it has."""

from broadcaster.domain.errors import NotAllowed
from broadcaster.domain.rules import Actor

#: A key that has this scope works on exercises and tests only; what is live does not exist for it.
EXERCISE = "exercise"


def must_have(actor: Actor, *scopes: str) -> None:
    """NotAllowed unless the key has one of `scopes`."""
    if not actor.scopes & set(scopes):
        raise NotAllowed(f"the key {actor.name} may not do this: that needs the scope {' or '.join(scopes)}")


def sees(actor: Actor, live: bool) -> bool:
    """False for what is live, when the key is for exercises only."""
    return not (live and EXERCISE in actor.scopes)


def must_touch(actor: Actor, live: bool) -> None:
    """NotAllowed when a key for exercises would do something live (SECURITY R3)."""
    if not sees(actor, live):
        raise NotAllowed(f"the key {actor.name} is for exercises only; it cannot do anything live")
