"""The console's words for what the service calls by a key: states, roles, channels, reasons. Never colour alone: word and sign."""

from dataclasses import dataclass

from flask_babel.speaklater import LazyString

from broadcaster.domain.lifecycle import AlertState as A
from broadcaster.domain.lifecycle import BatchState as B
from broadcaster.domain.lifecycle import DeliveryState as D
from broadcaster.domain.playbook import RunState as R
from broadcaster.domain.playbook import StepState as S
from broadcaster.domain.street import Why
from broadcaster.web.language import gettext as _
from broadcaster.web.language import later


@dataclass(frozen=True, slots=True)
class Said:
    """A word, the sign before it, and the tone in which it is shown (one of the style sheet's)."""

    word: LazyString
    sign: str
    tone: str


ALERT_STATES: dict[A, Said] = {
    A.DRAFT: Said(later("Draft"), "✎", "quiet"),
    A.DISCARDED: Said(later("Discarded"), "✕", "quiet"),
    A.PENDING_APPROVAL: Said(later("Waits for approval"), "◷", "warn"),
    A.RETURNED: Said(later("Returned"), "↩", "warn"),
    A.REJECTED: Said(later("Rejected"), "✕", "bad"),
    A.WITHDRAWN: Said(later("Withdrawn"), "↩", "quiet"),
    A.APPROVED: Said(later("Approved"), "✓", "busy"),
    A.BROADCASTING: Said(later("Going out"), "▶", "busy"),
    A.ACTIVE: Said(later("In force"), "●", "good"),
    A.STOPPED: Said(later("Stopped"), "■", "bad"),
    A.SUPERSEDED: Said(later("Superseded"), "⇢", "quiet"),
    A.CANCELLED: Said(later("Cancelled"), "✕", "quiet"),
    A.EXPIRED: Said(later("Expired"), "◌", "quiet"),
}

#: "Accepted" is what the provider has taken; only "delivered" has arrived (SECURITY R14).
DELIVERY_STATES: dict[D, Said] = {
    D.PENDING: Said(later("Waiting"), "◷", "quiet"),
    D.SENDING: Said(later("Being sent"), "▶", "busy"),
    D.ACCEPTED: Said(later("Taken by the provider"), "◐", "busy"),
    D.DELIVERED: Said(later("Delivered"), "✓", "good"),
    D.UNCONFIRMED: Said(later("Not confirmed"), "?", "warn"),
    D.FAILED: Said(later("Failed"), "✕", "bad"),
    D.SUPPRESSED: Said(later("Held back"), "⊘", "quiet"),
}

BATCH_STATES: dict[B, Said] = {
    B.PENDING: Said(later("Waiting"), "◷", "quiet"),
    B.LEASED: Said(later("Being worked on"), "▶", "busy"),
    B.DONE: Said(later("Done"), "✓", "good"),
    B.DEAD: Said(later("Dead"), "✕", "bad"),
    B.HELD: Said(later("Held after a restore"), "⊘", "warn"),
}

ROLES: dict[str, LazyString] = {
    "viewer": later("Viewer: may look"),
    "author": later("Author: writes, submits and stops"),
    "approver": later("Approver: also approves what others wrote"),
    "admin": later("Admin: also people and keys"),
}

ROLE_NAMES: dict[str, LazyString] = {
    "viewer": later("Viewer"),
    "author": later("Author"),
    "approver": later("Approver"),
    "admin": later("Admin"),
}

CHANNELS: dict[str, LazyString] = {
    "sms": later("Text messages"),
    "x": later("X"),
    "facebook": later("Facebook"),
    "website": later("Status page"),
}


def channel(name: str) -> str:
    """A channel's name for people."""
    return str(CHANNELS.get(name, name))


def reason(text: str) -> str:
    """A reason that the engine gives, in the reader's language; a provider's own words stay as they are."""
    known = {
        "opted out": _("said stop"),
        "stopped": _("the alert was stopped"),
        "superseded": _("a newer alert took its place"),
        "cancelled": _("the alert was cancelled"),
        "expired": _("the alert had expired"),
        "wrong mode": _("an exercise must not reach it"),
    }
    return known.get(text, text)


MSG_TYPES: dict[str, LazyString] = {
    "Alert": later("Alert"),
    "Update": later("Update"),
    "Cancel": later("Cancellation"),
}

#: What the journal's entries are about.
ACTIONS: dict[str, LazyString] = {
    "open incident": later("Incident opened"),
    "name incident": later("Incident named"),
    "close incident": later("Incident closed"),
    "write": later("Written"),
    "edit": later("Edited"),
    "submit": later("Submitted for approval"),
    "withdraw": later("Withdrawn"),
    "discard": later("Discarded"),
    "return": later("Returned"),
    "reject": later("Rejected"),
    "approve": later("Approved"),
    "stop": later("Stopped"),
    "retry": later("Failed deliveries tried again"),
    "no change": later("No change, and a new promise"),
    "warn of the end": later("Warned that it runs out"),
    "supersede": later("Superseded"),
    "cancel": later("Cancelled"),
    "expire": later("Expired"),
    "user.add": later("Person added"),
    "user.role": later("Role changed"),
    "user.open": later("Account opened"),
    "user.close": later("Account closed"),
    "user.reset": later("Access reset"),
    "user.bounds": later("Channels and zones changed"),
    "user.ask": later("Change of a person asked for"),
    "user.refuse": later("Change of a person refused"),
    "channels.check": later("Channels tried"),
    "seal.make": later("Break-glass account sealed"),
    "seal.break": later("Break-glass account used"),
    "seal.told": later("Staff told of the break-glass account"),
    "user.refused": later("Refused: change of one's own access"),
    "role.refused": later("Refused: change of one's own role"),
    "phone.ask": later("Own phone given, not proved yet"),
    "phone.prove": later("Own phone proved"),
    "phone.forget": later("Own phone removed"),
    "try": later("Tried on one's own phone"),
    "call": later("Approver called"),
    "call failed": later("Approver could not be called"),
    "reply refused": later("Refused: approval by text message"),
    "fallback ready": later("Nobody has answered: the fallback wording may go"),
    "fallback": later("Fallback wording sent in its place"),
    "not reviewed": later("Not countersigned in time"),
    "countersign": later("Countersigned"),
    "duty.add": later("Put on the duty roster"),
    "duty.remove": later("Taken off the duty roster"),
    "loan.propose": later("Borrowed approver proposed"),
    "loan.confirm": later("Borrowed approver confirmed"),
    "loan.end": later("Borrowed approver ended"),
    "loan.refused": later("Refused: lending oneself the right to approve"),
    "key.add": later("Key made"),
    "key.revoke": later("Key revoked"),
    "residents merged": later("Residents imported"),
    "residents replaced": later("Residents replaced"),
    "zones imported": later("Zones imported"),
    "inbound acknowledged": later("Text from a resident seen"),
    "inbound answered": later("Text from a resident dealt with"),
    "take over": later("Taken over"),
    "list.make": later("List of households made"),
    "list.open": later("List of households opened"),
    "list.withdraw": later("List of households withdrawn"),
    "households imported": later("Households imported"),
    "real event": later("Real event declared"),
    "end exercise": later("Exercise ended"),
    "replay exercise": later("Exercise played again"),
    "tell participants": later("Those who took part told"),
    "handover.sign": later("Handover signed"),
    "handover.confirm": later("Handover confirmed"),
    "handover.withdraw": later("Handover taken back"),
    "told outside": later("Told somebody outside"),
    "request.write": later("Request for the national alert written"),
    "request.asked": later("National alert asked for"),
    "request.answered": later("Answer about the national alert"),
    "request.sent": later("National alert sent by others"),
    "request.withdraw": later("Request for the national alert withdrawn"),
    "approve playbook": later("Playbook version approved"),
    "run playbook": later("Playbook started"),
}

#: Where a borrowed approver comes from.
POSTS: dict[str, LazyString] = {
    "neighbour": later("Neighbouring council"),
    "control-room": later("Control room"),
    "medical-officer": later("Chief medical officer"),
    "chief-executive": later("Chief executive"),
}

#: How an alert went without an ordinary second person.
WAYS: dict[str, LazyString] = {
    "playbook": later("It went by a playbook that two people had approved."),
    "fallback": later("It is the frozen fallback wording; nobody had answered."),
    "borrowed": later("A borrowed approver approved it."),
}

RUN_STATES: dict[R, Said] = {
    R.RUNNING: Said(later("Running"), "▶", "busy"),
    R.WAITING: Said(later("Waiting"), "◷", "warn"),
    R.DONE: Said(later("Done"), "✓", "good"),
    R.FAILED: Said(later("Failed"), "✕", "bad"),
}

STEP_STATES: dict[S, Said] = {
    S.PENDING: Said(later("Not yet"), "◌", "quiet"),
    S.DRAFTED: Said(later("Draft"), "✎", "quiet"),
    S.SUBMITTED: Said(later("Waits for approval"), "◷", "warn"),
    S.SENT: Said(later("Sent"), "✓", "good"),
    S.SKIPPED: Said(later("Left out"), "⊘", "quiet"),
    S.FAILED: Said(later("Failed"), "✕", "bad"),
}

#: Why a household is not known to have a text.
WHYS: dict[Why, Said] = {
    Why.UNCONFIRMED: Said(later("Not confirmed"), "?", "warn"),
    Why.OPEN: Said(later("No word yet"), "◷", "busy"),
    Why.FAILED: Said(later("Failed"), "✕", "bad"),
    Why.LANDLINE: Said(later("Landline"), "☎", "warn"),
    Why.STOPPED: Said(later("Said stop"), "⊘", "quiet"),
    Why.NO_NUMBER: Said(later("No number"), "–", "bad"),
}

REQUEST_STEPS: dict[str, Said] = {
    "written": Said(later("Not asked yet"), "✎", "warn"),
    "asked": Said(later("Asked"), "◷", "warn"),
    "agreed": Said(later("They will send it"), "✓", "busy"),
    "refused": Said(later("They will not send it"), "✕", "bad"),
    "sent": Said(later("Sent by them"), "✓", "good"),
    "withdrawn": Said(later("Withdrawn"), "↩", "quiet"),
}

FIELD_TYPES: dict[str, LazyString] = {
    "text": later("words"),
    "choice": later("one of a list"),
    "actions": later("sentences from the bank"),
    "time": later("time"),
    "date": later("day"),
    "number": later("number"),
    "flag": later("yes or no"),
    "phone": later("phone number"),
    "zones": later("zones"),
    "instructions": later("open instructions"),
    "record": later("a group of fields"),
}

VISIBILITIES: dict[str, LazyString] = {
    "public": later("every channel"),
    "posts": later("posts and page, not in texts"),
    "page": later("status page only"),
    "journal": later("journal only, never published"),
}
