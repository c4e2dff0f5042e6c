"""Keeps what surrounds the code true: the locks, the list of settings and the help of make."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from broadcaster.settings import Providers, Settings
from tests.source import Source

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements-build", "requirements", "requirements-dev")


def plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def locked(name: str) -> dict[str, str]:
    """Package → its entry in the lock (version, marker, hashes)."""
    entries = re.split(r"\n(?=[a-z])", (ROOT / f"{name}.txt").read_text(encoding="utf-8"))
    return {entry.partition("==")[0]: entry for entry in entries if not entry.startswith("#")}


def asked_for(name: str) -> set[str]:
    lines = (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return {plain(found[0]) for line in lines if (found := re.match(r"[A-Za-z][\w.-]*", line))}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes_and_names_no_index(name: str) -> None:
    for package, entry in locked(name).items():
        assert re.match(r"[a-z0-9.-]+==[\w.]+( ;[^\n]*)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), package
    assert not re.search(r"://|--index|--find-links", (ROOT / f"{name}.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("folders", "names"),
    [(("broadcaster", "channels"), ("requirements",)), (("tests",), ("requirements", "requirements-dev"))],
)
def test_every_package_that_is_imported_is_asked_for(folders: tuple[str, ...], names: tuple[str, ...]) -> None:
    """What only comes along with another package may go with it in the next version."""
    asked = {package for name in names for package in asked_for(name)}
    ours = {"broadcaster", "channels", "tests", "bench", "wsgi"}
    brings = packages_distributions()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        source = Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        tops = {name.partition(".")[0] for _, name in source.imports} - ours - sys.stdlib_module_names
        for top in tops:
            packages = {plain(package) for package in brings.get(top, [])}
            assert packages & asked, f"{source.path} imports {top}, which requirements*.in do not name"


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_has_every_package_that_is_asked_for(name: str) -> None:
    assert asked_for(name) <= locked(name).keys()


def test_a_package_in_two_locks_has_one_version() -> None:
    run, dev, build = (locked(name) for name in ("requirements", "requirements-dev", "requirements-build"))
    version = re.compile(r"==([\w.]+)")
    for one, other in ((run, dev), (run, build), (dev, build)):
        for package in one.keys() & other.keys():
            assert version.findall(one[package])[0] == version.findall(other[package])[0], package


def test_the_example_names_every_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^#?BROADCASTER_([A-Z_]+)=(.*)$", example, re.MULTILINE))
    real = {name: field for name, field in Settings.model_fields.items() if name not in ("live", "exercise")}
    real |= {prefix + name: field for name, field in Providers.model_fields.items() for prefix in ("", "exercise_")}
    assert shown.keys() == {name.upper() for name in real}
    for name, value in shown.items():
        default = real[name.lower()].get_default(call_default_factory=True)
        assert value == ("" if default is None else str(default)), name


def test_make_alone_prints_help() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("setup", "demo", "test", "check"):
        assert f"make {target} " in done.stdout
