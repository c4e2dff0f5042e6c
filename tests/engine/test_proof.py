"""Proof of life: the staff's own phones are told first, once, and beside the residents' count."""

from dataclasses import replace

import pytest

from broadcaster.runtime import Runtime
from broadcaster.store.schema import audience_plans
from channels.sandbox.server import Sandbox
from tests.engine.city import counts, finish, holding, phone, provider_log, sent, settle

pytestmark = pytest.mark.engine
MAYOR, BOTH = "+61491570006", phone(3)


def test_staff_get_the_text_before_everybody_and_only_once(runtime: Runtime, sandbox: Sandbox) -> None:
    """One of the two lives in the zone too: one text per phone and alert, and the audience still adds up."""
    runtime.profile = replace(runtime.profile, staff_phones=(MAYOR, BOTH, MAYOR))
    phones = settle(runtime, 8)
    alert_id = sent(runtime, holding(channels=("website", "sms")))
    finish(runtime, alert_id)
    told = [each["to"] for each in provider_log(sandbox, "twilio")]
    assert set(told[:2]) == {MAYOR, BOTH}
    assert sorted(told) == sorted([*phones, MAYOR])
    assert counts(runtime, alert_id)["sms"] == {"delivered": 8}
    with runtime.db.read() as connection:
        (plan,) = connection.execute(audience_plans.select()).all()
    assert (plan.expected, plan.made, plan.excluded) == (8, 8, {})
