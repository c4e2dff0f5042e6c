"""What Twilio's error codes and message states mean to us, as tables."""

from channels.base import ChannelError, Misconfigured, Progress, Refused, Unavailable

#: What to do about Twilio's codes (https://www.twilio.com/docs/api/errors). Any other follows its HTTP class.
CODES: dict[int, tuple[type[ChannelError], str]] = {
    14107: (Unavailable, "the sender's rate limit is reached"),
    20003: (Misconfigured, "Twilio does not accept the account's credentials"),
    20005: (Misconfigured, "the Twilio account is not active"),
    20006: (Misconfigured, "the Twilio account has no credit left"),
    20429: (Unavailable, "Twilio asks us to slow down"),
    21211: (Refused, "not a phone number"),
    21212: (Misconfigured, "the sender is not a valid one"),
    21408: (Misconfigured, "the account may not send to this country"),
    21602: (Refused, "the text is empty"),
    21603: (Misconfigured, "there is no sender"),
    21604: (Refused, "there is no recipient"),
    21606: (Misconfigured, "the sender cannot send texts, or is not this account's"),
    21609: (Misconfigured, "Twilio cannot use our public address for its callbacks"),
    21610: (Refused, "the resident has answered STOP to this sender"),
    21611: (Unavailable, "the sender's queue is full"),
    21612: (Refused, "this sender cannot reach this phone"),
    21614: (Refused, "not a mobile phone"),
    21617: (Refused, "the text is longer than Twilio takes (1,600 characters)"),
    21659: (Misconfigured, "the sender is not one of this account's"),
    21660: (Misconfigured, "the sender belongs to another account"),
    21703: (Misconfigured, "the messaging service has no sender"),
    21705: (Misconfigured, "the messaging service does not exist"),
    30001: (Unavailable, "the sender's queue is full"),
    30002: (Misconfigured, "the Twilio account is suspended"),
    30003: (Unavailable, "the phone was off or out of reach"),
    30004: (Refused, "the phone or its operator blocks these texts"),
    30005: (Refused, "the number does not exist or is not in service"),
    30006: (Refused, "a landline, or an operator that cannot be reached"),
    30007: (Refused, "the operator filtered the text as unwanted"),
    30008: (Unavailable, "the operator gave no reason"),
    30034: (Misconfigured, "the sender is not registered with the operators"),
    30036: (Refused, "it could not be delivered while it was valid"),
    63038: (Misconfigured, "the account's daily limit is used up"),
}
#: Codes that say "too many, too fast": they are about the sender, not about this message.
SLOW_DOWN = frozenset({14107, 20429, 21611, 30001})
#: Failures worth one more try when a receipt reports them.
TRANSIENT = frozenset({"30003", "30008"})

STATUSES = {
    "accepted": Progress.ACCEPTED,
    "scheduled": Progress.ACCEPTED,
    "queued": Progress.ACCEPTED,
    "sending": Progress.ACCEPTED,
    "sent": Progress.SENT,
    "delivered": Progress.DELIVERED,
    "read": Progress.DELIVERED,
    "failed": Progress.FAILED,
    "undelivered": Progress.FAILED,
    "partially_delivered": Progress.FAILED,  # half an instruction is not an instruction
    "canceled": Progress.FAILED,
}


def words(code: str) -> str:
    """What a code means, for an operator; empty for one that the table does not name."""
    return CODES[int(code)][1] if code.isdigit() and int(code) in CODES else ""
