"""What Sinch reports about one text, as a receipt, and whether it was Sinch who said so."""

from collections.abc import Mapping

from channels.base import Progress, Receipt
from channels.sinch_client import Texts
from channels.sinch_codes import STATUSES, TRANSIENT, words


def receipt(batch_id: str, status: str, code: str, parcel_id: str = "") -> Receipt:
    """A receipt of a report's state and code.

    A state that Sinch has added since counts as accepted, the lowest rank: it can never set a message back.
    """
    progress = STATUSES.get(status.upper(), Progress.ACCEPTED)
    failed = progress is Progress.FAILED
    return Receipt(
        provider_id=batch_id,
        progress=progress,
        parcel_id=parcel_id,
        code=code if failed else "",
        reason=words(status, code) if failed else "",
        transient=failed and code in TRANSIENT,
    )


def read(texts: Texts, parcel_id: str, body: str) -> Receipt:
    """The receipt in a callback's body about the text that its address names. ValueError says what is wrong."""
    try:
        event = texts.events().parse_event(body)
    except Exception as error:  # noqa: BLE001 - whatever the SDK trips over
        raise ValueError(f"the callback is no event of Sinch's ({type(error).__name__})") from None
    if not hasattr(event, "status") or not hasattr(event, "recipient"):
        raise ValueError("the callback is no report about one recipient")
    return receipt(event.batch_id, event.status, str(event.code), parcel_id)


def signed(texts: Texts, secret: str, form: Mapping[str, str], signature: str) -> bool:
    """True when `signature` is that of `body`, `nonce` and `timestamp` with the account's secret."""
    headers = {
        "x-sinch-webhook-signature": signature,
        "x-sinch-webhook-signature-nonce": form.get("nonce", ""),
        "x-sinch-webhook-signature-timestamp": form.get("timestamp", ""),
    }
    try:
        return bool(texts.events(secret).validate_authentication_header(headers, form.get("body", "")))
    except TypeError:  # a signature that is not ASCII
        return False
