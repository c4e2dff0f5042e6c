"""What a person can do about a delivery that ended badly, by the provider's own code."""

from broadcaster.domain.lifecycle import DeliveryState as D
from broadcaster.store.tallies import Failure
from broadcaster.web.language import gettext as _


def cure(failure: Failure) -> str:
    """What a person can do about a reason; empty where nothing is to be done."""
    known = {
        "20003": _("Check the Twilio account and token in the settings, then retry."),
        "20006": _("Add credit to the Twilio account, then retry."),
        "21408": _("Allow this country in the Twilio account, then retry."),
        "21606": _("Check the sender in the settings, then retry."),
        "21610": _("They must send START themselves; tell them in another way."),
        "21614": _("Correct the number in the register of residents."),
        "21211": _("Correct the number in the register of residents."),
        "30003": _("Retry once, or reach them in another way."),
        "30005": _("Correct the number in the register of residents."),
        "30006": _("Reach them in another way: this is not a mobile phone."),
        "30007": _("Ask the operator or Twilio why; reach them in another way."),
    }
    if failure.state is D.UNCONFIRMED:
        return _("It was handed over, but nobody has confirmed that it arrived.")
    return known.get(failure.code, "")
