"""Ids that leave the house: unguessable names for rows, and signed ones that find a row by its number."""

import hashlib
import hmac
import secrets
from functools import cached_property

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import SigningAlgorithm

#: Letters that nobody confuses when reading an address aloud or typing it from paper.
_CLEAR = "23456789abcdefghjkmnpqrstuvwxyz"


def new_id() -> str:
    """Unguessable (128 bits), for addresses of the console and the API."""
    return secrets.token_hex(16)


def short_token() -> str:
    """Eight clear characters (39 bits) for the short link in a text: public, so it need not be secret, only unique."""
    return "".join(secrets.choice(_CLEAR) for _ in range(8))


class _Sha256(SigningAlgorithm):
    """HMAC-SHA256 in one call of the library that does it: a seal is made for every text that leaves."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


class _Signer(Signer):
    """With its key derived once, for the same reason."""

    @cached_property
    def _derived(self) -> bytes:
        return super().derive_key()

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        return self._derived if secret_key is None else super().derive_key(secret_key)


class Sealer:
    """Signs row numbers, so that a callback's address can carry one that nobody else can make up."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._signers: dict[str, _Signer] = {}

    def seal(self, kind: str, number: int) -> str:
        """`number` with a signature that holds for `kind` only."""
        return self._signer(kind).sign(str(number)).decode()

    def unseal(self, kind: str, token: str) -> int:
        """The number again; ValueError when the token was not made here for `kind`."""
        try:
            return int(self._signer(kind).unsign(token))
        except BadSignature:
            raise ValueError("not one of our tokens") from None

    def _signer(self, kind: str) -> _Signer:
        if kind not in self._signers:
            self._signers[kind] = _Signer(
                self._secret, salt=f"broadcaster.{kind}", digest_method=hashlib.sha256, algorithm=_Sha256()
            )
        return self._signers[kind]
