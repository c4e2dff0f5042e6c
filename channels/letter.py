"""A request as bytes, the form whose few changing fields make one per recipient, and the answer as it came back."""

import json
import re
import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any
from urllib.parse import quote_plus


@dataclass(slots=True)
class Letter:
    """One POST, not changed once it is written.

    `headers` are "Name: value" in the order in which they travel, without Host; Content-Length is among them.
    """

    url: str
    headers: list[str] = field(repr=False)
    body: bytes = field(repr=False)
    not_after: float = 0.0


#: Characters that a form shows as they are.
_SAFE = string.ascii_letters + string.digits + "_.-~"
_encoded = lru_cache(maxsize=64)(quote_plus)


def _quoted(value: str) -> str:
    """quote_plus, quick for values that start alike: only what stands before a safe tail is encoded, once for many.

    Of a phone that is the plus, of a callback URL all but its token, of a text that goes to many the text.
    """
    start = value.rstrip(_SAFE)
    return _encoded(start) + value[len(start) :]


class Headed:
    """Address and headers of a letter that is written again and again, each time with another body.

    `codings` are the content codings that whoever carries the letters can undo; others are not offered to the provider.
    """

    def __init__(self, sample: Letter, codings: Collection[str]) -> None:
        self._url = sample.url
        self._headers = [_offering(line, codings) for line in sample.headers]
        self._by_length: dict[int, list[str]] = {}

    def write(self, body: bytes, not_after: float = 0.0) -> Letter:
        """One letter with this body."""
        return Letter(self._url, self._headed(len(body)), body, not_after)

    def _headed(self, length: int) -> list[str]:
        headers = self._by_length.get(length)
        if headers is None:
            headers = [
                f"Content-Length: {length}" if _named(line, "content-length") else line for line in self._headers
            ]
            self._by_length[length] = headers
        return headers


class Form(Headed):
    """A letter with blanks: values that were given to the SDK as "{name}", in its own place and order."""

    def __init__(self, sample: Letter, codings: Collection[str]) -> None:
        super().__init__(sample, codings)
        # A form encodes braces, so every brace here is one of ours.
        self._blank = sample.body.decode("ascii").replace("%7B", "{").replace("%7D", "}")

    def fill(self, values: dict[str, str], not_after: float = 0.0) -> Letter:
        """One letter. KeyError names a blank left open."""
        body = self._blank.format_map({name: _quoted(value) for name, value in values.items()}).encode("ascii")
        return self.write(body, not_after)


class JsonForm(Headed):
    """The same in JSON: `blanks` names what stood for each value in the sample, all of it inside strings."""

    def __init__(self, sample: Letter, codings: Collection[str], blanks: Mapping[str, str]) -> None:
        super().__init__(sample, codings)
        pieces = re.split(f"({'|'.join(map(re.escape, blanks))})", sample.body.decode("ascii"))
        # Every second piece is a blank: text, name, text, name … text.
        self._pieces = pieces[::2]
        self._names = [blanks[piece] for piece in pieces[1::2]]

    def fill(self, values: Mapping[str, str], not_after: float = 0.0) -> Letter:
        """One letter. KeyError names a blank left open."""
        parts = [self._pieces[0]]
        for name, text in zip(self._names, self._pieces[1:], strict=True):
            parts += (_in_json(values[name]), text)
        return self.write("".join(parts).encode("ascii"), not_after)


def _in_json(value: str) -> str:
    return encode_basestring_ascii(value)[1:-1]  # what json.dumps does with a string


def _named(line: str, name: str) -> bool:
    return line.partition(":")[0].lower() == name


def _offering(line: str, codings: Collection[str]) -> str:
    """The same header, or an Accept-Encoding without what could not be read."""
    if not _named(line, "accept-encoding"):
        return line
    name, _, offered = line.partition(":")
    known = [each for each in (piece.strip() for piece in offered.split(",")) if each.partition(";")[0] in codings]
    return f"{name}: {', '.join(known) or 'identity'}"


@dataclass(slots=True)
class Answer:
    """What came back: the status, headers by name in lower case, the body with its content coding undone.

    Of an answer below 300 only `content-type` is there: most answers are, and nothing else of them is read.
    """

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    _json: Any = field(default=None, repr=False)

    def json(self) -> Any:
        """The body as JSON, read once; ValueError or RecursionError when it is none."""
        if self._json is None:
            self._json = json.loads(self.body.decode())
        return self._json


def read_headers(lines: list[bytes]) -> dict[str, str]:
    """Header lines as on the wire, by name in lower case. Of several heads (103 and then the real one) the last counts."""
    found: dict[str, str] = {}
    for line in lines:
        if line.startswith(b"HTTP/"):
            found.clear()
            continue
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found
