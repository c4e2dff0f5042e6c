"""One alert goes out on four channels, once to each, and is tracked to the end."""

import pytest

from broadcaster.runtime import Runtime
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    counts,
    finish,
    holding,
    provider_log,
    sent,
    settle,
    state,
    texts_per_phone,
)

pytestmark = pytest.mark.engine


def test_an_approved_alert_reaches_every_phone_once_and_every_channel(runtime: Runtime, sandbox: Sandbox) -> None:
    phones = settle(runtime, 30)
    alert_id = sent(runtime, holding())
    finish(runtime, alert_id)
    assert counts(runtime, alert_id) == {
        "sms": {"delivered": 30},
        "x": {"delivered": 2},
        "facebook": {"delivered": 1},
        "website": {"delivered": 1},
    }
    assert texts_per_phone(sandbox) == dict.fromkeys(phones, 1)
    head, tail = provider_log(sandbox, "x")
    assert tail["in_reply_to"] == head["id"]
    assert len(provider_log(sandbox, "facebook")) == 1
    assert state(runtime, alert_id) == "active"
