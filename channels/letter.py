"""A request as bytes, the form whose few changing fields make one per recipient, and the answer as it came back."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote_plus


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST. `headers` are "Name: value" in the order in which they travel, without Host; Content-Length is among them."""

    url: str
    headers: list[str] = field(repr=False)
    body: bytes = field(repr=False)


#: A text goes to many: encoded once. So are the few other long values of a batch.
_encoded = lru_cache(maxsize=64)(quote_plus)


class Form:
    """A letter with blanks: values that were given to the SDK as "{name}", in its own place and order.

    `codings` are the content codings that whoever carries the letters can undo; others are not offered to the provider.
    """

    def __init__(self, sample: Letter, codings: Collection[str]) -> None:
        self._url = sample.url
        # A form encodes braces, so every brace here is one of ours.
        self._blank = sample.body.decode("ascii").replace("%7B", "{").replace("%7D", "}")
        self._headers = [_offering(line, codings) for line in sample.headers]
        self._by_length: dict[int, list[str]] = {}

    def fill(self, shared: dict[str, str], own: dict[str, str]) -> Letter:
        """One letter; values of `shared` are those that many letters have in common. KeyError names a blank left open."""
        values = {name: _encoded(value) for name, value in shared.items()}
        values |= {name: quote_plus(value) for name, value in own.items()}
        body = self._blank.format_map(values).encode("ascii")
        return Letter(self._url, self._headed(len(body)), body)

    def _headed(self, length: int) -> list[str]:
        headers = self._by_length.get(length)
        if headers is None:
            headers = [
                f"Content-Length: {length}" if _named(line, "content-length") else line for line in self._headers
            ]
            self._by_length[length] = headers
        return headers


def _named(line: str, name: str) -> bool:
    return line.partition(":")[0].lower() == name


def _offering(line: str, codings: Collection[str]) -> str:
    """The same header, or an Accept-Encoding without what could not be read."""
    if not _named(line, "accept-encoding"):
        return line
    name, _, offered = line.partition(":")
    known = [each for each in (piece.strip() for piece in offered.split(",")) if each.partition(";")[0] in codings]
    return f"{name}: {', '.join(known) or 'identity'}"


class Answer:
    """What came back: the status, the header lines as on the wire, the body with its content coding undone."""

    def __init__(self, status: int, lines: list[bytes], body: bytes) -> None:
        self.status = status
        self.body = body
        self._lines = lines

    @cached_property
    def headers(self) -> dict[str, str]:
        """By name in lower case. Of several heads (100, 103 and then the real one) only the last counts."""
        found: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(b"HTTP/"):
                found.clear()
                continue
            name, colon, value = line.decode("latin-1").partition(":")
            if colon:
                found[name.strip().lower()] = value.strip()
        return found

    @cached_property
    def _json(self) -> Any:
        return json.loads(self.body)

    def json(self) -> Any:
        """The body as JSON, read once; ValueError or RecursionError when it is none."""
        return self._json
