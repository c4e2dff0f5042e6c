"""What log-in says to people, in our own plain words; marked here so that the catalogue has them."""

from typing import Final


def N_(text: str) -> str:  # noqa: N802 - the customary mark for words that are translated later
    """Mark a text for the catalogue without translating it yet."""
    return text


#: Flask-Security's message → our words and their category.
SECURITY_WORDS: Final[dict[str, tuple[str, str]]] = {
    "GENERIC_AUTHN_FAILED": (N_("The address or the password is wrong."), "error"),
    "UNAUTHENTICATED": (N_("Log in to see this page."), "info"),
    "REAUTHENTICATION_REQUIRED": (N_("Enter your password again to do this."), "info"),
    "REAUTHENTICATION_SUCCESSFUL": (N_("Thank you, that was you."), "success"),
    "EMAIL_NOT_PROVIDED": (N_("Enter your e-mail address."), "error"),
    "INVALID_EMAIL_ADDRESS": (N_("This is not an e-mail address."), "error"),
    "PASSWORD_NOT_PROVIDED": (N_("Enter your password."), "error"),
    "INVALID_PASSWORD": (N_("The password is wrong."), "error"),
    "PASSWORD_INVALID_LENGTH": (N_("The password must have at least %(length)s characters."), "error"),
    "PASSWORD_IS_THE_SAME": (N_("The new password must differ from the old one."), "error"),
    "RETYPE_PASSWORD_MISMATCH": (N_("The two new passwords differ."), "error"),
    "PASSWORD_CHANGE": (N_("Your password is changed. Other devices are logged out."), "success"),
    "DISABLED_ACCOUNT": (N_("This account is closed. Ask an admin."), "error"),
    "TWO_FACTOR_INVALID_TOKEN": (N_("The code is wrong or too old. Enter the one shown now."), "error"),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": (N_("Welcome."), "success"),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": (N_("Two-step log-in is on."), "success"),
    "TWO_FACTOR_DISABLED": (N_("Two-step log-in is off."), "success"),
    "TWO_FACTOR_PERMISSION_DENIED": (N_("Start again with your address and password."), "error"),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": (N_("Choose one of the methods shown."), "error"),
    "TWO_FACTOR_SETUP_EXPIRED": (N_("That took longer than %(within)s. Please start over."), "error"),
    "INVALID_CODE": (N_("The code is wrong."), "error"),
    "INVALID_RECOVERY_CODE": (N_("This recovery code is wrong or has been used."), "error"),
    "NO_RECOVERY_CODES_SETUP": (N_("There are no recovery codes yet."), "info"),
    "API_ERROR": (N_("This does not belong together. Please start over."), "error"),
    "WEBAUTHN_EXPIRED": (N_("That took longer than %(within)s. Please start over."), "error"),
    "WEBAUTHN_NAME_REQUIRED": (N_("Give the passkey a name."), "error"),
    "WEBAUTHN_NAME_INUSE": (N_("You have a passkey called %(name)s already."), "error"),
    "WEBAUTHN_NAME_NOT_FOUND": (N_("You have no passkey called %(name)s."), "error"),
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": (N_("The name may have letters, digits, spaces, - and _."), "error"),
    "WEBAUTHN_CREDENTIAL_DELETED": (N_("The passkey %(name)s is removed."), "info"),
    "WEBAUTHN_REGISTER_SUCCESSFUL": (N_("The passkey %(name)s is ready."), "success"),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": (N_("This passkey is registered already."), "error"),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": (N_("This passkey is not known here."), "error"),
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": (N_("This passkey belongs to nobody here."), "error"),
    "WEBAUTHN_NO_VERIFY": (N_("The passkey could not be verified."), "error"),
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": (N_("This passkey was not registered for this use."), "error"),
    "WEBAUTHN_MISMATCH_USER_HANDLE": (N_("This passkey belongs to somebody else."), "error"),
}
