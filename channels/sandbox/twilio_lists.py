"""Twilio's pages of messages and numbers, with its keys for where a page stands and how to go on."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from channels.sandbox.exchange import Call
from channels.sandbox.texts import API_VERSION, Text

#: The most that one page of a list may hold, and what it holds when nobody asks.
MAX_PAGE, PAGE = 1_000, 50


def page_size(call: Call) -> int:
    """PageSize as Twilio reads it: at most 1,000, 50 when missing or nonsense."""
    raw = call.query.get("PageSize", "")
    return min(MAX_PAGE, max(1, int(raw))) if raw.isdecimal() else PAGE


def token_of(call: Call) -> str:
    """The sid behind which the asked page begins; empty for the first."""
    return call.query.get("PageToken", "")[2:]


def take_page(texts: Iterator[Text], size: int) -> tuple[list[Text], bool]:
    """The next `size` texts, and whether there are more."""
    found: list[Text] = []
    for text in texts:
        if len(found) == size:
            return found, True
        found.append(text)
    return found, False


def message_page(
    account: str, call: Call, shown: Sequence[Text], more: bool, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """A page of messages; `rows` are `shown` as resources."""
    raw = call.query.get("Page", "0")
    page, size = int(raw) if raw.isdecimal() else 0, page_size(call)
    base = f"/{API_VERSION}/Accounts/{account}/Messages.json?"
    filters = {k: v for k, v in call.query.items() if k not in ("Page", "PageToken", "PageSize")}

    def link(number: int, **token: str) -> str:
        return base + urlencode({**filters, "PageSize": str(size), "Page": str(number), **token})

    return {
        "messages": rows,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(rows) - 1),
        "uri": link(page),
        "first_page_uri": link(0),
        "next_page_uri": link(page + 1, PageToken="PA" + shown[-1].id) if more else None,
        "previous_page_uri": link(page - 1) if page else None,
    }


def number_page(account: str, senders: Sequence[str]) -> dict[str, Any]:
    """The account's own phone numbers, in one page."""
    base = f"/{API_VERSION}/Accounts/{account}/IncomingPhoneNumbers"
    numbers = [
        {
            "sid": f"PN{place:032x}",
            "account_sid": account,
            "phone_number": number,
            "friendly_name": number,
            "capabilities": {"voice": False, "sms": True, "mms": False, "fax": False},
            "sms_url": "",
            "sms_method": "POST",
            "status": "in-use",
            "api_version": API_VERSION,
            "uri": f"{base}/PN{place:032x}.json",
        }
        for place, number in enumerate(sender for sender in senders if sender.startswith("+"))
    ]
    first = f"{base}.json?PageSize={PAGE}&Page=0"
    return {
        "incoming_phone_numbers": numbers,
        "page": 0,
        "page_size": PAGE,
        "start": 0,
        "end": max(0, len(numbers) - 1),
        "uri": first,
        "first_page_uri": first,
        "next_page_uri": None,
        "previous_page_uri": None,
    }


def account_resource(account: str) -> dict[str, Any]:
    """The account itself."""
    uri = f"/{API_VERSION}/Accounts/{account}"
    return {
        "sid": account,
        "friendly_name": "Sandbox account, nothing leaves this machine",
        "status": "active",
        "type": "Full",
        "owner_account_sid": account,
        "auth_token": None,
        "date_created": "Tue, 11 Jan 2011 00:00:00 +0000",
        "date_updated": "Tue, 11 Jan 2011 00:00:00 +0000",
        "uri": f"{uri}.json",
        "subresource_uris": {
            "messages": f"{uri}/Messages.json",
            "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
        },
    }
