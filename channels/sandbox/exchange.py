"""One request and one answer, free of any HTTP server, so that the providers are plain functions."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, unquote

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

#: Parts of a form kept in memory; a picture of X or Facebook is at most 8 MB, a form field far less.
MAX_FIELD = 2_000_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart form."""

    filename: str
    mime_type: str
    content: bytes


class Call:
    """One request to a provider. `target` is the raw path with its query, exactly as on the wire."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        raw_path, _, self.query_string = target.partition("?")
        self.path = unquote(raw_path)

    @cached_property
    def query(self) -> dict[str, str]:
        """Query fields; of a repeated one the last counts."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def mime_type(self) -> str:
        """Content type without its options, lower case."""
        return _kind(self.headers.get("Content-Type", ""))

    @cached_property
    def form(self) -> dict[str, str]:
        """Fields of the body, form-encoded or multipart; empty for any other body."""
        if self.mime_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return self._multipart[0]

    @property
    def files(self) -> dict[str, Upload]:
        """Files of a multipart body by field name."""
        return self._multipart[1]

    @cached_property
    def _multipart(self) -> tuple[dict[str, str], dict[str, Upload]]:
        kind, options = parse_options_header(self.headers.get("Content-Type", ""))
        if kind.lower() != "multipart/form-data":
            return {}, {}
        parser = FormDataParser(max_form_memory_size=MAX_FIELD, silent=True)
        _, form, files = parser.parse(BytesIO(self.body), kind.lower(), len(self.body), options)
        uploads = {}
        for name, file in files.items():
            uploads[name] = Upload(file.filename or "", file.mimetype, file.read())
            file.close()
        return dict(form.items()), uploads

    def json(self) -> Any:
        """The body as JSON; ValueError when it is not."""
        return json.loads(self.body.decode("utf-8"))


@lru_cache(maxsize=256)
def _kind(header: str) -> str:
    return parse_options_header(header)[0].lower()


@dataclass(slots=True)
class Reply:
    """One answer of a provider."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    #: A long JSON list, sent piece by piece instead of `body`.
    rows: Iterable[Mapping[str, Any]] | None = None


def json_reply(
    payload: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json; charset=utf-8",
) -> Reply:
    """An answer in JSON."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Reply(status, body, content_type, dict(headers or {}))
