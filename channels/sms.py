"""SMS through Twilio: texts to phones, their receipts, and the look whether one went out after all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from channels.base import (
    ChannelError,
    Health,
    Listed,
    Misconfigured,
    Parcel,
    Progress,
    Receipt,
    Refused,
    Uncertain,
)
from channels.letter import Answer, Form, Letter
from channels.senders import Sender, choose_sender, parse_sender, parse_senders
from channels.serial import Sent, check_action
from channels.slot import CODINGS
from channels.text import transliterate_sms
from channels.texting import Texting, TextingOptions, life_of
from channels.twilio_codes import CODES, SLOW_DOWN, STATUSES, TRANSIENT, words
from channels.verdict import judge
from channels.wire import Wire

__all__ = ["CODES", "STATUSES", "Sender", "Sms", "TwilioOptions", "choose_sender", "parse_sender", "parse_senders"]

ORIGIN = "https://api.twilio.com"
#: Longest ValidityPeriod Twilio takes, seconds.
LONGEST_VALIDITY = 36_000
#: How far Twilio's clock and ours may be apart when a message is looked for.
CLOCK_SKEW = timedelta(minutes=5)
#: Texts on one page of a list; the most Twilio gives.
PAGE = 1000


@dataclass(frozen=True, slots=True)
class TwilioOptions(TextingOptions):
    """One Twilio account."""

    account_sid: str
    auth_token: str = field(repr=False)


class Sms(Texting):
    """Texts through Twilio."""

    carrier = "twilio"
    callback_path = "/webhooks/twilio/status"
    lists = True

    def __init__(self, options: TwilioOptions) -> None:
        if not (options.account_sid and options.auth_token and options.senders):
            raise Misconfigured("Twilio needs an account, a token and at least one sender", "not_set_up")
        self._options = options
        wire = Wire(ORIGIN, base_url=options.api_url, timeout=options.timeout, secrets=(options.auth_token,))
        super().__init__(wire, options)
        http = TwilioHttpClient()
        http.session.close()
        http.session = wire.session
        self._client: Any = Client(options.account_sid, options.auth_token, http_client=http)
        self._validator: Any = RequestValidator(options.auth_token)
        self._forms: dict[tuple[str, bool, bool], Form] = {}

    def _deliver(self, parcel: Parcel) -> Sent:
        self._wire.not_after = parcel.not_after
        sender, seconds = self.sender_for(parcel), life_of(parcel, LONGEST_VALIDITY)
        try:
            message = self._create(sender, parcel.to, parcel.text, parcel.callback_url, seconds)
        except (TwilioRestException, TwilioServiceException) as error:
            failure = self._failure(error)
        else:
            return _sent(message.sid)
        raise failure

    def _create(self, sender: Sender, to: str, text: str, callback_url: str, seconds: int | str | None) -> Any:
        return self._client.messages.create(
            to=to,
            body=text,
            from_=values.unset if sender.is_service else sender.address,
            messaging_service_sid=sender.address if sender.is_service else values.unset,
            status_callback=callback_url or values.unset,
            validity_period=values.unset if seconds is None else seconds,
        )

    def _letter(self, parcel: Parcel) -> Letter:
        """The SDK's own request: it writes one of each kind, and only what differs is filled in."""
        check_action(parcel, self.actions)
        sender, seconds = self.sender_for(parcel), life_of(parcel, LONGEST_VALIDITY)
        kind = sender.address, bool(parcel.callback_url), seconds is not None
        form = self._forms.get(kind)
        if form is None:
            callback_url, period = "{callback_url}" if kind[1] else "", "{seconds}" if kind[2] else None
            sample = self._wire.rehearse(lambda: self._create(sender, "{to}", "{text}", callback_url, period))
            form = self._forms[kind] = Form(sample, CODINGS)
        return form.fill(
            {"to": parcel.to, "text": parcel.text, "callback_url": parcel.callback_url, "seconds": str(seconds)},
            parcel.not_after,
        )

    def _read(self, answer: Answer) -> Sent:
        failure = judge(answer.status, answer.headers, answer.json)
        if failure is None and answer.status < 300:
            return _sent(answer.json().get("sid") if answer.body else None)
        self._wire.status, self._wire.headers = answer.status, answer.headers
        if failure is None:
            response = Response(answer.status, answer.body.decode("utf-8", "replace"))
            failure = self._failure(self._client.api.v2010.exception("POST", "", response, "Unable to create record"))
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
            if getattr(error, "status", 0) == 404 and parcel.provider_id:
                return None
            failure = self._failure(error)
        else:
            return None
        raise failure

    def listing(self, since: datetime, cursor: str = "") -> Listed:
        """1,000 at a time, by when Twilio sent them. A text that still waits has not been sent, and is not in the list."""
        messages = self._client.messages
        try:
            page = (
                messages.get_page(cursor)
                if cursor
                else messages.page(date_sent_after=since - CLOCK_SKEW, page_size=PAGE)
            )
            found = tuple(self._receipt(each) for each in page if str(each.direction).startswith("outbound"))
            return Listed(found, page.next_page_url or "")
        except TwilioException as error:
            failure = self._failure(error)
        except (ValueError, KeyError, TypeError) as error:
            failure = _odd(error)
        raise failure

    def _receipt(self, message: Any) -> Receipt:
        code = str(message.error_code or "")
        return Receipt(
            provider_id=str(message.sid),
            progress=STATUSES.get(str(message.status), Progress.ACCEPTED),
            code=code,
            reason=words(code),
            transient=code in TRANSIENT,
        )

    def _failure(self, error: TwilioException) -> ChannelError:
        if not isinstance(error, (TwilioRestException, TwilioServiceException)):
            # A list page: the SDK raises its answer as a bare argument.
            status = getattr(error.args[1], "status_code", 0) if len(error.args) > 1 else 0
            return self._wire.by_status(status, "Twilio could not list the messages") if status else _odd(error)
        code = int(error.code) if str(error.code).isdigit() else error.status
        kind, reason = CODES.get(code, (None, ""))
        if kind is None:
            said = error.msg if isinstance(error, TwilioRestException) else error.detail or error.title
            return self._wire.by_status(error.status, said, str(code))
        if code in SLOW_DOWN:
            return self._wire.rate_limited(reason, str(code))
        if kind is Refused:
            return Refused(reason, str(code), opted_out=code == 21610)
        return kind(reason, str(code))

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
            reason=words(code),
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
            senders = tuple(self._ability(sender) for sender in self._every_sender())
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


def _sent(sid: object) -> Sent:
    if not isinstance(sid, str) or not sid:
        raise Uncertain("Twilio's answer names no message", "no_sid")
    return Sent(sid)


def _look(text: str) -> str:
    """A text as it may come back: Twilio can trade typographic signs for plain ones and trim spaces."""
    return " ".join(transliterate_sms(text)[0].split())


def _odd(error: Exception) -> ChannelError:
    return Uncertain("Twilio's answer could not be understood", type(error).__name__)
