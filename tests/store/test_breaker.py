"""The breaker: when a provider counts as down, how it comes back, and that all workers agree, with Valkey and each alone without."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcaster.domain.breaker import (
    LONGEST_PAUSE,
    MOST_ERRORS,
    PAUSE,
    SILENCE,
    SILENT_TRIES,
    TRIAL,
    TRIAL_TIME,
    WINDOW,
    Position,
    Record,
    Why,
)
from broadcaster.processes.valkey import Embedded
from broadcaster.store.breaker import UNBOUND, Breaker, breaker_key, unanswered
from channels.base import Misconfigured, Refused, Unavailable, Uncertain

KEY = breaker_key("twilio", live=True)
T = 1_800_000_000.0

Make = Callable[[], Breaker]


@pytest.fixture(params=["shared", "alone"])
def make(request: pytest.FixtureRequest, valkey_server: Embedded, tmp_path: Path) -> Make:
    """Makes one process's breaker: on an empty Valkey, or where there is none."""
    if request.param == "alone":
        return lambda: Breaker(f"unix://{tmp_path / 'nobody.sock'}")
    Breaker(valkey_server.url)._redis.flushall()
    return lambda: Breaker(valkey_server.url)


def opened(make: Make) -> Breaker:
    breaker = make()
    breaker.note(KEY, good=100, bad=MOST_ERRORS, now=T)
    assert breaker.closed(KEY, now=T)
    breaker.note(KEY, good=0, bad=1, now=T + 1)
    assert not breaker.closed(KEY, now=T + 1)
    return breaker


def test_over_fifty_errors_in_a_minute_open_it_and_one_good_trial_closes_it(make: Make) -> None:
    breaker = opened(make)
    state = breaker.state(KEY)
    assert (state.position, state.why, state.errors) == (Position.OPEN, Why.ERRORS, MOST_ERRORS + 1)
    assert state.since is not None
    assert state.since.timestamp() == T + 1
    breaker.note(KEY, good=50, bad=0, now=T + 2)  # answers to what was sent before it opened
    assert breaker.room(KEY, now=T + PAUSE) == 0
    due = T + 1 + PAUSE
    assert breaker.room(KEY, now=due) == TRIAL
    assert breaker.room(KEY, now=due) == 0  # one trial at a time
    assert breaker.state(KEY).position is Position.TRIAL
    breaker.note(KEY, good=TRIAL, bad=0, now=due + 1)
    assert breaker.room(KEY, now=due + 1) == UNBOUND
    assert breaker.state(KEY).closed


def test_each_failed_trial_doubles_the_pause_up_to_two_minutes(make: Make) -> None:
    breaker, now, pauses = opened(make), T + 1, []
    for _ in range(4):
        since = now
        while not breaker.closed(KEY, now=now):
            now += 5
        pauses.append(now - since)
        breaker.note(KEY, good=0, bad=TRIAL, now=now)
    assert pauses == [PAUSE, 2 * PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert breaker.state(KEY).errors == MOST_ERRORS + 1


def test_a_trial_of_which_no_word_comes_is_made_again(make: Make) -> None:
    breaker = opened(make)
    due = T + 1 + PAUSE
    assert breaker.closed(KEY, now=due)
    assert not breaker.closed(KEY, now=due + TRIAL_TIME - 1)
    assert breaker.room(KEY, now=due + TRIAL_TIME) == TRIAL


def test_silence_opens_it_long_before_there_are_fifty_errors(make: Make) -> None:
    breaker = make()
    breaker.note(KEY, good=1, bad=0, now=T)
    for second in range(SILENT_TRIES):
        breaker.note(KEY, good=0, bad=1, now=T + 5 + second)
    assert breaker.closed(KEY, now=T + 10)
    breaker.note(KEY, good=0, bad=1, now=T + 5 + SILENCE)
    assert breaker.state(KEY).why is Why.SILENCE
    other = breaker_key("twilio", live=False)
    for second in (0, 5, 10, 14):
        breaker.note(other, good=0, bad=3, now=T + second)
    breaker.note(other, good=1, bad=0, now=T + 14.5)  # one answer, and the silence begins anew
    breaker.note(other, good=0, bad=3, now=T + 20)
    assert breaker.closed(other, now=T + 20)


def test_old_errors_and_a_few_among_many_answers_do_not_open_it(make: Make) -> None:
    breaker = make()
    for minute in range(5):
        breaker.note(KEY, good=10, bad=MOST_ERRORS, now=T + minute * (WINDOW + 5))
    assert breaker.closed(KEY, now=T + 400)
    breaker.note(KEY, good=9_900, bad=100, now=T + 1_000)  # 1 % hangs at 10,000 texts a second: not an outage
    assert breaker.closed(KEY, now=T + 1_000)
    assert breaker.state("sinch:live").closed


def test_workers_agree_on_it(valkey_server: Embedded) -> None:
    first, second = Breaker(valkey_server.url), Breaker(valkey_server.url)
    first._redis.flushall()
    assert second.closed(KEY, now=T)
    for worker in (first, second) * 30:
        worker.note(KEY, good=0, bad=1, now=T)
    assert not second.closed(KEY, now=T + 1)
    assert not first.closed(KEY, now=T + 1)
    due = T + PAUSE
    assert sorted((first.room(KEY, now=due), second.room(KEY, now=due))) == [0, TRIAL]
    second.note(KEY, good=1, bad=0, now=due + 1)
    assert first.closed(KEY, now=due + 2)


def test_a_record_that_nobody_can_read_is_as_none(valkey_server: Embedded) -> None:
    breaker = Breaker(valkey_server.url)
    breaker._redis.set(f"broadcaster:breaker:{KEY}", '{"position": "ajar"}')
    assert breaker.closed(KEY, now=T)
    assert Record.from_json(Record(why=Why.ERRORS, buckets={3: (1, 2)}).as_json()).buckets == {3: (1, 2)}


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (None, False),
        (Refused("not a phone number"), False),
        (Misconfigured("dead token"), False),
        (Unavailable("too many", "429", slow_down=True), False),
        (Unavailable("no connection", "no_connection"), True),
        (Uncertain("no answer within the time limit", "read_timeout"), True),
        (Uncertain("the provider answered 503", "503"), True),
    ],
)
def test_only_a_missing_answer_speaks_against_a_provider(error: Refused | None, counts: bool) -> None:
    assert unanswered(error) is counts
