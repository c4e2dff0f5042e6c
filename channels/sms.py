"""SMS through Twilio: one text to one phone, its receipts, and the look whether it went out after all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from channels.base import (
    Action,
    Channel,
    ChannelError,
    Health,
    Limits,
    Misconfigured,
    Outcome,
    Parcel,
    Progress,
    Receipt,
    Refused,
    Unavailable,
    Uncertain,
)
from channels.senders import Sender, choose_sender, parse_sender, parse_senders
from channels.serial import Sent, one_by_one
from channels.text import transliterate_sms
from channels.wire import READ_TIMEOUT, Wire

__all__ = ["CODES", "STATUSES", "Sender", "Sms", "TwilioOptions", "choose_sender", "parse_sender", "parse_senders"]

ORIGIN = "https://api.twilio.com"
#: Longest ValidityPeriod Twilio takes, seconds.
LONGEST_VALIDITY = 36_000
#: How far Twilio's clock and ours may be apart when a message is looked for.
CLOCK_SKEW = timedelta(minutes=5)
#: Texts on one page of a list; the most Twilio gives.
PAGE = 1000

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


@dataclass(frozen=True, slots=True)
class TwilioOptions:
    """One Twilio account. `info_senders` carry the information lane (none: `senders` do); `timeout` is in seconds."""

    account_sid: str
    auth_token: str = field(repr=False)
    senders: tuple[Sender, ...]
    info_senders: tuple[Sender, ...] = ()
    api_url: str = ""
    timeout: float = READ_TIMEOUT


class Sms(Channel):
    """Texts to phones. Not amendable: what is wrong is corrected by another text."""

    name = "sms"
    limits = Limits("segments", per_part=2)
    actions = frozenset({Action.POST})
    personal = True
    lag = 30.0

    def __init__(self, options: TwilioOptions) -> None:
        if not (options.account_sid and options.auth_token and options.senders):
            raise Misconfigured("Twilio needs an account, a token and at least one sender", "not_set_up")
        self._options = options
        self._wire = Wire(ORIGIN, base_url=options.api_url, timeout=options.timeout, secrets=(options.auth_token,))
        http = TwilioHttpClient()
        http.session.close()
        http.session = self._wire.session
        self._client: Any = Client(options.account_sid, options.auth_token, http_client=http)
        self._validator: Any = RequestValidator(options.auth_token)

    def sender_for(self, parcel: Parcel) -> Sender:
        """The sender that carries this parcel: by lane, then always the same one for the same phone."""
        return choose_sender(self._senders(parcel.lane), parcel.to)

    def rate(self, lane: str) -> float:
        """All senders of the lane together: each carries its share by its own rate."""
        return sum(sender.rate for sender in self._senders(lane))

    def _senders(self, lane: str) -> tuple[Sender, ...]:
        information = lane == "information" and self._options.info_senders
        return self._options.info_senders if information else self._options.senders

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        return one_by_one(parcels, self.actions, self._deliver)

    def _deliver(self, parcel: Parcel) -> Sent:
        if parcel.valid_for is not None and parcel.valid_for < 1:
            raise Refused("it expired before it was sent", "expired")
        sender = self.sender_for(parcel)
        try:
            message = self._client.messages.create(
                to=parcel.to,
                body=parcel.text,
                from_=values.unset if sender.is_service else sender.address,
                messaging_service_sid=sender.address if sender.is_service else values.unset,
                status_callback=parcel.callback_url or values.unset,
                validity_period=values.unset if parcel.valid_for is None else min(parcel.valid_for, LONGEST_VALIDITY),
            )
        except TwilioRestException as error:
            failure = self._failure(error)
        else:
            return Sent(str(message.sid))
        raise failure

    def find(self, parcel: Parcel, since: datetime) -> Receipt | None:
        """By SID when known; else an outbound text to this phone with the same words, created since `since` less 5 min.

        Twilio keeps no trace of our own id in its list, so of several equal texts to one phone the newest is taken.
        """
        try:
            if parcel.provider_id:
                return self._receipt(self._client.messages(parcel.provider_id).fetch())
            wanted, earliest = _look(parcel.text), since - CLOCK_SKEW
            for message in self._client.messages.stream(to=parcel.to, page_size=PAGE):
                if (
                    _look(message.body or "") == wanted
                    and str(message.direction).startswith("outbound")
                    and message.date_created >= earliest
                ):
                    return self._receipt(message)
        except TwilioException as error:
            if isinstance(error, TwilioRestException) and error.status == 404 and parcel.provider_id:
                return None
            failure = self._failure(error)
        else:
            return None
        raise failure

    def _receipt(self, message: Any) -> Receipt:
        code = str(message.error_code or "")
        return Receipt(
            provider_id=str(message.sid),
            progress=STATUSES.get(str(message.status), Progress.ACCEPTED),
            code=code,
            reason=_words(code),
            transient=code in TRANSIENT,
        )

    def _failure(self, error: TwilioException) -> ChannelError:
        if not isinstance(error, TwilioRestException):  # a list page: the SDK raises its answer as a bare argument
            status = getattr(error.args[1], "status_code", 0) if len(error.args) > 1 else 0
            return self._wire.by_status(status, "Twilio could not list the messages") if status else _odd(error)
        code = int(error.code) if str(error.code).isdigit() else error.status
        kind, words = CODES.get(code, (None, ""))
        if kind is None:
            return self._wire.by_status(error.status, error.msg, str(code))
        if code in SLOW_DOWN:
            return self._wire.rate_limited(words, str(code))
        if kind is Refused:
            return Refused(words, str(code), opted_out=code == 21610)
        return kind(words, str(code))

    def parse_receipt(self, form: Mapping[str, str]) -> Receipt:
        """Read a status callback merged with its URL's arguments; `d` is our own id. ValueError names what is missing.

        A status that Twilio has added since counts as accepted, the lowest rank: it can never set a message back.
        """
        sid = form.get("MessageSid") or form.get("SmsSid")
        status = form.get("MessageStatus") or form.get("SmsStatus")
        if not sid or not status:
            raise ValueError(f"the callback has no {'MessageStatus' if sid else 'MessageSid'}")
        progress = STATUSES.get(status, Progress.ACCEPTED)
        code = form.get("ErrorCode", "") if progress is Progress.FAILED else ""
        return Receipt(
            provider_id=sid,
            progress=progress,
            parcel_id=form.get("d", ""),
            code=code,
            reason=_words(code),
            transient=code in TRANSIENT,
        )

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        """`url` is the configured public one with its query, `form` only what was posted (not the URL's arguments)."""
        return bool(signature) and bool(self._validator.validate(url, form, signature))

    def check(self) -> Health:
        """Fetch the account and look each sender up."""
        try:
            account = self._client.api.accounts(self._options.account_sid).fetch()
            if account.status != "active":
                raise Misconfigured(f"the Twilio account is {account.status}", "20005")
            senders = tuple(
                self._ability(sender) for sender in dict.fromkeys(self._options.senders + self._options.info_senders)
            )
        except TwilioException as error:
            failure = self._failure(error)
        else:
            trial = ("a trial account: it reaches only verified phones",) if account.type == "Trial" else ()
            return Health(account=str(account.friendly_name), senders=senders, notes=trial)
        raise failure

    def _ability(self, sender: Sender) -> str:
        rate = f"{sender.rate:g} a second"
        if sender.address.startswith("+"):
            owned = self._client.incoming_phone_numbers.list(phone_number=sender.address, limit=1)
            if not owned:
                return f"{sender.address}: not a number of this account"
            able = (owned[0].capabilities or {}).get("sms")
            return f"{sender.address}: {'sends and receives texts' if able else 'cannot send texts'}, {rate}"
        if not sender.can_receive:
            return f"{sender.address}: a name, sends only; nobody can answer it, {rate}"
        kind = "a messaging service, which picks a number itself" if sender.is_service else "a short code"
        return f"{sender.address}: {kind}, {rate}"

    def close(self) -> None:
        self._wire.close()


def _look(text: str) -> str:
    """A text as it may come back: Twilio can trade typographic signs for plain ones and trim spaces."""
    return " ".join(transliterate_sms(text)[0].split())


def _words(code: str) -> str:
    return CODES[int(code)][1] if code.isdigit() and int(code) in CODES else ""


def _odd(error: Exception) -> ChannelError:
    return Uncertain("Twilio's answer could not be understood", type(error).__name__)
