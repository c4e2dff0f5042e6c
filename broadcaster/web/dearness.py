"""How pages show what makes a text dear: filters that mark the characters, name those that cannot be seen, and reckon the cost."""

import unicodedata

from flask import Flask
from markupsafe import Markup, escape

from broadcaster.domain.profile import Money
from broadcaster.web.context import runtime
from channels.base import Message
from channels.segments import Advice, Costly, advise_sms, costs_more, heavy_in_post
from channels.text import measure_sms

#: Unicode's categories of signs that have no shape of their own on paper.
_UNSEEN = ("Zs", "Zl", "Zp", "Cf", "Cc", "Mn")


def add_filters(app: Flask) -> None:
    """Make everything here known to the templates of `app`."""
    filters = (sms_advice, heavy, marked_sms, sign_name, cost_of)
    app.jinja_env.filters.update({each.__name__: each for each in filters})


def sms_advice(text: str) -> Advice:
    """What a text message costs and how it could cost less."""
    return advise_sms(text)


def heavy(text: str) -> tuple[Costly, ...]:
    """Characters that X counts twice."""
    return heavy_in_post(text)


def marked_sms(text: str) -> Markup:
    """The text with every character marked that costs more than another."""
    encoding = measure_sms(text).encoding
    marked = (
        Markup('<mark class="dear">{}</mark>').format(sign) if costs_more(sign, encoding) else escape(sign)
        for sign in text
    )
    return Markup("").join(marked)


def sign_name(sign: str) -> str:
    """A character, or the name of one that cannot be seen."""
    return unicodedata.name(sign, repr(sign)).lower() if unicodedata.category(sign) in _UNSEEN else sign


def cost_of(text: Message, phones: int) -> Money:
    """What a text costs in all; the profile must have a price."""
    price = runtime().profile.sms_price
    assert price is not None
    return price.times(sum(text.units) * phones)
