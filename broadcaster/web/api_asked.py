"""The shapes of what the API is asked: bodies, addresses, headers and queries."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from broadcaster.web.api_words import Channel, DeliveryState, Id, Name, State, Status, Words

When = Annotated[
    str, Field(max_length=64, description="ISO 8601 with an offset; or 02:00, +1d 06:00, +2h30m in the city's time")
]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Radius = Annotated[float, Field(ge=0.01, le=500, allow_inf_nan=False, description="Kilometres")]


class Closed(BaseModel):
    """Keys that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AlertPath(BaseModel):
    """An alert in an address."""

    id: Id = Field(description="The alert's id")


class RunPath(BaseModel):
    """A run in an address."""

    id: Id = Field(description="The run's id")


class PlaybookPath(BaseModel):
    """A playbook in an address."""

    name: Name = Field(description="The playbook's name")


class Repeat(BaseModel):
    """Headers of every POST."""

    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="1 to 128 visible ASCII characters of your own. The same key with the same body does it once; with another: 409.",
    )


class CircleIn(Closed):
    """A drawn circle."""

    lat: Lat
    lon: Lon
    radius_km: Radius


class NearIn(Closed):
    """An address, looked up where a geocoder is set up."""

    address: str = Field(min_length=1, max_length=200)
    radius_km: Radius


class AreaIn(Closed):
    """Whom it is for: zones, and/or one drawn area."""

    zones: list[Name] = Field(default=[], max_length=500)
    polygon: list[Annotated[list[float], Field(min_length=2, max_length=2)]] = Field(
        default=[], max_length=2000, description="[lat, lon] pairs"
    )
    circle: CircleIn | None = None
    near: NearIn | None = None
    arrivals: dict[Name, When] = Field(
        default={}, max_length=500, description="Zone → when the hazard is there; the soonest are told first"
    )


class PictureIn(Closed):
    """A picture that was uploaded before."""

    file: str = Field(min_length=1, max_length=200)
    alt: Words
    licence: str = Field(default="", max_length=300)


class Parts(Closed):
    """The parts of an alert that may be left to its kind, or to the alert that it follows."""

    languages: list[Annotated[str, Field(min_length=1, max_length=16)]] = Field(default=[], max_length=20)
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] | None = None
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] | None = None
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"] | None = None
    fields: dict[str, Any] = Field(default={}, description="The kind's own, see GET /kinds")
    area: AreaIn | None = None
    channels: list[Channel] = Field(default=[], max_length=8)
    onset: When | None = None
    expires: When | None = None
    next_update: When | None = None
    resources: list[PictureIn] = Field(default=[], max_length=4)
    short: bool = Field(
        default=False, description="The kind's text message of one segment, where the full one comes too late"
    )
    correction: Words = Field(
        default={},
        description="What is right, per language, should it turn out wrong; approved together with the alert",
    )


class AlertIn(Parts):
    """An alert file (docs/operations.md), as JSON. A draft need not be whole; what lacks is said when it is submitted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "incident": "oxley-creek",
                    "kind": "holding",
                    "status": "Exercise",
                    "fields": {
                        "seen": {"en": "Oxley Creek is rising"},
                        "not_known": [{"en": "how far it will reach"}],
                        "action": ["keep-from-creek", "keep-phone-on"],
                    },
                    "area": {"zones": ["rocklea", "oxley"]},
                    "channels": ["website", "sms"],
                    "next_update": "+35m",
                }
            ]
        }
    )
    incident: Name = Field(description="Made when it is new. One is live or an exercise, never both.")
    kind: Name
    status: Status = Field(
        default="Actual", description="Exercise and Test reach only people who take part in exercises"
    )
    msgType: Literal["Alert", "Update", "Cancel"] = "Alert"  # noqa: N815 - CAP's spelling
    references: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default=[], max_length=50, description="Ids of the alerts that an Update or Cancel is about"
    )


class FollowUpIn(Parts):
    """What differs from what is filled in by itself: fields are added one by one, everything else replaces."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"fields": {"what_changed": {"en": "The creek is still rising"}}, "next_update": "+30m"}]
        }
    )


class IfMatch(BaseModel):
    """Header of an edit."""

    if_match: str | None = Field(
        None, alias="If-Match", description="The ETag of the draft that you read; without it the answer is 428"
    )


class RetryIn(Closed):
    """What to send again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "sms"}]})
    channel: Channel | None = Field(default=None, description="Left out: every channel")


class SubmitIn(Closed):
    """Why warnings of the warning check are accepted. No body is as good as an empty one: they are then kept as not answered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reasons": {"rare-word": "the name that people here use for the place"}}]},
        openapi_extra={"required": False},  # type: ignore[typeddict-unknown-key]  # an invention of flask-openapi3
    )
    reasons: dict[str, Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default={},
        max_length=60,
        description="Rule (as in a preview's findings) → why its warnings may stand. Errors cannot be accepted.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_body(cls, given: object) -> object:
        return {} if given is None else given


class StopIn(Closed):
    """Why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "wrong zone"}]})
    reason: str = Field(min_length=1, max_length=500)


class RunIn(Closed):
    """What a playbook is told."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "Exercise",
                    "parameters": {"level": "moderate", "zones": ["rocklea"], "gauge_m": 2.71, "forecast_at": "-20m"},
                }
            ]
        }
    )
    parameters: dict[str, Any] = Field(default={}, description="See GET /playbooks")
    status: Status = "Actual"
    incident: Name | None = Field(default=None, description="Left out: the playbook's, with the day")


class AlertQuery(Closed):
    """Which alerts."""

    model_config = ConfigDict(extra="forbid", strict=False)
    state: State | None = None
    incident: Name | None = None
    status: Status | None = None
    after: Id | None = None
    limit: int = Field(default=50, ge=1, le=200)


class DeliveryQuery(Closed):
    """Which deliveries."""

    model_config = ConfigDict(extra="forbid", strict=False)
    channel: Channel | None = None
    state: DeliveryState | None = None
    after: int = Field(default=0, ge=0, le=2**53)
    limit: int = Field(default=100, ge=1, le=1000)


class RunQuery(Closed):
    """Which runs."""

    model_config = ConfigDict(extra="forbid", strict=False)
    playbook: Name | None = None
    after: Id | None = None
    limit: int = Field(default=50, ge=1, le=200)


class AudienceQuery(Closed):
    """An area: zones, or a polygon, or a circle."""

    model_config = ConfigDict(extra="forbid", strict=False)
    zones: str | None = Field(
        default=None, max_length=5000, pattern=r"^[a-z0-9-]{1,64}(,[a-z0-9-]{1,64})*$", description="rocklea,oxley"
    )
    polygon: str | None = Field(
        default=None,
        max_length=60_000,
        pattern=r"^[-0-9., ]{5,60000}$",
        description="lat,lon pairs with a space between, as in CAP",
    )
    lat: Lat | None = None
    lon: Lon | None = None
    radius_km: Radius | None = None
    kind: Name | None = Field(default=None, description="Whose lane's opt-outs count; left out: life-safety")
    exercise: bool = Field(default=False, description="Count those whom an exercise reaches")
