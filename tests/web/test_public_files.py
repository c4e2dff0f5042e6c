"""The public pages as the console's own server gives them out."""

import gzip

import pytest

from broadcaster.runtime import Runtime
from tests.web.cast import House


@pytest.fixture
def files(rt: Runtime) -> None:
    for live, word in ((True, "live"), (False, "drill")):
        root = rt.settings.status_root(live)
        (root / "en" / "alerts").mkdir(parents=True)
        page = f"<!doctype html><title>{word}</title>".encode() * 50
        (root / "index.html").write_bytes(page)
        (root / "index.html.gz").write_bytes(gzip.compress(page))
        (root / "en" / "index.html").write_bytes(page)
        (root / "alerts.atom").write_text("<feed/>")
        (root / "status.json").write_text("{}")
        (root / ".generation").write_text("{}")
    (rt.settings.var_dir / "outside.html").write_text("secret")


@pytest.mark.usefixtures("files")
def test_anybody_reads_the_public_page_with_its_own_policy_and_cache(house: House) -> None:
    answer = house.browser().get("/status/")
    assert b"<title>live" in answer.data
    assert answer.headers["Cache-Control"] == "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    assert "sha256-" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert b"<title>drill" in house.browser().get("/status-exercise/").data


@pytest.mark.usefixtures("files")
def test_a_packed_twin_is_given_to_those_who_can_unpack_it(house: House) -> None:
    answer = house.browser().get("/status/", Accept_Encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert b"<title>live" in gzip.decompress(answer.data)
    assert "Content-Encoding" not in house.browser().get("/status/", Accept_Encoding="gzip;q=0").headers


@pytest.mark.usefixtures("files")
def test_what_has_not_changed_is_not_sent_again(house: House) -> None:
    first = house.browser().get("/status/")
    again = house.browser().get("/status/", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("path", "kind"),
    [("alerts.atom", "application/atom+xml"), ("status.json", "application/json"), ("en/", "text/html")],
)
def test_feeds_have_their_types(house: House, path: str, kind: str) -> None:
    assert house.browser().get(f"/status/{path}").mimetype == kind


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "path",
    [
        *("../outside.html", "%2e%2e/outside.html", "..%2foutside.html", "en/../../outside.html", ".generation"),
        *("index.html.gz", "en/.hidden", "//etc/passwd", "nothing.html", "en", "%00", "en/%00.html", "a/../../../x"),
    ],
)
def test_nothing_beside_the_public_files_can_be_read(house: House, path: str) -> None:
    answer = house.browser().get(f"/status/{path}")
    assert answer.status_code in (301, 308, 404), path
    assert b"secret" not in answer.data


@pytest.mark.usefixtures("files")
def test_the_page_is_served_without_a_database(house: House, rt: Runtime) -> None:
    rt.db.engine.dispose()
    (rt.settings.var_dir / "broadcaster.db").rename(rt.settings.var_dir / "gone.db")
    assert house.browser().get("/status/").status_code == 200


def test_before_anything_was_published_there_is_a_plain_answer(house: House) -> None:
    assert house.browser().get("/status/").status_code == 404
