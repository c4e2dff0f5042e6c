"""A passkey as proof of who is at the keys, for one approval: the question belongs to one alert and one session, and holds once."""

import hashlib
import json
from urllib.parse import urlsplit

import webauthn
from flask import request, session
from flask_login import current_user
from webauthn.helpers import bytes_to_base64url, options_to_json, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

from broadcaster.store import accounts
from broadcaster.web.context import now, runtime

_ASKED = "passkey_asked"
#: Seconds for which a question holds: as long as somebody reads before they decide.
HOLDS = 900


def question(about: str) -> str:
    """The browser's question (JSON) for a page about `about`, which is whatever the answer is to hold for; empty: they have no passkey."""
    if not current_user.webauthn:
        return ""
    options = webauthn.generate_authentication_options(
        rp_id=urlsplit(runtime().settings.public_url).hostname or "",
        timeout=60_000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in current_user.webauthn],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    session[_ASKED] = [_digest(about), bytes_to_base64url(options.challenge), int(now().timestamp())]
    return options_to_json(options)


def answered(about: str) -> bool:
    """True when the form's `credential` is this person's passkey's answer to the question that their last page asked about `about`."""
    asked, given = session.pop(_ASKED, None), request.form.get("credential", "")
    if not asked or not given or asked[0] != _digest(about) or now().timestamp() - asked[2] > HOLDS:
        return False
    try:
        answer = parse_authentication_credential_json(given)
        with runtime().db.read() as connection:
            passkey = accounts.passkey(connection, answer.raw_id)
        if passkey is None or passkey.user_id != str(current_user.id):
            return False
        proved = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=webauthn.base64url_to_bytes(asked[1]),
            expected_origin=_origin(),
            expected_rp_id=urlsplit(runtime().settings.public_url).hostname or "",
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except (WebAuthnException, ValueError, json.JSONDecodeError):
        return False
    with runtime().db.write() as tx:
        accounts.change_passkey(tx, passkey.id, {"sign_count": proved.new_sign_count, "lastuse_datetime": now()})
    return True


def _origin() -> str:
    parts = urlsplit(runtime().settings.public_url)
    return f"{parts.scheme}://{parts.netloc}"


def _digest(about: str) -> str:
    return hashlib.sha256(about.encode()).hexdigest()[:32]
