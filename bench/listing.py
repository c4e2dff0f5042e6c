"""A provider that lists: pages of a thousand delivered messages in Twilio's shape, from a process of its own, for measuring a pull."""

import contextlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_MESSAGE = {
    "account_sid": "AC00000000000000000000000000000000",
    "api_version": "2010-04-01",
    "body": "Flood in Rocklea. Leave now by Ipswich Road, the bridge closes at 6 pm. https://bcc.example/a/7f3k2x9q",
    "date_created": "Mon, 23 Nov 2026 06:00:00 +0000",
    "date_sent": "Mon, 23 Nov 2026 06:00:01 +0000",
    "date_updated": "Mon, 23 Nov 2026 06:00:05 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+61491579455",
    "messaging_service_sid": None,
    "num_media": "0",
    "num_segments": "1",
    "price": "-0.05150",
    "price_unit": "USD",
    "sid": "SID",
    "status": "delivered",
    "subresource_uris": {"media": "/2010-04-01/Accounts/AC0/Messages/SM0/Media.json"},
    "tags": None,
    "to": "+61491570156",
    "uri": "/2010-04-01/Accounts/AC0/Messages/SM0.json",
}
_BEFORE, _AFTER = json.dumps(_MESSAGE).split('"SID"')


def page(names: Sequence[object], path: str, form: str = "%s") -> bytes:
    """What Twilio answers at `path`: some of the messages, whose ids are made of `names` by `form`, and where the list goes on."""
    asked = parse_qs(urlsplit(path).query)
    first, size = int(asked.get("PageToken", ["PA0"])[0][2:]), int(asked.get("PageSize", ["50"])[0])
    shown, base = names[first : first + size], urlsplit(path).path
    more = f"{base}?PageSize={size}&PageToken=PA{first + size}" if first + size < len(names) else None
    rest = {"page": first // size, "page_size": size, "next_page_uri": more, "uri": path}
    messages = ",".join(f'{_BEFORE}"{form % name}"{_AFTER}' for name in shown)
    return f'{{"messages": [{messages}], {json.dumps(rest)[1:]}'.encode()


@contextlib.contextmanager
def lister(names: Sequence[str]) -> Iterator[str]:
    """Serve a list of delivered messages with these ids on loopback until the block ends; the provider's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = page(names, self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Nothing: thousands of lines would cost more than the pages."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context: Any = multiprocessing.get_context("fork")
    process = context.Process(target=server.serve_forever, daemon=True)
    process.start()
    server.socket.close()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        process.terminate()
        process.join(5)
