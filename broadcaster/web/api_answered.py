"""The shapes of what the API answers; clients should overlook keys that they do not know."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from broadcaster.web.api_words import Channel, DeliveryState, Id, State, Status, Words


class Answer(BaseModel):
    """What we answer with; clients should overlook keys that they do not know."""

    model_config = ConfigDict(extra="allow")


class Fault(Answer):
    """One thing that is wrong."""

    place: str
    message: str
    cure: str


class Problem(Answer):
    """RFC 9457. `errors` lists every fault, each with its place and cure."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class Cost(Answer):
    """What texts cost by the price in the city's profile."""

    amount: str = Field(description="Digits, such as 1640.00")
    currency: str = Field(description="ISO 4217")


class Estimate(Answer):
    """When the last text has left, and what all of them cost. Null: not known."""

    texts: int
    segments: int
    seconds: float | None
    finish: datetime | None
    late: list[str] = Field(description="Zones whose last text leaves after the hazard is there")
    cost: Cost | None = Field(description="Null: set sms_price in the profile")


class ZoneEstimate(Answer):
    """One zone, in the order of sending."""

    zone: str
    phones: int
    seconds: float | None
    finish: datetime | None
    arrival: datetime | None
    late: bool


class Forecast(Estimate):
    """A forecast, were it approved now, or while it goes out."""

    zones: list[ZoneEstimate]
    per_second: float | None = Field(description="The pace of the last minute, while it goes out")
    short_form: bool = Field(description="The short form is chosen")
    short: Estimate | None = Field(description="What the short form would change, where the full texts come too late")


class StaffPhone(Answer):
    """What became of the text to one of the staff's own phones, which are told first; seconds after the approval."""

    phone: str = Field(description="Its last three digits")
    state: DeliveryState
    reason: str
    accepted_after: float | None
    delivered_after: float | None


class WarningOut(Answer):
    """A warning of the warning check that an alert was submitted with."""

    rule: str
    place: str
    language: str
    message: dict[str, str] = Field(description="Per language of the reader")
    seen: list[str]
    reason: str = Field(description="Empty: nobody answered it")


class Report(Answer):
    """How an alert stands. Accepted means that the provider has it, delivered that the phone has."""

    id: Id
    identifier: str = Field(description="Public name")
    incident: str
    kind: str
    state: State
    msgType: Literal["Alert", "Update", "Cancel"]  # noqa: N815 - CAP's spelling
    status: Status
    deliveries: dict[str, dict[str, int]] = Field(description="Channel → state → number")
    created_at: datetime
    submitted_at: datetime | None
    approved_at: datetime | None
    first_accepted_at: dict[str, datetime] = Field(description="Channel → time")
    completed_at: datetime | None
    forecast: Forecast | None = Field(default=None, description="While it waits for approval or goes out; not in lists")
    staff: list[StaffPhone] = Field(default=[], description="Not in lists")
    warnings: list[WarningOut] = Field(default=[], description="What was accepted when it was submitted. Not in lists")


class AlertList(Answer):
    """Newest first. Ask again with `after` set to `next`, until that is null."""

    alerts: list[Report]
    next: str | None


class Delivery(Answer):
    """One message to one place. A phone is shown by its last three digits."""

    id: int
    channel: Channel
    address: str
    part: int
    action: str
    state: DeliveryState
    reason: str
    code: str
    attempts: int
    provider_id: str | None
    url: str
    accepted_at: datetime | None
    final_at: datetime | None


class DeliveryList(Answer):
    """By number. Ask again with `after` set to `next`, until that is null."""

    deliveries: list[Delivery]
    next: int | None


class Text(Answer):
    """The exact words of one channel and language, frozen when the alert was submitted."""

    channel: Channel
    language: str
    parts: list[str]
    title: str
    link: str
    units: list[int]
    encoding: str
    notes: list[str]


class TextList(Answer):
    """Empty while the alert is a draft."""

    texts: list[Text]


class RunStep(Answer):
    """What became of one step. `submitted` waits for a second person, `sent` went out at once; `reason` says why."""

    name: str
    state: Literal["pending", "drafted", "submitted", "sent", "skipped", "failed"]
    alert_id: Id | None
    due_at: datetime | None
    reason: str


class Run(Answer):
    """A run of a playbook."""

    id: Id
    playbook: str
    version: str
    status: Status
    incident: str
    parameters: dict[str, Any]
    state: Literal["running", "waiting", "done", "failed"]
    grounds: str = Field(description="Why its alerts may go without a further person; empty: they wait for one")
    created_at: datetime
    finished_at: datetime | None
    steps: list[RunStep]


class RunList(Answer):
    """Newest first."""

    runs: list[Run]
    next: str | None


class Blank(Answer):
    """A field of a kind or a parameter of a playbook."""

    name: str
    type: str
    label: Words
    help: Words
    required: bool
    closed: bool = Field(description="Nobody can put words of their own into it")
    options: dict[str, Words] = {}
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    max_items: int | None = None
    sample: Any = None
    fields: list["Blank"] = []


class Playbook(Answer):
    """A playbook, as it lies there now."""

    name: str
    title: Words
    use_when: Words
    version: str
    approved: bool = Field(description="Two people have approved exactly this version")
    approved_by: list[str]
    always_waits: list[str] = Field(description="Kinds in it that need a second person each time")
    parameters: list[Blank]
    problems: list[Fault] = []


class PlaybookList(Answer):
    """All playbooks, by name."""

    playbooks: list[Playbook]


class Kind(Answer):
    """A kind of alert and its fields."""

    name: str
    title: Words
    lane: Literal["life-safety", "information"]
    channels: list[Channel]
    msg_types: list[str]
    always_two: bool
    needs: list[str]
    expires_after_minutes: int
    fields: list[Blank]


class KindList(Answer):
    """All kinds, by name."""

    kinds: list[Kind]


class Zone(Answer):
    """A zone that alerts can be for."""

    id: str
    names: Words
    population: int | None


class ZoneList(Answer):
    """All zones in force, by id."""

    zones: list[Zone]


class Audience(Answer):
    """Whom an area reaches now. Counts are without those who opted out, which `excluded` counts."""

    phones: int
    households: int
    zones: dict[str, int]
    languages: dict[str, int]
    excluded: dict[str, int]
    unplaced: int = Field(description="Phones that no area reaches")
    seconds: dict[str, float | None] = Field(
        default={}, description="Segments of a text → seconds until all have left with the senders there are"
    )


class FindingOut(Answer):
    """What the warning check says. An error stops a submission; a warning needs a reason."""

    rule: str
    weight: Literal["error", "warning"]
    place: str = Field(description="fields.NAME, a part of the alert, or CHANNEL.LANGUAGE")
    language: str
    said: str = Field(description="The very words; empty when it is about a whole text")
    seen: list[str] = Field(description="CHANNEL.LANGUAGE of the texts that show it")
    message: str
    cure: str
    source: str = Field(description="The work that the rule is taken from")


class PreviewOut(Answer):
    """What an alert would say. `ready` is false while anything stands in the way of its submission."""

    ready: bool
    texts: list[Text]
    problems: list[Fault]
    findings: list[FindingOut] = Field(description="Errors first")
    audience: Audience | None
    forecast: Forecast | None = Field(default=None, description="Null: it has no texts, or they cannot be made yet")


class Retried(Answer):
    """How many deliveries are tried again."""

    deliveries: int
