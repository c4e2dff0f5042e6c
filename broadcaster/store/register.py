"""The register of one generation as columns in a file, read a block at a time: a million phones are counted in a moment, in no memory.

A generation never changes once it is in force, so what was read of it stays right; only who said stop is asked each time.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary, finalize

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Connection, Engine, select

from broadcaster.store import register_files
from broadcaster.store.areas import NO_ZONE, Area
from broadcaster.store.generations import visible
from broadcaster.store.schema import opt_outs, phones

Flags = NDArray[np.bool_]
#: Phones that are named one by one in a query.
_FEW = 1_000


@dataclass(frozen=True)
class Block:
    """Some phones in order of their ids, and their memberships, each with the index of its phone among them.

    `household` is a number for each name, and for each phone without one. Members without a point have NaN for it; they stand in
    order of phone and zone. `zones` is code → number.
    """

    zones: Mapping[str, int]
    ids: NDArray[np.int64]
    household: NDArray[np.int32]
    language: NDArray[np.int16]
    exercise: Flags
    member: NDArray[np.int32]
    zone: NDArray[np.int16]
    by_point: Flags
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]

    @cached_property
    def placed(self) -> Flags:
        """Phones that have a point or a zone."""
        return self.phones_of(np.ones(len(self.member), dtype=np.bool_))

    def who(self, exercise: bool) -> Flags:
        """Phones that count: everybody, or those that take part in exercises."""
        return self.exercise if exercise else np.ones_like(self.exercise)

    def phones_of(self, members: Flags) -> Flags:
        """The phones that have one of these memberships."""
        found = np.zeros(len(self.ids), dtype=np.bool_)
        found[self.member[members]] = True
        return found

    def among(self, ids: NDArray[np.int64]) -> Flags:
        """Phones whose ids are among these, which are in order."""
        if not len(ids):
            return np.zeros(len(self.ids), dtype=np.bool_)
        return np.asarray(ids[np.searchsorted(ids, self.ids).clip(max=len(ids) - 1)] == self.ids)

    def reached(self, area: Area) -> Flags:
        """Memberships through which an area reaches their phones (audience._member says the same in SQL)."""
        if area.everybody:
            return np.asarray(self.zone != self.zones.get(NO_ZONE, -1))
        whole = self._of(area.zones)
        found = whole | (self._of(area.touched) & ~self.by_point)
        if area.shape:
            doubtful = np.flatnonzero(self._of(area.partial) & self.by_point & ~whole)
            found[doubtful] = area.shape.contains(self.lat[doubtful], self.lon[doubtful])
        return found

    def told(self, area: Area, members: Flags | None = None) -> Flags:
        """Phones of an area, without those that are told before; `members` are those that it reaches, where they are known."""
        if area.everybody:
            return np.ones(len(self.ids), dtype=np.bool_)
        found = self.phones_of(self.reached(area) if members is None else members)
        return found & ~self.told(area.before) if area.before else found

    def _of(self, codes: Sequence[str]) -> Flags:
        chosen = np.zeros(len(self.zones) + 1, dtype=np.bool_)
        chosen[[self.zones[code] for code in codes if code in self.zones]] = True
        among: Flags = chosen[self.zone]
        return among


class Register:
    """An open file of register_files. Threads may share it: each reads blocks for itself, at places of its own."""

    def __init__(self, descriptor: int, generation: int) -> None:
        """Takes over the descriptor. ValueError when it is no such file to the end."""
        self._end = finalize(self, os.close, descriptor)
        self._descriptor, self.generation = descriptor, generation
        head: dict[str, Any] = json.loads(register_files.head(descriptor))
        self.languages: Sequence[str] = head["languages"]
        self.zones: Mapping[str, int] = {code: number for number, code in enumerate(head["zones"])}
        self.households: int = head["households"]
        self._blocks: Sequence[tuple[int, int, int]] = head["blocks"]

    def blocks(self) -> Iterator[Block]:
        """All blocks, one in memory at a time."""
        for at, people, members in self._blocks:
            place = at
            columns = []
            for kind, of_member in register_files.COLUMNS:
                columns.append(self._column(kind, members if of_member else people, place))
                place += columns[-1].nbytes
            yield Block(self.zones, *columns)

    def _column(self, kind: DTypeLike, size: int, at: int) -> NDArray[Any]:
        wanted = np.dtype(kind).itemsize * size
        return np.frombuffer(os.pread(self._descriptor, wanted, at), dtype=kind)

    def away(self, connection: Connection, lane: str) -> NDArray[np.int64]:
        """Ids of the phones that said stop to a lane, in order."""
        # From the few to the many, by hand: joined, every phone of the register would be looked at.
        said = connection.scalars(select(opt_outs.c.phone).where(opt_outs.c.lane == lane)).all()
        found: list[int] = []
        for start in range(0, len(said), _FEW):
            mine = phones.c.phone.in_(said[start : start + _FEW]), visible(phones, self.generation)
            found += connection.scalars(select(phones.c.id).where(*mine))
        return np.array(sorted(found), dtype=np.int64)


_held: "WeakKeyDictionary[Engine, Register]" = WeakKeyDictionary()
_turn = threading.Lock()


def register(connection: Connection, generation: int) -> Register:
    """The register of a generation: the import left its file; where it did not, making it takes some seconds for a million phones."""
    with _turn:
        held = _held.get(connection.engine)
        if held is None or held.generation != generation:
            held = Register(register_files.opened(connection, generation), generation)
            _held[connection.engine] = held
        return held
