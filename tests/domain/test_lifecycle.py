"""The tables of states: each state can be reached and left, each event leads to one place, and the diagram in the docs is theirs."""

from enum import StrEnum
from pathlib import Path

import pytest

from broadcaster.domain import lifecycle
from broadcaster.domain.errors import WrongState
from broadcaster.domain.lifecycle import ALERT, BATCH, DELIVERY, FINAL_DELIVERY, AlertState, DeliveryState, Machine

ROOT = Path(__file__).resolve().parents[2]
#: States that nothing leads out of, on purpose.
ENDS: dict[str, set[str]] = {
    "alert": {"discarded", "rejected", "withdrawn", "superseded", "cancelled", "expired"},
    "batch": set(),
    "delivery": {"delivered", "suppressed"},
}
MACHINES: dict[str, tuple[Machine[StrEnum], type[StrEnum]]] = {
    "alert": (ALERT, AlertState),  # type: ignore[dict-item]
    "batch": (BATCH, lifecycle.BatchState),  # type: ignore[dict-item]
    "delivery": (DELIVERY, DeliveryState),  # type: ignore[dict-item]
}


def diagram(machine: Machine[StrEnum]) -> str:
    """The table as a Mermaid diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in sorted(machine.initial)]
    lines += [f"    {source} --> {to}: {event}" for source, event, to in machine.transitions]
    lines += [f"    {state} --> [*]" for state in sorted(ENDS[machine.name])]
    return "\n".join(lines)


@pytest.mark.parametrize("name", list(MACHINES))
def test_every_state_can_be_reached(name: str) -> None:
    machine, states = MACHINES[name]
    reached = set(machine.initial)
    while more := {to for source, _, to in machine.transitions if source in reached} - reached:
        reached |= more
    # A batch is held by a restore, which may find it in any state.
    assert reached == set(states)


@pytest.mark.parametrize("name", list(MACHINES))
def test_every_state_can_be_left_unless_it_is_an_end(name: str) -> None:
    machine, states = MACHINES[name]
    left = {str(source) for source, _, _ in machine.transitions}
    assert {str(state) for state in states} - left == ENDS[name]


@pytest.mark.parametrize("name", list(MACHINES))
def test_every_event_leads_to_one_state(name: str) -> None:
    machine, _ = MACHINES[name]
    for event in {event for _, event, _ in machine.transitions}:
        assert {machine.advance(source, event) for source in machine.sources(event)} == {machine.target(event)}


@pytest.mark.parametrize("name", list(MACHINES))
def test_the_diagram_in_the_docs_is_the_table(name: str) -> None:
    machine, _ = MACHINES[name]
    assert diagram(machine) in (ROOT / "docs" / "states.md").read_text(encoding="utf-8")


def test_a_wrong_event_says_what_could_happen_instead() -> None:
    with pytest.raises(WrongState, match=r"is rejected, so it cannot approve; that is final"):
        ALERT.advance(AlertState.REJECTED, "approve")
    with pytest.raises(WrongState, match=r"it can: discard, edit, submit"):
        ALERT.advance(AlertState.DRAFT, "approve")
    with pytest.raises(KeyError):
        ALERT.sources("dance")


def test_a_final_delivery_moves_only_by_later_word_or_by_hand() -> None:
    events = {event for source, event, _ in DELIVERY.transitions if source in FINAL_DELIVERY}
    assert events == {"deliver", "fail", "retry"}
