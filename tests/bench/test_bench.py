"""The benchmarks themselves: that they measure what they say, and say what they measured."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from bench import engine, frame, plots, report
from bench.frame import Goal
from bench.plots import Bar, Plot
from bench.provider import Manner, Provider, provider

MESSAGES = "2010-04-01/Accounts/AC0/Messages.json"


@pytest.fixture
def strict() -> Iterator[Provider]:
    """Takes two texts a second."""
    with provider(manner=Manner(rate=2)) as served:
        yield served


def test_a_provider_with_a_rate_refuses_and_counts_what_exceeds_it(
    strict: Provider, until: Callable[..., None]
) -> None:
    with requests.Session() as session:
        said = [session.post(f"{strict.url}/{MESSAGES}", data={"To": "+61400000000"}) for _ in range(5)]
        assert [each.status_code for each in said] == [201, 201, 429, 429, 429]
        assert said[0].json()["sid"] != said[1].json()["sid"]
        assert session.get(f"{strict.url}/{MESSAGES}").json()["messages"] == []
    until(lambda: (strict.taken(), strict.refused()) == (2, 3))


def test_a_provider_that_lists_says_what_became_of_all_that_it_took() -> None:
    with provider(manner=Manner(lists=True)) as served, requests.Session() as session:
        sent = [session.post(f"{served.url}/{MESSAGES}", data={"To": "+61400000000"}).json()["sid"] for _ in range(3)]
        first = session.get(f"{served.url}/{MESSAGES}?PageSize=2").json()
        rest = session.get(f"{served.url}{first['next_page_uri']}").json()
    listed = [*first["messages"], *rest["messages"]]
    assert [(each["sid"], each["status"]) for each in listed] == [(sid, "delivered") for sid in sent]
    assert rest["next_page_uri"] is None


def test_a_goal_is_met_or_missed_in_a_word() -> None:
    goals = [
        Goal("Texts", 12_345, 10_000, "/s"),
        Goal("Wait", 1.2, 1.0, " s", at_most=True, note="idle"),
        Goal("Refusals", 0, 0, at_most=True),
    ]
    lines = [line.split() for line in frame.table(goals).splitlines()[2:]]
    assert lines == [
        ["Texts", "12,345/s", "≥", "10,000/s", "met"],
        ["Wait", "1.20", "s", "≤", "1", "s", "MISSED", "idle"],
        ["Refusals", "0", "≤", "0", "met"],
    ]


def test_of_few_values_the_worst_is_the_99th_percentile() -> None:
    assert frame.percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert frame.percentile([float(number) for number in range(1, 101)], 0.99) == 99.0


@pytest.mark.parametrize("log", [False, True])
def test_a_plot_also_says_its_figures_in_words(log: bool) -> None:
    drawn = plots.svg(
        Plot("a", "Texts & posts", "note", "/s", [Bar("ours", 20_000), Bar("<theirs>", 9.5, False)], 10_000, log)
    )
    root = ET.fromstring(drawn)
    said = root.findtext("{http://www.w3.org/2000/svg}desc")
    assert said == "ours: 20,000/s; <theirs>: 9.5/s"
    widths = [float(each.attrib["width"]) for each in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[0] > widths[1] >= 0


@pytest.mark.engine
def test_a_fan_out_that_is_measured_reaches_everybody_once() -> None:
    """Over 5 s: a whole installation is made, filled and started."""
    measured = engine.measure("sqlite", 250, workers=1, rounds=1, say=lambda words: None)
    assert measured.median.exact
    assert measured.median.cpu_us["bulk"] > 0


def test_of_several_runs_the_later_one_counts() -> None:
    small = {"full": False, "figures": {"slow": 1, "rates": 2}, "goals": [_goal("slow", 3), _goal("rates", 4)]}
    large = {"full": True, "figures": {"slow": 5}, "goals": [_goal("slow", 6)]}
    both = report.together([small, large])
    assert both["figures"] == {"slow": 5, "rates": 2}
    assert both["sizes"] == {"slow": True, "rates": False}
    assert both["goals"] == [_goal("rates", 4), _goal("slow", 6)]


def _goal(benchmark: str, measured: float) -> dict[str, Any]:
    return {"benchmark": benchmark, "measured": measured}
