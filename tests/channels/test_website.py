"""What is special about the public pages: whole or not at all, never an older one, never outside, a disk that fails."""

import fcntl
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.base import Action, ChannelError, Misconfigured, Outcome, Parcel, Picture, Progress, Refused, Unavailable
from channels.website import Website, WebsiteOptions
from tests.channels.places import only, png

NOW = datetime(2011, 1, 12, tzinfo=UTC)
PAGE = "en/alerts/flood.html"


def website(root: Path, timeout: float = 5.0) -> Website:
    return Website(WebsiteOptions(root, "https://status.example", timeout))


def page(text: str, generation: int = 1, to: str = PAGE, action: Action = Action.POST) -> Parcel:
    return Parcel("d1", to, text, action=action, generation=generation)


def write(root: Path, parcel: Parcel) -> Outcome:
    return only(website(root).send([parcel]))


def error_of(root: Path, parcel: Parcel) -> ChannelError:
    error = write(root, parcel).error
    assert error is not None
    return error


def files(root: Path) -> set[str]:
    """All files below the root but the writer's own two."""
    own = (".lock", ".generation")
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.name not in own}


def test_a_page_lies_whole_in_its_place_with_its_compressed_twin(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        outcome = write(tmp_path, page("<p>Elva stiger æøå</p>"))
    finally:
        os.umask(old)
    assert outcome.error is None
    assert re.fullmatch(re.escape(PAGE) + "@[0-9a-f]{16}", outcome.provider_id)
    assert outcome.url == "https://status.example/en/alerts/flood.html"
    assert files(tmp_path) == {PAGE, PAGE + ".gz"}
    assert (tmp_path / PAGE).read_text() == "<p>Elva stiger æøå</p>"
    assert gzip.decompress((tmp_path / (PAGE + ".gz")).read_bytes()).decode() == "<p>Elva stiger æøå</p>"
    assert {oct((tmp_path / part).stat().st_mode & 0o777) for part in ("en", "en/alerts")} == {"0o755"}
    assert oct((tmp_path / PAGE).stat().st_mode & 0o777) == "0o644"  # the web server is another user


@pytest.mark.parametrize(
    ("to", "url"), [("index.html", ""), ("en/index.html", "en/"), ("a/k3x9q7ab/index.html", "a/k3x9q7ab/")]
)
def test_an_index_is_shown_at_its_folder(tmp_path: Path, to: str, url: str) -> None:
    assert write(tmp_path, page("x", to=to)).url == f"https://status.example/{url}"


def test_the_twin_is_the_same_bytes_for_the_same_text(tmp_path: Path) -> None:
    twins = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, page("same " * 500))
        twins.append((tmp_path / name / (PAGE + ".gz")).read_bytes())
    assert twins[0] == twins[1]


def test_an_unchanged_page_is_not_written_again(tmp_path: Path) -> None:
    write(tmp_path, page("same", 1))
    before = [(tmp_path / name).stat() for name in (PAGE, PAGE + ".gz")]
    assert write(tmp_path, page("same", 2)).error is None
    after = [(tmp_path / name).stat() for name in (PAGE, PAGE + ".gz")]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]
    assert "superseded" in str(website(tmp_path).find(page("older", 1), NOW))  # yet its generation counts


# -- order ---------------------------------------------------------------------------------------------------------


def test_an_older_page_never_replaces_a_newer_one(tmp_path: Path) -> None:
    newer = write(tmp_path, page("all clear", 7))
    older = write(tmp_path, page("leave now", 6))
    assert older.error is None
    assert older.provider_id == newer.provider_id
    assert (tmp_path / PAGE).read_text() == "all clear"
    receipt = website(tmp_path).find(page("leave now", 6), NOW)
    assert receipt is not None
    assert (receipt.progress, receipt.code) == (Progress.ACCEPTED, "superseded")


def test_a_newer_page_elsewhere_does_not_hold_up_this_one(tmp_path: Path) -> None:
    write(tmp_path, page("newer", 9, to="index.html"))
    assert write(tmp_path, page("leave now", 3)).error is None
    assert (tmp_path / PAGE).read_text() == "leave now"


def test_a_page_of_the_same_generation_may_be_written_again(tmp_path: Path) -> None:
    write(tmp_path, page("one", 5))
    write(tmp_path, page("two", 5))
    assert (tmp_path / PAGE).read_text() == "two"


def test_an_older_page_does_not_come_back_after_a_retraction(tmp_path: Path) -> None:
    write(tmp_path, page("missing: a name", 1))
    write(tmp_path, page("", 2, action=Action.RETRACT))
    assert write(tmp_path, page("missing: a name", 1)).error is None
    assert files(tmp_path) == set()


@settings(deadline=None)  # a disk may take its time
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab")), min_size=1, max_size=12))
def test_whatever_the_order_the_highest_generation_stands(writes: list[tuple[int, str]]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for generation, letter in writes:
            write(root, page(f"{generation}{letter}", generation))
        highest = max(generation for generation, _ in writes)
        last = next(letter for generation, letter in reversed(writes) if generation == highest)
        assert (root / PAGE).read_text() == f"{highest}{last}"


def test_a_damaged_list_of_generations_is_the_operators_to_mend(tmp_path: Path) -> None:
    write(tmp_path, page("one"))
    (tmp_path / ".generation").write_text("{")
    error = error_of(tmp_path, page("two", 2))
    assert isinstance(error, Misconfigured)
    assert (tmp_path / PAGE).read_text() == "one"


# -- taking down ---------------------------------------------------------------------------------------------------


def test_a_tombstone_takes_the_place_of_a_page_and_its_pictures_leave(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    portrait = Picture(png(tmp_path / "in" / "portrait.png"), "image/png", "A child with a red cap")
    root = tmp_path / "out"
    root.mkdir()
    write(root, replace(page("missing: a name"), pictures=(portrait,)))
    assert "en/alerts/portrait.png" in files(root)
    portrait.path.unlink()
    retract = replace(page("Found, thank you.", 2, action=Action.RETRACT), pictures=(portrait,))
    assert write(root, retract).error is None
    assert files(root) == {PAGE, PAGE + ".gz"}
    assert (root / PAGE).read_text() == "Found, thank you."
    assert website(root).find(retract, NOW) is not None


def test_a_page_is_retracted_by_its_provider_id_too(tmp_path: Path) -> None:
    sent = write(tmp_path, page("one"))
    retract = Parcel("d2", "", "", action=Action.RETRACT, target=sent.provider_id, generation=2)
    assert write(tmp_path, retract).error is None
    assert files(tmp_path) == set()


def test_retracting_what_never_was_is_done(tmp_path: Path) -> None:
    assert write(tmp_path, page("", 1, "nb/never.html", Action.RETRACT)).error is None
    assert not (tmp_path / "nb").exists()


# -- paths ---------------------------------------------------------------------------------------------------------

BAD_PATHS = [
    "",
    "/etc/passwd",
    "../outside.html",
    "en/../../outside.html",
    "en/./index.html",
    "en//index.html",
    "en/",
    ".lock",
    ".generation",
    "en/.htaccess",
    "EN/index.html",
    "en\\index.html",
    "en/%2e%2e/x.html",
    "a\x00b",
    "a\n",
    "en/index.html.gz",
    "en/x.tmp",
    "å.html",
    "x" * 300,
]


@pytest.mark.parametrize("to", BAD_PATHS)
def test_a_path_that_is_not_plain_is_refused(tmp_path: Path, to: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    error = error_of(root, page("x", to=to))
    assert isinstance(error, Refused)
    assert error.code == "path"
    assert files(tmp_path) == set()


@settings(deadline=None)
@given(st.text(st.sampled_from("abz09._-/\\~%å \x00\n"), max_size=30))
@example("a/" * 200 + "a")
def test_no_path_writes_outside_or_hides(to: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        outcome = write(root, page("x", to=to))
        outside = {path for path in Path(folder).rglob("*") if path.is_file() and not path.is_relative_to(root)}
        assert outside == set()
        assert not any(part.startswith(".") for name in files(root) for part in name.split("/"))
        assert (outcome.error is None) is (to in files(root))


def test_a_symlink_never_leads_outside(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (root / "en").symlink_to(outside)
    error = error_of(root, page("x", to="en/index.html"))
    assert isinstance(error, Refused)
    assert isinstance(error_of(root, page("", 1, "en/index.html", Action.RETRACT)), Refused)
    (outside / "secret.html").write_text("secret")
    (root / "secret.html").symlink_to(outside / "secret.html")
    assert website(root).find(page("secret", to="secret.html"), NOW) is None
    write(root, page("public", to="secret.html"))
    assert (outside / "secret.html").read_text() == "secret"  # the link was replaced, not followed
    assert (root / "secret.html").read_text() == "public"
    (root / ".lock").unlink()
    (root / ".lock").symlink_to(outside / "secret.html")
    assert isinstance(error_of(root, page("x")), Unavailable)


@pytest.mark.parametrize("name", ["Map.png", ".map.png", "kart æ.png", "map.png.gz"])
def test_a_picture_under_a_name_that_is_not_plain_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    picture = Picture(png(tmp_path / "in" / name), "image/png", "Map")
    error = error_of(tmp_path / "out", replace(page("x"), pictures=(picture,)))
    assert isinstance(error, Refused)
    assert error.code == "path"
    assert files(tmp_path / "out") == set()


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    assert isinstance(error_of(tmp_path, page("\ud83c")), Refused)


# -- a disk that fails ---------------------------------------------------------------------------------------------

#: Runs in a process of its own, since limits and rights are a process's: first lower them, then write two pages.
WEAKENED = """
import json, os, resource, signal, sys
from pathlib import Path
from channels.base import Parcel
from channels.website import Website, WebsiteOptions
root, how = Path(sys.argv[1]), sys.argv[2]
if how == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
if how == "rights" and os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
page = Parcel("1", "en/alerts/flood.html", "new " * 5000, generation=2)
parcels = [page, Parcel("2", "index.html", "x", generation=1)]
for outcome in Website(WebsiteOptions(root)).send(parcels):
    error = outcome.error
    print(json.dumps([type(error).__name__, error.code, error.reason] if error else None))
"""


def weakened(root: Path, how: str) -> list[list[str] | None]:
    done = subprocess.run(
        [sys.executable, "-c", WEAKENED, str(root), how], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        yield root
        for path in (root, *root.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)


def test_a_page_that_the_disk_cannot_hold_leaves_the_old_one_and_the_next_is_written(tmp_path: Path) -> None:
    """A real write fails half-way: the process may write no file over 4 kB (EFBIG comes the way ENOSPC does)."""
    write(tmp_path, page("old", 1))
    first, second = weakened(tmp_path, "limit")
    assert first == ["Unavailable", "EFBIG", "the page is larger than this process may write"]
    assert second is None
    assert (tmp_path / PAGE).read_text() == "old"
    assert files(tmp_path) == {PAGE, PAGE + ".gz", "index.html", "index.html.gz"}
    assert write(tmp_path, page("new", 2)).error is None


def test_a_folder_that_may_not_be_written_leaves_the_old_page(public: Path) -> None:
    write(public, page("old", 1))
    for path in (public / ".lock", public / ".generation"):
        path.chmod(0o666)
    for folder in (public / "en" / "alerts", public):
        folder.chmod(0o555)
    outcomes = weakened(public, "rights")
    assert outcomes == [["Unavailable", "EACCES", "no permission to write the public pages"]] * 2
    assert (public / PAGE).read_text() == "old"


@pytest.mark.parametrize(("make", "code"), [(lambda p: None, "ENOENT"), (lambda p: p.write_text("x"), "ENOTDIR")])
def test_a_missing_root_is_never_made_since_its_disk_may_not_be_mounted(
    tmp_path: Path, make: Callable[[Path], object], code: str
) -> None:
    root = tmp_path / "public"
    make(root)
    error = error_of(root, page("x"))
    assert isinstance(error, Unavailable)
    assert error.code == code
    assert "folder of the public pages" in error.reason
    with pytest.raises(Unavailable):
        website(root).check()
    with pytest.raises(Unavailable):
        website(root).find(page("x"), NOW)


def test_check_leaves_nothing_behind_and_tells_the_room(tmp_path: Path) -> None:
    assert re.fullmatch(r"\d+ MB free", website(tmp_path).check().notes[0])
    assert files(tmp_path) == set()


# -- many writers, many readers ------------------------------------------------------------------------------------


def test_a_writer_that_does_not_let_go_delays_no_one_for_long(tmp_path: Path) -> None:
    write(tmp_path, page("old"))
    with (tmp_path / ".lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        error = only(website(tmp_path, timeout=0.2).send([page("new", 2)])).error
        assert isinstance(error, Unavailable)
        assert error.code == "locked"
        assert website(tmp_path).find(page("old"), NOW) is not None  # looking needs no lock
    assert write(tmp_path, page("new", 2)).error is None


def test_a_reader_sees_the_old_page_or_the_new_one_and_never_a_part(tmp_path: Path) -> None:
    texts = {"old " * 20_000, "new " * 30_000}
    old, new = sorted(texts)
    write(tmp_path, page(old, 0))
    ended, read, seen = threading.Event(), 0, set()

    def writer() -> None:
        for generation in range(60):
            write(tmp_path, page(new if generation % 2 else old, generation))
        ended.set()

    thread = threading.Thread(target=writer)
    thread.start()
    while not ended.is_set():
        seen.add((tmp_path / PAGE).read_text())
        seen.add(gzip.decompress((tmp_path / (PAGE + ".gz")).read_bytes()).decode())
        read += 1
    thread.join()
    assert seen <= texts
    assert read > 10


ENDLESS = """
import sys
from pathlib import Path
from channels.base import Parcel
from channels.website import Website, WebsiteOptions
site, start = Website(WebsiteOptions(Path(sys.argv[1]))), int(sys.argv[2])
for number in range(start, start + 10**6):
    next(iter(site.send([Parcel("1", "en/alerts/flood.html", f"{number % 10}" * 100_000, generation=number)])))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_whole_pages_and_no_lock(tmp_path: Path) -> None:
    def whole(text: str) -> bool:
        return text == text[0] * 100_000

    for run in range(6):
        command = [sys.executable, "-c", ENDLESS, str(tmp_path), str(run * 10**6 + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
            assert child.stdout
            for _ in range(2):
                assert child.stdout.readline()
            time.sleep(run * 0.0007)  # not waiting for anything: the moment of the kill is what varies
            child.send_signal(signal.SIGKILL)
        assert whole((tmp_path / PAGE).read_text())
        assert whole(gzip.decompress((tmp_path / (PAGE + ".gz")).read_bytes()).decode())
    assert write(tmp_path, page("mended", 10**9)).error is None
    assert files(tmp_path) == {PAGE, PAGE + ".gz"}
    assert gzip.decompress((tmp_path / (PAGE + ".gz")).read_bytes()) == b"mended"
