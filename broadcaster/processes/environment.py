"""Settings that a process was not started with but its children must have: the way back from Settings to variables."""

from collections.abc import Mapping

from pydantic import BaseModel, SecretStr

from broadcaster.settings import PREFIX, Settings

#: Variable → value, or None: not set.
Changes = dict[str, str | None]


def changes(given: Settings, wanted: Settings) -> Changes:
    """What must change in an environment that says `given` so that it says `wanted`; load() of the result is `wanted`.

    A variable that stays is not named, so a secret that came from a file stays in that file.
    """
    found: Changes = {}
    for name in Settings.model_fields:
        if name in ("live", "exercise"):
            prefix = PREFIX if name == "live" else f"{PREFIX}EXERCISE_"
            found |= _differences(prefix, getattr(given, name), getattr(wanted, name), type(wanted.live).model_fields)
        else:
            found |= _differences(PREFIX, given, wanted, [name])
    return found


def _differences(prefix: str, given: BaseModel, wanted: BaseModel, names: Mapping[str, object] | list[str]) -> Changes:
    found: Changes = {}
    for name in names:
        old, new = getattr(given, name), getattr(wanted, name)
        if old != new:
            variable = prefix + name.upper()
            found[f"{variable}_FILE"] = None
            text = new.get_secret_value() if isinstance(new, SecretStr) else "" if new is None else str(new)
            found[variable] = text or None
    return found
