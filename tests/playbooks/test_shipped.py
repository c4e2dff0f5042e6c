"""The playbooks that come with the broadcaster say what they must, in every allowed combination, in both cities."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from broadcaster.domain.kind import AlertKind
from broadcaster.runtime import FOLDER
from broadcaster.services.playbook_checks import City, check_for
from broadcaster.store import documents, zone_files
from broadcaster.store.documents_playbook import load_playbook

SHIPPED = sorted((FOLDER / "playbooks").glob("*.yaml"))
#: Addresses as long as those of real status pages.
STATUS = {"brisbane": "https://status.bcc.example", "kongsvinger": "https://kongsvinger.example"}
WANTED = {
    *("brisbane-river-flood", "evacuation", "boil-water", "volunteers-sandbags", "missing-person", "rumour"),
    "all-clear",
    "holding",
}


@pytest.fixture(scope="module")
def cities() -> dict[str, City]:
    """Both profiles with the zones that come with them."""
    kinds = documents.load_kinds(FOLDER / "templates" / "alerts")
    return {name: city(name, kinds) for name in STATUS}


def city(name: str, kinds: Mapping[str, AlertKind]) -> City:
    profile = documents.load_profile(FOLDER / "profiles" / f"{name}.yaml")
    path = FOLDER / "profiles" / profile.zones_file
    found = zone_files.read_zones(path.read_bytes(), path.name, profile.fallback)
    return City(kinds, profile, {each.code: each.names for each in found}, STATUS[name])


def test_the_promised_playbooks_are_there() -> None:
    assert {path.stem for path in SHIPPED} >= WANTED


@pytest.mark.parametrize("name", list(STATUS))
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_it_in(name: str, path: Path, cities: dict[str, City]) -> None:
    """May take over 5 s on a busy machine: up to 48 combinations, each put into words for four channels in two languages."""
    assert check_for(cities[name], [path]) == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_its_words_are_in_both_languages(path: Path) -> None:
    playbook = load_playbook(path, ("en", "nb"))
    for words in (playbook.title, playbook.use_when):
        assert words["en"] != words["nb"] or path.stem == "all-clear"


@pytest.mark.parametrize("name", ["boil-water", "brisbane-river-flood", "holding"])
def test_what_must_be_quick_has_closed_blanks_only(name: str) -> None:
    playbook = load_playbook(FOLDER / "playbooks" / f"{name}.yaml", ("en", "nb"))
    assert all(each.closed for each in playbook.parameters.values())
