"""SMS through Sinch, the second carrier of texts: one batch per phone, found again by our own reference."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from channels.base import (
    ChannelError,
    Health,
    Listed,
    Misconfigured,
    Parcel,
    Progress,
    Receipt,
    Refused,
    Unavailable,
    Uncertain,
)
from channels.letter import Answer, JsonForm, Letter
from channels.senders import Sender
from channels.serial import Sent, check_action, place_of
from channels.sinch_client import REGIONS, SinchException, Texts, origin
from channels.sinch_codes import CODES, OUR_FIELDS
from channels.sinch_reports import read, receipt, signed
from channels.slot import CODINGS
from channels.texting import Texting, TextingOptions, life_of
from channels.verdict import judge
from channels.wire import Wire

#: The longest that Sinch keeps trying, and what it does unasked, seconds.
LONGEST_VALIDITY = 3 * 86_400
#: How far Sinch's clock and ours may be apart when a batch is looked for.
CLOCK_SKEW = timedelta(minutes=5)
#: Batches with one reference on a page: one per try, and there are few.
PAGE = 30
#: Reports on a page of the list of all.
REPORTS = 100

#: What stands in the SDK's sample for what differs from text to text. No sender has an @, and nobody sends in 2001.
_BLANKS = {"@to@": "to", "@text@": "text", "@callback@": "callback_url", "@id@": "id", "2001-02-03T04:05:06Z": "until"}
_SAMPLE = Parcel("@id@", "@to@", "@text@", callback_url="@callback@")
_THEN = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)

#: Sinch writes numbers without their plus.
_DIGITS = re.compile(r"\d{7,}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SinchOptions(TextingOptions):
    """One service plan. `now` tells the time, aware UTC: Sinch wants the end of a text's life as a moment.

    With `callback_secret` only callbacks signed with it are believed.
    """

    service_plan_id: str
    api_token: str = field(repr=False)
    now: Callable[[], datetime]
    region: str = "us"
    callback_secret: str = field(default="", repr=False)


class Sinch(Texting):
    """Texts through Sinch."""

    carrier = "sinch"
    callback_path = "/webhooks/sinch"
    lists = True

    def __init__(self, options: SinchOptions) -> None:
        if not (options.service_plan_id and options.api_token and options.senders):
            raise Misconfigured("Sinch needs a service plan, a token and at least one sender", "not_set_up")
        if options.region not in REGIONS:
            raise Misconfigured(f"Sinch has the regions {', '.join(REGIONS)}", "no_region")
        if any(sender.is_service for sender in options.senders + options.info_senders):
            raise Misconfigured("an MG… sender is a messaging service of Twilio's, not one of Sinch's", "no_sender")
        self._options = options
        secrets = options.api_token, options.callback_secret
        wire = Wire(origin(options.region), base_url=options.api_url, timeout=options.timeout, secrets=secrets)
        super().__init__(wire, options)
        self._texts = Texts(options.service_plan_id, options.api_token, options.region, wire.session)
        self._forms: dict[tuple[str, bool, bool], JsonForm] = {}

    def _deliver(self, parcel: Parcel) -> Sent:
        self._wire.not_after = parcel.not_after
        sender, until = self.sender_for(parcel), self._until(parcel)
        try:
            batch = self._create(sender, parcel, until)
        except SinchException as error:
            failure = self._failure(error)
        else:
            return _sent(getattr(batch, "id", None))
        raise failure

    def _create(self, sender: Sender, parcel: Parcel, until: datetime | None) -> Any:
        return self._texts.batches.send_sms(
            to=[parcel.to],
            from_=sender.address,
            body=parcel.text,
            # One callback when it is final; without an address none, and the report can still be asked for.
            delivery_report="per_recipient_final" if parcel.callback_url else "none",
            expire_at=until,
            event_destination_target=parcel.callback_url or None,
            client_reference=_name(parcel),
        )

    def _until(self, parcel: Parcel) -> datetime | None:
        """When Sinch shall give up; None when nothing was said. Raises Refused when that has passed."""
        seconds = life_of(parcel, LONGEST_VALIDITY)
        return None if seconds is None else self._options.now().replace(microsecond=0) + timedelta(seconds=seconds)

    def _letter(self, parcel: Parcel) -> Letter:
        """The SDK's own request: it writes one of each kind, and only what differs is filled in."""
        check_action(parcel, self.actions)
        sender, until = self.sender_for(parcel), self._until(parcel)
        kind = sender.address, bool(parcel.callback_url), until is not None
        form = self._forms.get(kind)
        if form is None:
            sample = _SAMPLE if kind[1] else Parcel(_SAMPLE.id, _SAMPLE.to, _SAMPLE.text)
            letter = self._wire.rehearse(lambda: self._create(sender, sample, _THEN if kind[2] else None))
            form = self._forms[kind] = JsonForm(letter, CODINGS, _BLANKS)
        return form.fill(
            {
                "to": parcel.to,
                "text": parcel.text,
                "callback_url": parcel.callback_url,
                "id": _name(parcel),
                "until": until.isoformat().replace("+00:00", "Z") if until else "",
            },
            parcel.not_after,
        )

    def _read(self, answer: Answer) -> Sent:
        failure = judge(answer.status, answer.headers, answer.json)
        if failure is None and answer.status < 300:
            return _sent(answer.json().get("id") if answer.body else None)
        self._wire.status, self._wire.headers = answer.status, answer.headers
        if failure is None:
            try:
                said = answer.json()
            except (ValueError, RecursionError):
                said = None
            failure = self._refusal(answer.status, said)
        raise failure

    def find(self, parcel: Parcel, since: datetime) -> Receipt | None:
        """By the batch's id when known; else the newest batch with our reference, taken since `since` less 5 min.

        The reference is our own name of the delivery, so there is nothing to guess.
        """
        if parcel.provider_id:
            return self._report(parcel.provider_id, known=False)
        batches = self._asked(self._listed, _name(parcel), since - CLOCK_SKEW)
        if batches is None:  # a list is always there: this is another address, and says nothing about the text
            raise Misconfigured("Sinch does not know this service plan", "404")
        if not all(hasattr(batch, "client_reference") for batch in batches):
            # Of a kind that the SDK does not know: it may be ours.
            raise Unavailable("Sinch's answer could not be understood", "unknown_batch")
        taken = [batch for batch in batches if batch.client_reference == _name(parcel)]
        if not taken:
            return None
        newest = max(taken, key=lambda batch: batch.created_at or _THEN)
        return self._report(str(newest.id), known=True)

    def _listed(self, reference: str, earliest: datetime) -> list[Any]:
        pages = self._texts.batches.list(client_reference=reference, start_date=earliest, page_size=PAGE)
        if pages.result.batches is None and pages.result.count != 0:
            raise ValueError("an answer without a list")  # which is not an empty one
        return list(pages.iterator())

    def listing(self, since: datetime, cursor: str = "") -> Listed:
        """Final reports, 100 at a time. `cursor` is the page, and the moment of the first: what was sent later would shift the pages."""
        number, _, until = cursor.partition(" ")
        page, end = int(number or 0), datetime.fromisoformat(until) if until else self._options.now()
        found = self._asked(self._reports, since - CLOCK_SKEW, end, page)
        if found is None:
            raise Misconfigured("Sinch does not know this service plan", "404")
        reports = found.content
        receipts = tuple(receipt(each.batch_id, each.status, str(each.code)) for each in reports)
        # By what has been shown: a page may hold less than was asked for.
        more = bool(reports) and (page + 1) * len(reports) < (found.count or 0)
        return Listed(receipts, f"{page + 1} {end.isoformat()}" if more else "")

    def _reports(self, start: datetime, end: datetime, page: int) -> Any:
        return self._texts.reports.list(start_date=start, end_date=end, page=page, page_size=REPORTS).result

    def _report(self, batch_id: str, known: bool) -> Receipt | None:
        """What became of a batch. A `known` one has been taken, whatever the report says; else it may not exist."""
        report = self._asked(self._texts.reports.get, batch_id, "summary")
        if report is None:
            known = known or self._asked(self._texts.batches.get, batch_id) is not None
            return Receipt(batch_id, Progress.ACCEPTED) if known else None
        # One batch, one phone: one entry. None yet: it still waits.
        entry = next(iter(report.statuses), None)
        return receipt(batch_id, str(entry.status), str(entry.code)) if entry else Receipt(batch_id, Progress.ACCEPTED)

    def _asked(self, question: Callable[..., T], *args: Any) -> T | None:
        """Ask something that changes nothing; None is Sinch's 404. Raises Unavailable or Misconfigured."""
        try:
            return question(*args)
        except ChannelError:
            raise
        except SinchException as error:
            failure = self._failure(error)
        except Exception as error:  # noqa: BLE001 - an answer in a shape that the SDK does not know
            failure = Unavailable("Sinch's answer could not be understood", place_of(error))
        if failure.code in ("404", "resource_not_found"):
            return None
        raise failure if not isinstance(failure, Uncertain) else Unavailable(failure.reason, failure.code)

    def _failure(self, error: SinchException) -> ChannelError:
        answer: Any = error.http_response
        if answer is None:
            return Uncertain("Sinch's answer could not be understood", type(error).__name__)
        return self._refusal(answer.status_code, getattr(answer, "body", None))

    def _refusal(self, status: int, said: object) -> ChannelError:
        """What an answer of 4xx means; `said` is its JSON, where it has one."""
        found = said if isinstance(said, Mapping) else {}
        code, text = str(found.get("code") or ""), _DIGITS.sub("***", self._wire.scrub(found.get("text") or ""))
        kind, reason = CODES.get(code, (None, ""))
        if kind is None:
            return self._wire.by_status(status, text, code)
        if kind is Refused and any(each in text for each in OUR_FIELDS):
            return Misconfigured(f"{reason}: {text}", code)
        return kind(f"{reason}: {text}" if text else reason, code)

    def parse_receipt(self, form: Mapping[str, str]) -> Receipt:
        """Read a callback: `body` is what was posted, `d` the URL's argument, our own id. ValueError names what is wrong."""
        return read(self._texts, form.get("d", ""), form.get("body", ""))

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        """`form` has `d`, our own id from the URL, `body` as posted, and the headers `nonce` and `timestamp`.

        Sinch signs callbacks only for accounts that ask for it, and then the operator has the secret. Without one the proof is our own
        id: sealed, different for each text, and told to nobody but Sinch, over TLS.
        """
        secret = self._options.callback_secret
        return signed(self._texts, secret, form, signature) if secret else bool(form.get("d"))

    def check(self) -> Health:
        """List one batch, and say what each sender is: the token for texts may not ask who owns a number."""
        try:
            self._texts.batches.list(page_size=1)
        except SinchException as error:
            failure = self._failure(error)
        else:
            plan = f"Sinch service plan {self._options.service_plan_id}, region {self._options.region}"
            return Health(account=plan, senders=tuple(map(_ability, self._every_sender())))
        raise failure


def _name(parcel: Parcel) -> str:
    return parcel.reference or parcel.id


def _sent(batch_id: object) -> Sent:
    if not isinstance(batch_id, str) or not batch_id:
        raise Uncertain("Sinch's answer names no batch", "no_batch")
    return Sent(batch_id)


def _ability(sender: Sender) -> str:
    rate = f"{sender.rate:g} a second"
    if not sender.can_receive:
        return f"{sender.address}: a name, sends only; nobody can answer it, {rate}"
    return f"{sender.address}: a number of the service plan's, {rate}"
