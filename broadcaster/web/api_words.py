"""The words that the API's shapes are made of: names, ids, and the values that states can have."""

from typing import Annotated, Literal

from pydantic import Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Status = Literal["Actual", "Exercise", "Test"]
State = Literal[
    "draft",
    "discarded",
    "pending_approval",
    "returned",
    "rejected",
    "withdrawn",
    "approved",
    "broadcasting",
    "active",
    "stopped",
    "superseded",
    "cancelled",
    "expired",
]
Channel = Literal["website", "sms", "x", "facebook"]
DeliveryState = Literal["pending", "sending", "accepted", "delivered", "failed", "suppressed", "unconfirmed"]
Words = dict[str, str]
