"""The second step at the terminal: the same codes as at the console's log-in, each good once."""

from typing import Any

from broadcaster.runtime import Runtime
from broadcaster.store import accounts
from broadcaster.store.accounts import Account
from broadcaster.web.app import TRANSLATIONS
from broadcaster.web.auth.people import OneTimeCodes, Person
from broadcaster.web.config import configuration


class _Codes(OneTimeCodes):
    """Codes checked outside a web request; `taken` once one was right and had not been used before."""

    def __init__(self, rt: Runtime) -> None:
        values = configuration(rt.settings, TRANSLATIONS)
        super().__init__(values["SECURITY_TOTP_SECRETS"], values["SECURITY_TOTP_ISSUER"])
        self._rt, self.taken = rt, False

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        with self._rt.db.write() as tx:
            self.taken = accounts.use_code(tx, str(user.id), tmatch.counter)


def code_is_right(rt: Runtime, person: Account, code: str) -> bool:
    """True when `code` is one that the person's authenticator app shows now, and nobody has used it; it is used up then."""
    codes = _Codes(rt)
    right = codes.verify_totp(code.strip(), person.tf_totp_secret or "", Person(person, rt.db), window=30)
    return bool(right) and codes.taken
