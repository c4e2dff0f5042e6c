"""All tables, by the thing they remember. Importing this package fills `metadata`."""

from broadcaster.store.schema.accounts import (
    api_keys,
    idempotency_keys,
    own_texts,
    sessions,
    users,
    webauthn_credentials,
)
from broadcaster.store.schema.alerts import alert_references, alerts, incidents, instructions, messages
from broadcaster.store.schema.base import Moment, db_now, metadata
from broadcaster.store.schema.delivery import (
    attempts,
    audience_plans,
    batches,
    deliveries,
    installation,
    leaders,
    publications,
    pulls,
)
from broadcaster.store.schema.desk import (
    address_lists,
    crew_lists,
    handovers,
    households,
    national_requests,
    real_events,
    tellings,
)
from broadcaster.store.schema.journal import journal, journal_keys
from broadcaster.store.schema.playbooks import playbook_approvals, playbook_runs, playbook_steps, playbook_versions
from broadcaster.store.schema.residents import (
    inbound,
    opt_outs,
    phones,
    place_zones,
    places,
    resident_generations,
    zones,
)

__all__ = [
    "Moment",
    "address_lists",
    "alert_references",
    "alerts",
    "api_keys",
    "attempts",
    "audience_plans",
    "batches",
    "crew_lists",
    "db_now",
    "deliveries",
    "handovers",
    "households",
    "idempotency_keys",
    "inbound",
    "incidents",
    "installation",
    "instructions",
    "journal",
    "journal_keys",
    "leaders",
    "messages",
    "metadata",
    "national_requests",
    "opt_outs",
    "own_texts",
    "phones",
    "place_zones",
    "places",
    "playbook_approvals",
    "playbook_runs",
    "playbook_steps",
    "playbook_versions",
    "publications",
    "pulls",
    "real_events",
    "resident_generations",
    "sessions",
    "tellings",
    "users",
    "webauthn_credentials",
    "zones",
]
