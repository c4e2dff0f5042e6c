"""What providers say became of deliveries, applied many at a time as a monotone rank: late, repeated and shuffled words are harmless."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from broadcaster.domain.lifecycle import DELIVERY, DeliveryState
from broadcaster.store.batches import milliseconds, revive
from broadcaster.store.moves import move
from broadcaster.store.schema import alerts, batches, db_now, deliveries
from channels.base import Progress, Receipt

#: When an accepted delivery without a further word is asked about, and when a second try may leave, in seconds.
ASK_AFTER, TRY_AFTER = 45.0, 30.0
BOTH_MODES = frozenset({True, False})

_FROM = {event: DELIVERY.sources(event) for event in ("accept", "deliver", "try_again", "fail")}
_COLUMNS = (
    *(deliveries.c.id, deliveries.c.alert_id, deliveries.c.batch_id, deliveries.c.state, deliveries.c.provider),
    *(deliveries.c.provider_id, deliveries.c.earlier_id, deliveries.c.second_tries, alerts.c.status),
)
_NUMBERS = deliveries.c.id.in_(bindparam("numbers", expanding=True))
_NAMES = deliveries.c.provider_id.in_(bindparam("names", expanding=True))
_ROWS = select(*_COLUMNS).join(alerts, alerts.c.id == deliveries.c.alert_id)


@dataclass(frozen=True, slots=True)
class Word:
    """One receipt and the delivery that it is about: `number`, which our token in it proved, else whose id the provider named.

    It may speak only about deliveries of these `modes` (True: live) and of this `carrier` (empty: of any).
    """

    receipt: Receipt
    number: int | None
    modes: frozenset[bool] = BOTH_MODES
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of some words.

    `moved` deliveries changed; in `ended` alerts some of them became final. `busy` words are about rows that somebody else is
    writing just now. `strange` words are about nothing of ours, or not theirs to say. `unchanged` rows (ids) were accepted before
    and are so still.
    """

    moved: int
    ended: frozenset[str]
    busy: tuple[Word, ...]
    strange: int
    unchanged: tuple[int, ...]


NOTHING = Applied(0, frozenset(), (), 0, ())


def apply(tx: Connection, words: Sequence[Word], ask_after: float = ASK_AFTER, wait: bool = True) -> Applied:
    """Apply receipts: of several about one delivery the one of the highest rank, with one statement for each kind of move.

    A receipt for a row still sending is the provider's word that it has it, so that even a lost answer is found (promise 8). An
    earlier message's receipt never speaks for a later try: once the row knows its provider id, others are ignored.
    Without `wait`, rows locked by others (PostgreSQL) come back as busy: who never waits is in nobody's deadlock.
    """
    if not words:
        return NOTHING
    if tx.dialect.name == "postgresql":
        _hold_batches(tx, words)
    about, busy, strange = _find(tx, words, wait)
    moves: dict[str, list[tuple[Row[Any], Receipt]]] = {event: [] for event in _FROM}
    for row, said in about:
        for event, receipt in _events(row, said):
            moves[event].append((row, receipt))
    _accept(tx, moves["accept"], ask_after)
    _deliver(tx, moves["deliver"])
    _try_again(tx, moves["try_again"])
    _fail(tx, moves["fail"])
    ended = frozenset(row.alert_id for event in ("deliver", "fail") for row, _ in moves[event])
    moved = {row.id for each in moves.values() for row, _ in each}
    unchanged = tuple(row.id for row, _ in about if row.state == DeliveryState.ACCEPTED and row.id not in moved)
    return Applied(len(moved), ended, busy, strange, unchanged)


def write_down(tx: Connection, delivery_id: int, receipt: Receipt) -> bool:
    """Apply one receipt of which we know whose it is; True when it moved the delivery."""
    return apply(tx, [Word(receipt, delivery_id)]).moved == 1


def _find(
    tx: Connection, words: Sequence[Word], wait: bool
) -> tuple[list[tuple[Row[Any], list[Receipt]]], tuple[Word, ...], int]:
    """The rows that are spoken about, each with the receipts that may speak about it; what is busy; and how many are neither."""
    query = _ROWS.where(_about(words)).with_for_update(of=deliveries, skip_locked=not wait)
    rows: Sequence[Any] = tx.execute(query, _asked(words)).all()
    by_number: dict[int, Any] = {row.id: row for row in rows}
    by_name = {row.provider_id: row for row in rows if row.provider_id}
    found: dict[int, list[Receipt]] = {}
    missing: list[Word] = []
    strange = 0
    for word in words:
        row = by_name.get(word.receipt.provider_id) if word.number is None else by_number.get(word.number)
        if row is None:
            missing.append(word)
        elif (row.status == "Actual") not in word.modes or (word.carrier and row.provider not in ("", word.carrier)):
            strange += 1
        else:
            found.setdefault(row.id, []).append(word.receipt)
    busy = () if wait or not missing else _busy(tx, missing)
    return [(by_number[number], said) for number, said in found.items()], busy, strange + len(missing) - len(busy)


def _asked(words: Sequence[Word]) -> dict[str, list[Any]]:
    numbers = list({word.number for word in words if word.number is not None})
    names = list({word.receipt.provider_id for word in words if word.number is None})
    return {key: values for key, values in (("numbers", numbers), ("names", names)) if values}


def _about(words: Sequence[Word]) -> ColumnElement[bool]:
    """The condition for `_asked`: an empty list in it would keep PostgreSQL from using the indexes."""
    asked = _asked(words)
    return or_(*(condition for key, condition in (("numbers", _NUMBERS), ("names", _NAMES)) if key in asked))


def _busy(tx: Connection, missing: Sequence[Word]) -> tuple[Word, ...]:
    """Of words without a free row, those whose row is there."""
    there = tx.execute(select(deliveries.c.id, deliveries.c.provider_id).where(_about(missing)), _asked(missing))
    known = {each for row in there for each in row}
    return tuple(w for w in missing if (w.receipt.provider_id if w.number is None else w.number) in known)


def _hold_batches(tx: Connection, words: Sequence[Word]) -> None:
    """A second try makes a batch sendable again: its row is locked before its deliveries, in the order in which workers lock."""
    passing = [word for word in words if word.receipt.transient]
    if passing:
        mine = select(deliveries.c.batch_id).where(_about(passing))
        query = select(batches.c.id).where(batches.c.id.in_(mine)).order_by(batches.c.id).with_for_update()
        tx.execute(query, _asked(passing)).all()


def _events(row: Row[Any], said: Sequence[Receipt]) -> Iterator[tuple[str, Receipt]]:
    """What these receipts do to this row, as events of the lifecycle."""
    mine = [
        receipt
        for receipt in said
        if row.provider_id in (None, receipt.provider_id) and row.earlier_id != receipt.provider_id
    ]
    if not mine:
        return
    top, state = max(mine, key=lambda receipt: receipt.progress.rank), DeliveryState(row.state)
    if top.progress is Progress.DELIVERED:
        events = ["deliver"]
    elif top.progress is not Progress.FAILED:
        events = ["accept"]
    elif top.transient and not row.second_tries and state in _FROM["try_again"]:
        events = ["try_again"]
    elif top.transient and not row.second_tries and any(_came_before(receipt, top) for receipt in mine):
        # As if they had been applied one by one.
        events = ["accept", "try_again"]
    else:
        events = ["fail"]
    if state in _FROM[events[0]]:
        yield from ((event, top) for event in events)


def _came_before(receipt: Receipt, failure: Receipt) -> bool:
    return receipt.provider_id == failure.provider_id and receipt.progress.rank < failure.progress.rank


# -- one statement for each kind of move. Every one is a compare-and-set on the states that the lifecycle names.

_THIS = deliveries.c.id == bindparam("number", type_=BigInteger)
_THEIR_ID = bindparam("their_id", type_=String)
_WORDS = {"reason": bindparam("said", type_=String), "code": bindparam("their_code", type_=String)}
# A delivery's last word may be the first that we hear of it.
_ARRIVED: dict[str, Any] = {
    "accepted_at": func.coalesce(deliveries.c.accepted_at, db_now()),
    "final_at": db_now(),
    "reason": "",
    "code": "",
}


def _update(event: str, *where: Any, **values: Any) -> Any:
    may, state = move(event)
    return update(deliveries).where(may, *where).values(state=state, **values)


_ACCEPT = _update(
    "accept",
    _THIS,
    provider_id=_THEIR_ID,
    accepted_at=db_now(),
    not_before=db_now() + bindparam("wait", type_=BigInteger),
)
_DELIVER_KNOWN = _update("deliver", _NUMBERS, **_ARRIVED)
_DELIVER = _update("deliver", _THIS, provider_id=_THEIR_ID, **_ARRIVED)
_TRY_AGAIN = _update(
    "try_again",
    and_(_THIS, deliveries.c.second_tries == 0, deliveries.c.provider_id == _THEIR_ID),
    provider_id=None,
    earlier_id=_THEIR_ID,
    second_tries=1,
    not_before=db_now() + bindparam("wait", type_=Integer),
    **_WORDS,
)
_FAIL = _update("fail", _THIS, provider_id=_THEIR_ID, final_at=db_now(), **_WORDS)


def _accept(tx: Connection, moves: Sequence[tuple[Row[Any], Receipt]], ask_after: float) -> None:
    if moves:
        wait = milliseconds(ask_after)
        tx.execute(_ACCEPT, [{"number": row.id, "their_id": said.provider_id, "wait": wait} for row, said in moves])


def _deliver(tx: Connection, moves: Sequence[tuple[Row[Any], Receipt]]) -> None:
    known = [row.id for row, _ in moves if row.provider_id]
    if known:
        tx.execute(_DELIVER_KNOWN, {"numbers": known})
    new = [{"number": row.id, "their_id": said.provider_id} for row, said in moves if not row.provider_id]
    if new:
        tx.execute(_DELIVER, new)


def _try_again(tx: Connection, moves: Sequence[tuple[Row[Any], Receipt]]) -> None:
    """A passing failure gets one second try, as a new message."""
    if moves:
        wait = milliseconds(TRY_AFTER)
        tx.execute(_TRY_AGAIN, [_told(row, said) | {"wait": wait} for row, said in moves])
        revive(tx, {row.batch_id for row, _ in moves})


def _fail(tx: Connection, moves: Sequence[tuple[Row[Any], Receipt]]) -> None:
    if moves:
        tx.execute(_FAIL, [_told(row, said) for row, said in moves])


def _told(row: Row[Any], said: Receipt) -> dict[str, Any]:
    reason = (said.reason or "the provider gave no reason")[:200]
    return {"number": row.id, "their_id": said.provider_id, "said": reason, "their_code": said.code[:32]}
