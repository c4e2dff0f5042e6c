"""What a follow-up takes over from the alert that it follows."""

from dataclasses import replace

from broadcaster.domain.alert import Draft, MsgType
from broadcaster.domain.field import FieldType
from broadcaster.domain.kind import AlertKind
from broadcaster.runtime import Runtime


def after(old: Draft, parent_id: str, **changes: object) -> Draft:
    """A draft that refers to `parent_id`, with times still to be given."""
    fresh = replace(
        old,
        msg_type=MsgType.UPDATE,
        references=(parent_id,),
        onset=None,
        expires=None,
        next_update=None,
        resources=(),
        short=False,
        correction={},
    )
    return replace(fresh, **changes)  # type: ignore[arg-type]


def shared(rt: Runtime, kind: AlertKind, old: Draft) -> dict[str, object]:
    """Fields that the follow-up's kind has in common with the parent's, of the same type, and no times: those have moved on."""
    theirs = rt.kinds[old.kind].fields
    return {
        name: value
        for name, value in old.fields.items()
        if name in kind.fields
        and name in theirs
        and kind.fields[name].type is theirs[name].type
        and kind.fields[name].type not in (FieldType.TIME, FieldType.ACTIONS, FieldType.RECORD)
    }
