"""A real OpenID Connect provider on loopback, made of Authlib's own server side; what it says of its one person is the test's."""

import os
import socket
import threading
from types import TracebackType
from typing import Any, Self

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode as OpenIdGrant
from authlib.oidc.core import UserInfo
from flask import Flask, Response, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "broadcaster-console", "a-secret-of-the-provider"


class _Client(ClientMixin):  # type: ignore[misc]
    """The console, as the provider knows it."""

    client_id = CLIENT_ID

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri = redirect_uri

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self._redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """One code that was given out."""

    def __init__(self, request: Any, auth_time: int) -> None:
        self.auth_time = auth_time
        given = request.payload.data
        self.redirect_uri, self.scope = given.get("redirect_uri"), given.get("scope")
        self.nonce, self.code_challenge = given.get("nonce"), given.get("code_challenge")
        self.code_challenge_method = given.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> str:
        return str(self.nonce)

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Provider:
    """`claims` is what the ID token says; `asked` what came to the authorization endpoint last; `down` makes it answer 503."""

    def __init__(self, redirect_uri: str) -> None:
        self.claims: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        #: When the person showed themselves last: long ago, and remembered since.
        self.auth_time = 1_700_000_000
        self.down = False
        self.issuer_said = ""
        self._codes: dict[str, _Code] = {}
        self._client = _Client(redirect_uri)
        self._key = RSAKey.generate_key(2048, parameters={"kid": "one", "alg": "RS256", "use": "sig"})
        listener = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True, fd=listener.fileno())
        listener.close()

    def __enter__(self) -> Self:
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # of its server side only: loopback has no TLS
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        del os.environ["AUTHLIB_INSECURE_TRANSPORT"]
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _app(self) -> Flask:
        app, outer = Flask(__name__), self
        server = AuthorizationServer(app, query_client=lambda _: self._client, save_token=lambda token, request: None)

        class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

            def save_authorization_code(self, code: str, request: Any) -> None:
                outer._codes[code] = _Code(request, outer.auth_time)

            def query_authorization_code(self, code: str, client: Any) -> _Code | None:
                return outer._codes.get(code)

            def delete_authorization_code(self, authorization_code: _Code) -> None:
                outer._codes = {code: each for code, each in outer._codes.items() if each is not authorization_code}

            def authenticate_user(self, authorization_code: _Code) -> str:
                return "the person"

        class OpenIdCode(OpenIdGrant):  # type: ignore[misc]
            def exists_nonce(self, nonce: str, request: Any) -> bool:
                return False

            def resolve_client_private_key(self, client: Any) -> Any:
                return outer._key

            def get_client_algorithm(self, client: Any) -> str:
                return "RS256"

            def get_client_claims(self, client: Any) -> dict[str, Any]:
                return {"iss": outer.issuer}

            def generate_user_info(self, user: Any, scope: str) -> UserInfo:
                return UserInfo({"sub": "1", **outer.claims})

        server.register_grant(CodeGrant, [OpenIdCode(require_nonce=True), CodeChallenge(required=True)])
        self._routes(app, server)
        return app

    def _routes(self, app: Flask, server: AuthorizationServer) -> None:
        @app.before_request
        def silence() -> Response | None:
            return Response(status=503) if self.down else None

        @app.get("/.well-known/openid-configuration")
        def metadata() -> Response:
            return jsonify(
                issuer=self.issuer_said or self.issuer,
                authorization_endpoint=f"{self.issuer}/authorize",
                token_endpoint=f"{self.issuer}/token",
                jwks_uri=f"{self.issuer}/keys",
                id_token_signing_alg_values_supported=["RS256", "HS256", "none"],
                code_challenge_methods_supported=["S256"],
            )

        @app.get("/authorize")
        def authorize() -> Any:
            self.asked = request.args.to_dict()
            grant = server.get_consent_grant(end_user="the person")
            return server.create_authorization_response(grant_user="the person", grant=grant)

        @app.post("/token")
        def token() -> Any:
            return server.create_token_response()

        @app.get("/keys")
        def keys() -> Response:
            return jsonify(keys=[self._key.as_dict(private=False)])
