"""From a step of a playbook and the values of its parameters to a draft, and from what is wrong with that back to who must mend it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Draft, Status
from broadcaster.domain.errors import Problem
from broadcaster.domain.playbook import Case, Given, Step, Value
from broadcaster.domain.profile import Profile
from broadcaster.store import documents


def draft_of(
    step: Step,
    values: Mapping[str, object],
    status: Status,
    incident: str,
    references: Sequence[str],
    profile: Profile,
    now: datetime,
) -> Draft:
    """The draft that a step stands for; its durations count from `now`. Invalid when the body is no alert."""
    document: dict[str, object] = {
        **step.document(values),
        "incident": incident,
        "kind": step.kind,
        "status": str(status),
        "msgType": str(step.form.msg_type),
        "references": list(references),
    }
    return documents.draft_from(document, ZoneInfo(profile.timezone), now)


def on_channels(draft: Draft, channels: Sequence[str], usual: Sequence[str]) -> tuple[Draft, tuple[str, ...]]:
    """The draft on those of its channels (`usual` when it names none) that are set up, and the others.

    A trigger in the night must not fail because one account is dead; the page is always there.
    """
    wanted = draft.channels or tuple(usual)
    there = tuple(each for each in wanted if each in channels)
    return replace(draft, channels=there), tuple(each for each in wanted if each not in channels)


def place_in_run(step: Step, problem: Problem) -> Problem:
    """The problem with the parameter that it comes from as its place, or else the step."""
    here: Value = dict(step.body)
    for part in path_of(problem.place).split("."):
        if isinstance(here, Given | Case):
            break
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list):
            here = here[int(part) - 1] if part.isdigit() and 0 < int(part) <= len(here) else None
        else:
            here = None
    if isinstance(here, Given | Case):
        return Problem(f"parameters.{here.name}", problem.message, problem.cure)
    return Problem(f"steps.{step.name}.{problem.place}", problem.message, problem.cure)


def path_of(place: str) -> str:
    """A problem's place as a path in a step's body: entries of lists count from 1 there."""
    path = place
    while "[" in path and "]" in path:
        before, _, rest = path.partition("[")
        number, _, after = rest.partition("]")
        path = f"{before}.{int(number) + 1 if number.isdigit() else number}{after}"
    return path
