"""What Sinch's error codes, delivery states and report codes mean to us, as tables."""

from channels.base import ChannelError, Misconfigured, Progress, Refused

#: What to do about the code of a refused request (https://developers.sinch.com/docs/sms/api-reference/status-codes).
#: Any other follows its HTTP class.
CODES: dict[str, tuple[type[ChannelError], str]] = {
    "syntax_invalid_json": (Misconfigured, "Sinch could not read the request"),
    "syntax_invalid_parameter_format": (Refused, "Sinch does not accept a field"),
    "syntax_constraint_violation": (Refused, "Sinch does not accept a field"),
    "illegal_number_type": (Refused, "this kind of number cannot be reached in this region"),
    "blocked_account": (Misconfigured, "the Sinch account is blocked"),
    "missing_callback_url": (Misconfigured, "Sinch has no address for its callbacks"),
    "unauthorized": (Misconfigured, "Sinch does not accept the service plan or its token"),
}
#: Fields of ours, not of the recipient: a complaint about one of these is the operator's to mend, and true for every text.
OUR_FIELDS = ("from", "callback_url", "delivery_report", "client_reference", "expire_at")

#: Delivery states, upper case (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
STATUSES = {
    "QUEUED": Progress.ACCEPTED,
    "DISPATCHED": Progress.SENT,
    "UNKNOWN": Progress.SENT,  # handed over, and nothing was heard since: neither arrived nor failed
    "DELIVERED": Progress.DELIVERED,
    "ABORTED": Progress.FAILED,
    "CANCELLED": Progress.FAILED,
    "DELETED": Progress.FAILED,
    "EXPIRED": Progress.FAILED,
    "FAILED": Progress.FAILED,
    "REJECTED": Progress.FAILED,
}
#: Codes of a delivery report that say why it failed; others are the network's own.
REPORTS = {
    "402": "the text could not be routed to this phone",
    "403": "Sinch had an error of its own",
    "404": "it could not be delivered for the moment",
    "406": "it expired before it reached the network",
    "407": "it was cancelled before it reached the network",
    "408": "the network refused the text",
    "410": "there is no sender for this recipient",
    "411": "the text has more parts than are allowed",
    "412": "the account may not send to this region",
    "413": "the Sinch account is blocked",
}
#: What a final state alone says, where the code is the network's own.
ENDS = {
    "DELETED": "the number is not valid, or the resident has opted out",
    "EXPIRED": "it could not be delivered while it was valid",
    "REJECTED": "the operator refused the text",
    "FAILED": "the operator could not deliver it",
    "CANCELLED": "it was cancelled before it reached the network",
}
#: Failures worth one more try: nothing was sent, and Sinch says that the next may go.
TRANSIENT = frozenset({"403", "404"})


def words(status: str, code: str) -> str:
    """Why a text failed, for an operator; empty for what no table names."""
    return REPORTS.get(code) or ENDS.get(status.upper(), "")
