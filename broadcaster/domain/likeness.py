"""When two drafts say the same in different ways: a form, a file and the store each write values as suits them."""

from collections.abc import Mapping, Sequence
from typing import Any

#: Ways of saying nothing. A flag that says no is not among them: it says something.
_NOTHING: Sequence[Any] = (None, "", [], (), {})


def alike(one: Any, other: Any) -> bool:
    """True when two values say the same: a form writes {"nb": "Moen"} or "7" where a file has "Moen" or 7, and nothing for empty."""
    if one in _NOTHING or other in _NOTHING:
        return one in _NOTHING and other in _NOTHING
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(alike(one.get(name), other.get(name)) for name in {**one, **other})
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(alike(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        words, text = (one, other) if isinstance(one, Mapping) else (other, one)
        return all(alike(each, text) for each in words.values())
    return _plainly(one) == _plainly(other)


def _plainly(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value).strip()
