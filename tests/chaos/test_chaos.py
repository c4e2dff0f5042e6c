"""The short form of `make chaos`: one seed on each database, with the patience of tests/chaos/quick.py and otherwise the same."""

import pytest

from tests.chaos.plan import LONG, SHORT, VICTIMS, plan
from tests.chaos.report import LEAST_KILLS, complaints
from tests.chaos.running import run

KILLED_IN_A_STORM = [*VICTIMS, "child"]


def test_a_plan_is_its_seed_s_alone_and_spares_nobody() -> None:
    for seed in range(1, 11):
        assert plan(seed, LONG) == plan(seed, LONG) != plan(seed + 1, LONG)
        killed = [blow.whom for blow in plan(seed, LONG).storm if blow.what == "kill"]
        assert len(killed) >= LEAST_KILLS
        assert set(killed) == set(KILLED_IN_A_STORM)


@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("installation")
@pytest.mark.parametrize(("database", "seed"), [("sqlite", 1), ("postgresql", 2)])
def test_in_a_storm_nothing_is_lost_or_doubled_and_a_stop_holds(
    database: str, seed: int, request: pytest.FixtureRequest
) -> None:
    """Takes half a minute of a free machine: everything is started, an alert goes through some kills, another is stopped half-way."""
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else None
    outcome = run(seed, database, SHORT, "tests.chaos.quick", server)
    assert complaints(outcome) == []
    assert outcome.kills >= SHORT.kills
