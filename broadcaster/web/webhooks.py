"""Callbacks of providers: proved by their signature over our configured address, then passed on; the Host header counts nothing."""

import hashlib
import hmac
from http import HTTPStatus
from xml.sax.saxutils import escape

import structlog
from flask import Blueprint, Response, request

from broadcaster.domain.errors import NotReady
from broadcaster.domain.kind import Lane
from broadcaster.runtime import Runtime
from broadcaster.services import inbound, receiving, replying
from broadcaster.web import facebook_comments
from broadcaster.web.auth.addresses import from_this_machine
from broadcaster.web.auth.guard import everybody
from broadcaster.web.context import now, runtime
from broadcaster.web.errors import problem

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
log = structlog.get_logger("webhooks")

_DONE = HTTPStatus.NO_CONTENT


@blueprint.post("/twilio/status")
@everybody
def twilio_status() -> Response:
    """What became of a text. A right signature about nothing of ours is answered as done, or Twilio would ask again.

    Signed with the exercise account's secret it may only speak about exercises: that secret may be the sandbox's, which is
    no secret (docs/decisions/032).
    """
    rt = runtime()
    modes = _signed_by(rt)
    if not modes:
        return _refused()
    try:
        receipt = rt.channel("sms", modes[0], "twilio").parse_receipt(request.args.to_dict() | request.form.to_dict())
    except ValueError:
        log.warning("receipt without its fields")
    else:
        receiving.accept(rt, receipt, modes, "twilio")
    return Response(status=_DONE)


@blueprint.post("/twilio/inbound")
@everybody
def twilio_inbound() -> Response:
    """A text from a resident: kept, and answered in TwiML.

    The sandbox's secret stands in the source, so it counts only from this machine; and who says stop to an exercise's
    number still gets live texts, which come from another number.
    """
    rt = runtime()
    modes = _signed_by(rt)
    proved = [live for live in modes if rt.settings.providers(live).twilio_auth_token.get_secret_value()]
    if not proved and not (modes and from_this_machine()):
        return _refused()
    sid, phone = request.form.get("MessageSid", ""), request.form.get("From", "")
    if not sid or not phone:
        return problem(HTTPStatus.BAD_REQUEST, "the callback has no MessageSid or From")
    reply = replying.take(rt, phone[:32], request.form.get("Body", ""), proved, now(), sid[:120])
    if reply is not None:
        return _twiml(reply.text)
    text, lanes = request.form.get("Body", ""), _lanes(rt, request.form.get("To", "")) if True in proved else ()
    answer = inbound.receive(
        rt.db, rt.profile, now(), provider_id=sid[:120], phone=phone[:32], text=text, lanes=lanes, channel="sms"
    )
    return _twiml(answer.text)


def _twiml(text: str) -> Response:
    said = f"<Message>{escape(text)}</Message>" if text else ""
    twiml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
    return Response(twiml, mimetype="application/xml")


def _lanes(rt: Runtime, to: str) -> tuple[Lane, ...]:
    """The lanes that the number texted carries; both, when it is not one that we know (a messaging service's)."""
    given = rt.settings.live
    senders = {Lane.LIFE_SAFETY: given.twilio_from, Lane.INFORMATION: given.twilio_from_info or given.twilio_from}
    found = tuple(
        lane for lane, text in senders.items() if to and to in text.replace("|", ",").replace("=", ",").split(",")
    )
    return found or inbound.LANES


def _signed_by(rt: Runtime) -> list[bool]:
    """Whose secret signed this request: True live, False exercise; both only where a demo uses the sandbox for both."""
    found = []
    signature = request.headers.get("X-Twilio-Signature", "")
    query = request.query_string.decode("ascii", "replace")
    url = rt.settings.public_url.rstrip("/") + request.path + (f"?{query}" if query else "")
    for live in (True, False):
        try:
            channel = rt.channel("sms", live, "twilio")
        except NotReady:
            continue
        if channel.verify_receipt(url, request.form.to_dict(), signature):
            found.append(live)
    return found


@blueprint.get("/facebook")
@everybody
def facebook_challenge() -> Response:
    """Facebook asks once whether this address is ours: it must know the token that we gave it."""
    expected = _facebook_token(runtime())
    given = request.args.get("hub.verify_token", "")
    if request.args.get("hub.mode") != "subscribe" or not expected or not hmac.compare_digest(given, expected):
        return _refused()
    return Response(request.args.get("hub.challenge", "")[:256], mimetype="text/plain")


@blueprint.post("/facebook")
@everybody
def facebook() -> Response:
    """Comments under our posts. Signed with the app's secret over the very bytes sent."""
    rt, body = runtime(), request.get_data()
    secret = rt.settings.live.facebook_app_secret.get_secret_value()
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(request.headers.get("X-Hub-Signature-256", ""), right):
        return _refused()
    for comment in facebook_comments.read(request.get_json(silent=True, force=True), rt.settings.live.facebook_page_id):
        inbound.receive(
            rt.db,
            rt.profile,
            now(),
            provider_id=comment.id,
            phone=comment.author,
            text=comment.text,
            lanes=(),
            channel="facebook",
        )
    return Response(status=_DONE)


def _facebook_token(rt: Runtime) -> str:
    """Derived from the app's secret, so that there is no further setting; `channels check` shows it."""
    secret = rt.settings.live.facebook_app_secret.get_secret_value()
    return hmac.new(secret.encode(), b"webhook", hashlib.sha256).hexdigest()[:32] if secret else ""


def _refused() -> Response:
    log.warning("callback refused", endpoint=request.endpoint)
    return problem(HTTPStatus.FORBIDDEN, "the signature is missing or wrong")
