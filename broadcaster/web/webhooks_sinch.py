"""Callbacks of Sinch: what became of a text, and texts from residents."""

import hmac
from datetime import timedelta
from http import HTTPStatus

import structlog
from flask import Blueprint, Response, request

from broadcaster.domain.errors import NotReady
from broadcaster.domain.kind import Lane
from broadcaster.runtime import Runtime
from broadcaster.services import inbound, receiving, replying
from broadcaster.web.auth.addresses import from_this_machine
from broadcaster.web.auth.guard import everybody
from broadcaster.web.context import now, runtime
from broadcaster.web.errors import problem
from channels.base import ChannelError, Parcel

blueprint = Blueprint("webhooks_sinch", __name__, url_prefix="/webhooks/sinch")
log = structlog.get_logger("webhooks")

_DONE = HTTPStatus.NO_CONTENT
CARRIER = "sinch"
#: How far back an answer that was already sent is looked for: Sinch repeats a callback for a day.
REPEATED = timedelta(days=2)


@blueprint.post("")
@everybody
def status() -> Response:
    """What became of a text. Its address holds our own sealed id; it is signed where that is due."""
    rt, form = runtime(), _form()
    modes = _proved(rt, form)
    if not modes:
        return _refused()
    try:
        receipt = rt.channel("sms", modes[0], CARRIER).parse_receipt(form)
    except ValueError:
        log.warning("receipt without its fields")
    else:
        receiving.accept(rt, receipt, modes, CARRIER)
    return Response(status=_DONE)


@blueprint.post("/inbound")
@everybody
def texted() -> Response:
    """A text from a resident. Its words count only when Sinch proves itself, by signature or by password (SINCH_CALLBACK_SECRET).

    The sandbox's secret stands in the source, so it counts only from this machine.
    """
    rt = runtime()
    modes = [live for live in (True, False) if _sinch_itself(rt, live)]
    proved = [live for live in modes if rt.settings.providers(live).sinch_api_token.get_secret_value()]
    if not proved and not (modes and from_this_machine()):
        return _refused()
    event = request.get_json(silent=True, force=True)
    event = event if isinstance(event, dict) else {}
    number, phone = str(event.get("id") or ""), str(event.get("from") or "")
    if not number or not phone:
        return problem(HTTPStatus.BAD_REQUEST, "the callback has no id or from")
    phone = f"+{phone.removeprefix('+')}"[:32]
    reply = replying.take(rt, phone, str(event.get("body") or ""), proved, now(), number[:120])
    if reply is not None:
        _answer(rt, True in proved, number[:120], phone, reply.text)
        return Response(status=_DONE)
    answer = inbound.receive(
        rt.db,
        rt.profile,
        now(),
        provider_id=number[:120],
        phone=phone,
        text=str(event.get("body") or ""),
        lanes=_lanes(rt, str(event.get("to") or "")) if True in proved else (),
        channel="sms",
    )
    if answer.text:
        _answer(rt, (proved or modes)[0], number[:120], phone, answer.text)
    return Response(status=_DONE)


def _form() -> dict[str, str]:
    """What the channel reads: the body as posted, our id from the address, and the headers that are signed with it."""
    return {
        "d": request.args.get("d", ""),
        "body": request.get_data().decode("utf-8", "replace"),
        "nonce": request.headers.get("X-Sinch-Webhook-Signature-Nonce", ""),
        "timestamp": request.headers.get("X-Sinch-Webhook-Signature-Timestamp", ""),
    }


def _proved(rt: Runtime, form: dict[str, str]) -> list[bool]:
    """Which accounts may have sent this: True live, False exercise.

    Where no signature is due, an id that we sealed is the whole proof: one that we did not seal proves nothing, not even together
    with a batch's id, which a signed callback from before a restore may still be known by.
    """
    signature, found = request.headers.get("X-Sinch-Webhook-Signature", ""), []
    sealed = _sealed(rt, form["d"])
    for live in (True, False):
        try:
            channel = rt.channel("sms", live, CARRIER)
        except NotReady:
            continue
        if channel.verify_receipt(request.url, form if sealed else form | {"d": ""}, signature):
            found.append(live)
    return found


def _sealed(rt: Runtime, token: str) -> bool:
    try:
        rt.unseal(token)
    except ValueError:
        return False
    return True


def _sinch_itself(rt: Runtime, live: bool) -> bool:
    """True when a text comes from the account: signed with its secret, or with the secret as the password of the callback."""
    if CARRIER not in rt.carriers("sms", live):
        return False
    secret = rt.settings.providers(live).sinch_callback_secret.get_secret_value()
    given = request.authorization.password if request.authorization else None
    if secret and given and hmac.compare_digest(given.encode(), secret.encode()):
        return True
    channel, signature = rt.channel("sms", live, CARRIER), request.headers.get("X-Sinch-Webhook-Signature", "")
    # Not by an id in the address, which proves a report: a text has none.
    return channel.verify_receipt(request.url, _form() | {"d": ""}, signature)


def _lanes(rt: Runtime, to: str) -> tuple[Lane, ...]:
    """The lanes that the number texted carries; both, when it is not one that we know."""
    given = rt.settings.live
    senders = {Lane.LIFE_SAFETY: given.sinch_from, Lane.INFORMATION: given.sinch_from_info or given.sinch_from}
    plain = to.removeprefix("+")
    found = tuple(
        lane
        for lane, text in senders.items()
        if plain in [each.partition("=")[0].strip().removeprefix("+") for each in text.split(",")]
    )
    return found or inbound.LANES


def _answer(rt: Runtime, live: bool, number: str, phone: str, words: str) -> None:
    """Text an answer; Sinch takes none in the callback itself. The text answered names it, so a repeated callback sends none again."""
    parcel = Parcel(id=f"reply-{number}", to=phone, text=words)
    channel = rt.channel("sms", live, CARRIER)
    try:
        if channel.find(parcel, now() - REPEATED) is None:
            for outcome in channel.send([parcel]):
                if outcome.error is not None:
                    log.warning("answer not sent", reason=outcome.error.reason, code=outcome.error.code)
    except ChannelError as error:
        log.warning("answer not sent", reason=error.reason, code=error.code)


def _refused() -> Response:
    log.warning("callback refused", endpoint=request.endpoint)
    return problem(HTTPStatus.FORBIDDEN, "the signature is missing or wrong")
