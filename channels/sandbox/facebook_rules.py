"""What the Graph API refuses and how: versions, tokens, proofs, rate limits, all in its one error envelope."""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.faults import Fault

#: Clearly invented credentials.
FAKE_PAGE_ID = "110120110000001"
FAKE_PAGE_TOKEN = "EAAsandboxPageTokenNotASecret"
FAKE_APP_SECRET = "sandbox-facebook-app-secret-not-a-secret"

#: Versions that still answer. Source: https://developers.facebook.com/docs/graph-api/changelog/versions
OLDEST, NEWEST = (20, 0), (25, 0)
JSON = "application/json; charset=UTF-8"
RATE_CODES = {4: "Application", 17: "User", 32: "Page", 613: "Calls to this api", 80001: "Page business use case"}


@dataclass(frozen=True, slots=True)
class FacebookSettings:
    """The page, its token and its app's secret. `require_proof` refuses requests without appsecret_proof."""

    page_id: str = FAKE_PAGE_ID
    page_token: str = FAKE_PAGE_TOKEN
    app_secret: str = FAKE_APP_SECRET
    page_name: str = "Sandbox Council"
    require_proof: bool = False


class GraphError(Exception):
    """A refusal of the Graph API."""

    def __init__(self, code: int, message: str, status: int = 400, kind: str = "OAuthException", **extra: Any) -> None:
        super().__init__(message)
        self.code, self.status, self.kind, self.extra = code, status, kind, extra

    def reply(self) -> Reply:
        """The envelope `{"error": {message, type, code, error_subcode?, fbtrace_id}}`."""
        error = {"message": str(self), "type": self.kind, "code": self.code, **self.extra, "fbtrace_id": trace()}
        headers = {}
        if self.code == 190:
            headers["WWW-Authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{self}"'
        return json_reply({"error": error}, self.status, headers, JSON)


def trace() -> str:
    """A support id as Facebook makes them."""
    return "A" + secrets.token_urlsafe(16)


def invalid(message: str) -> GraphError:
    """A parameter that will not do."""
    return GraphError(100, f"(#100) {message}")


def missing(key: str, verb: str = "get") -> GraphError:
    """An object that is not there, or not there any more."""
    return GraphError(
        100,
        f"Unsupported {verb} request. Object with ID '{key}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        kind="GraphMethodException",
        error_subcode=33,
    )


def duplicate() -> GraphError:
    """The same words twice in a row."""
    return GraphError(
        506,
        "(#506) Duplicate status message",
        error_subcode=1455006,
        is_transient=False,
        error_user_title="Duplicate Status Update",
        error_user_msg="This status update is identical to the last one you posted.",
    )


def limited(code: int) -> GraphError:
    """Too many calls, under one of the codes 4, 17, 32, 613 or 80001."""
    who = RATE_CODES.get(code, "Application")
    ending = "have exceeded the rate limit." if code == 613 else "request limit reached"
    return GraphError(code, f"(#{code}) {who} {ending}", status=400 if code == 613 else 403, is_transient=True)


def split_version(path: str) -> tuple[str, list[str]]:
    """(version, path parts) of `/v25.0/a/b`; no version means the oldest. Raises GraphError for one not served."""
    parts = [part for part in path.split("/") if part]
    match = re.fullmatch(r"v(\d+)\.(\d+)", parts[0]) if parts else None
    if match is None:
        return f"v{OLDEST[0]}.{OLDEST[1]}", parts
    asked = int(match.group(1)), int(match.group(2))
    newest = f"v{NEWEST[0]}.{NEWEST[1]}"
    if asked < OLDEST:
        raise GraphError(
            2635,
            f"(#2635) You are calling a deprecated version of the API. Please update to the latest version: {newest}.",
        )
    if asked > NEWEST:
        raise GraphError(2500, f"Unknown path components: {path}")
    return parts[0], parts[1:]


def check_token(call: Call, settings: FacebookSettings, adopt: bool) -> str:
    """Check access_token and appsecret_proof, wherever they stand; returns the token. Raises GraphError.

    With `adopt` any other token is believed too; its proof cannot be checked.
    """
    token = call.query.get("access_token") or call.form.get("access_token") or _bearer(call)
    if not token:
        raise GraphError(104, "An access token is required to request this resource.")
    if token != settings.page_token:
        if not adopt:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
        return token
    proof = call.query.get("appsecret_proof") or call.form.get("appsecret_proof")
    if proof is None and settings.require_proof:
        raise _proof_error("API calls from the server require an appsecret_proof argument")
    expected = hmac.new(settings.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    if proof is not None and not hmac.compare_digest(proof.encode(), expected.encode()):
        raise _proof_error("Invalid appsecret_proof provided in the API argument")
    return token


def _proof_error(message: str) -> GraphError:
    return GraphError(100, message, kind="GraphMethodException")


def _bearer(call: Call) -> str:
    scheme, _, rest = call.headers.get("Authorization", "").partition(" ")
    return rest.strip() if scheme.lower() in ("bearer", "oauth") else ""


def fault_reply(fault: Fault) -> Reply:
    """Facebook's own shape for a fault; a 429 is code 4 unless `code` says otherwise."""
    status = fault.status if fault.fault == "error" else int(fault.fault[:3])
    if status == 429 or fault.code in RATE_CODES:
        error = limited(fault.code or 4)
    elif fault.fault == "error":
        error = GraphError(fault.code or 1, f"(#{fault.code or 1}) An error occurred", status)
    else:
        error = {
            401: GraphError(190, "Error validating access token: The session is no longer valid.", error_subcode=460),
            402: GraphError(368, "The action attempted has been deemed abusive or is otherwise disallowed"),
            500: GraphError(1, "An unknown error has occurred.", 500),
            503: GraphError(2, "An unexpected error has occurred. Please retry later.", 503, is_transient=True),
        }[status]
    reply = error.reply()
    reply.headers |= usage(100 if error.code in RATE_CODES else 10)
    return reply


def graph_reply(payload: object) -> Reply:
    """An answer as the Graph API sends it."""
    return json_reply(payload, content_type=JSON)


def usage(percent: int) -> dict[str, str]:
    """X-App-Usage: how much of the hour's calls is used, in per cent."""
    return {"X-App-Usage": json.dumps({"call_count": percent, "total_cputime": percent, "total_time": percent})}
