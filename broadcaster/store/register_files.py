"""Writes the register of a generation as columns into a file: by the import, before it is in force, or by whoever needs it first.

The file holds no number and no name: ids of phones, and what counting needs of them. It is a copy that may be deleted at any time.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Connection, Select, case, select

from broadcaster.store.database import scratch
from broadcaster.store.generations import visible
from broadcaster.store.schema import phones, place_zones, places, resident_generations

#: Columns of a block in their order in the file (register.Block), and whether they are of members or of phones.
COLUMNS: Sequence[tuple[DTypeLike, bool]] = (
    *((np.int64, False), (np.int32, False), (np.int16, False), (np.bool_, False)),
    *((np.int32, True), (np.int16, True), (np.bool_, True), (np.float64, True), (np.float64, True)),
)
#: At the end of a file that was written to its end; behind it the length of the head, in eight bytes.
_MARK = b"register 1\n"
_TAIL = len(_MARK) + 8
#: Phones that are read, kept and counted together.
BLOCK = 10_000
#: Files of former generations that stay for those who still count with them.
_KEPT = 2
_HOME = case((phones.c.household == "", phones.c.phone), else_=phones.c.household)
_PHONE = (phones.c.id, phones.c.language, _HOME, phones.c.exercise)
_MEMBER = (place_zones.c.phone_id, place_zones.c.zone, place_zones.c.by_point, places.c.lat, places.c.lon)
_Columns = list[NDArray[Any]]


class _Words:
    """Words as numbers: each new one gets the next."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def of(self, words: Sequence[str]) -> NDArray[np.int16]:
        numbers = self.numbers
        for word in set(words).difference(numbers):
            numbers[word] = len(numbers)
        return np.fromiter(map(numbers.__getitem__, words), np.int16, len(words))


def opened(connection: Connection, generation: int) -> int:
    """A descriptor of the generation's file, which is made if nobody has; the caller closes it."""
    folder = scratch(connection)
    # Before the first import there is nobody, and nothing worth keeping.
    if folder is not None and generation:
        with suppress(OSError):
            return _shared(connection, generation, folder)
    # Nowhere to keep it for others: a file that no name leads to.
    with tempfile.TemporaryFile() as file:
        _write(connection, generation, file, lambda: None)
        return os.dup(file.fileno())


def prepare(connection: Connection, generation: int, tick: Callable[[], None]) -> None:
    """Make the file of a generation that will be in force, so that nobody waits for it then; `tick` is called all the while.

    Does nothing where there is no folder for it, or it cannot be written: then it is made when it is needed.
    """
    folder = scratch(connection)
    if folder is not None:
        with suppress(OSError):
            os.close(_shared(connection, generation, folder, tick))


def head(descriptor: int) -> bytes:
    """The JSON at the end of a file; ValueError when it was not written to its end."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL, max(0, size - _TAIL))
    if len(tail) < _TAIL or not tail.startswith(_MARK):
        raise ValueError("not a register")
    length = int.from_bytes(tail[len(_MARK) :], "big")
    return os.pread(descriptor, length, size - _TAIL - length)


def _shared(connection: Connection, generation: int, folder: Path, tick: Callable[[], None] = lambda: None) -> int:
    # By the moment of its import too: after a restore the same number may mean other people.
    began = select(resident_generations.c.started_at).where(resident_generations.c.id == generation)
    path = folder / f"{generation:08d}-{connection.scalar(began):%Y%m%d%H%M%S%f}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError, ValueError):
        return _whole(path)
    with _alone(folder):
        with suppress(FileNotFoundError, ValueError):
            return _whole(path)
        for torn in folder.glob("making-*"):
            torn.unlink(missing_ok=True)
        _save(connection, generation, path, tick)
        for old in sorted(each for each in folder.glob("[0-9]*-*") if each.name != path.name)[: -_KEPT + 1]:
            old.unlink(missing_ok=True)
        return _whole(path)


def _whole(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        head(descriptor)
    except ValueError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One makes it, the others wait for it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _save(connection: Connection, generation: int, path: Path, tick: Callable[[], None]) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="making-", delete=False) as file:
        try:
            _write(connection, generation, file, tick)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _write(connection: Connection, generation: int, file: Any, tick: Callable[[], None]) -> None:
    languages, zones = _Words(), _Words()
    blocks: list[tuple[int, int, int]] = []
    names: _Columns = []
    for columns, home in _pages(connection, generation, languages, zones):
        blocks.append((file.tell(), len(home), len(columns[-1])))
        names.append(home)
        for column in columns:
            file.write(column.tobytes())
        tick()
    numbers, households = _numbered(np.concatenate(names) if names else np.zeros(0, dtype=np.int64))
    end = file.tell()
    for at, people, _ in blocks:
        # Behind the ids.
        file.seek(at + people * np.dtype(np.int64).itemsize)
        file.write(numbers[:people].tobytes())
        numbers = numbers[people:]
    file.seek(end)
    _finish(file, {"languages": [*languages.numbers], "zones": [*zones.numbers], "households": households}, blocks)


def _finish(file: BinaryIO, said: dict[str, Any], blocks: list[tuple[int, int, int]]) -> None:
    words = json.dumps(said | {"blocks": blocks}).encode()
    file.write(words + _MARK + len(words).to_bytes(8, "big"))
    file.flush()


def _numbered(names: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Numbers from 0 for large ones, the same for the same, and how many; some of them at a time, so that it needs little room."""
    numbers = np.empty(len(names), dtype=np.int32)
    parts = 1 << max(0, (len(names) // 200_000).bit_length())
    known = 0
    for part in range(parts):
        mine = np.flatnonzero((names & (parts - 1)) == part)
        distinct, number = np.unique(names[mine], return_inverse=True)
        numbers[mine] = number + known
        known += len(distinct)
    return numbers, known


def _pages(
    connection: Connection, generation: int, languages: _Words, zones: _Words
) -> Iterator[tuple[_Columns, NDArray[np.int64]]]:
    """Some phones at a time: the columns of their block, and a large number for each one's household."""
    after = 0
    people = select(*_PHONE).where(visible(phones, generation)).order_by(phones.c.id).limit(BLOCK)
    belong = select(*_MEMBER).join(places, places.c.id == place_zones.c.place_id)
    belong = belong.where(visible(place_zones, generation)).order_by(place_zones.c.phone_id, place_zones.c.zone)
    while rows := _raw(connection, people.where(phones.c.id > after)):
        ids, language, home, exercise = zip(*rows, strict=True)
        here = _raw(connection, belong.where(place_zones.c.phone_id > after, place_zones.c.phone_id <= ids[-1]))
        after = ids[-1]
        of, zone, by_point, lat, lon = tuple(zip(*here, strict=True)) or ((),) * 5
        order, of_phone = np.array(ids, dtype=np.int64), np.array(of, dtype=np.int64)
        index = np.searchsorted(order, of_phone)
        # Without what is left of phones that do not count in this generation.
        mine = order[index.clip(max=len(order) - 1)] == of_phone
        belonging: _Columns = [
            index.astype(np.int32),
            zones.of(zone),
            np.array(by_point, np.bool_),
            *_degrees(lat, lon),
        ]
        known: _Columns = [order, np.zeros(len(ids), np.int32), languages.of(language), np.array(exercise, np.bool_)]
        yield [*known, *(each[mine] for each in belonging)], np.fromiter(map(hash, home), np.int64, len(ids))


def _degrees(*columns: Sequence[float | None]) -> Iterator[NDArray[np.float64]]:
    return (np.array(column, dtype=np.float64) for column in columns)


def _raw(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """Rows as the driver gives them: turning millions of values one by one would take as long as reading them."""
    text = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    cursor: Any = connection.exec_driver_sql(str(text)).cursor
    rows: Sequence[Any] = cursor.fetchall()
    return rows
