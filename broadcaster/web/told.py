"""What the service says in English (complaints, cures, notes, grounds), in the reader's language.

The domain knows no readers, so its sentences are matched here by their shape; one that has no shape here stays as it is. A test
keeps every shape true to the sources.
"""

import functools
import re
from collections.abc import Iterable

from flask import Flask, current_app

from broadcaster.domain.field import FieldSpec
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Words
from broadcaster.web.auth.words import N_
from broadcaster.web.display import said
from broadcaster.web.language import gettext

_HELPS = "broadcaster.helps"
#: Shapes of sentences; %(name)s stands for whatever the service put in. The more particular come first.
SHAPES = (
    N_("must be filled in"),
    N_("there is no such field"),
    N_("there is no such part"),
    N_("has %(number)s entries, at most %(most)s are allowed"),
    N_("has not as many entries in each language (%(counts)s)"),
    N_("has no words in %(languages)s"),
    N_("has %(number)s characters, %(over)s more than the %(most)s it may have"),
    N_("contains %(sign)s, which cannot be seen: type the text again"),
    N_("%(text)s is not one of: %(known)s"),
    N_("%(text)s is not the id of a zone: small letters, digits and hyphens"),
    N_("has not come yet: give the time at which it was done"),
    N_("is %(minutes)s minutes old, more than the %(most)s allowed: do it again"),
    N_("%(text)s is not a number"),
    N_("%(text)s is not a whole number"),
    N_("%(text)s is outside %(low)s to %(high)s"),
    N_("%(text)s is neither yes nor no"),
    N_("%(text)s is not a phone number: digits and spaces"),
    N_(
        '%(text)s is not a time. Write "2011-01-13 02:00", "02:00" (the next time the clock shows it), "+1d 06:00" or "+1h30m".'
    ),
    N_("%(text)s is not a full date and time"),
    N_("there is no such time as %(text)s"),
    N_("%(text)s does not exist: clocks go forward then"),
    N_("%(text)s comes twice: clocks go back then, so write it with its offset from UTC"),
    N_("belongs to an %(allowed)s, not to an %(given)s"),
    N_("no channel is chosen"),
    N_("it says nowhere"),
    N_("the address has not been looked up"),
    N_("it has no end"),
    N_("%(time)s UTC has passed"),
    N_("is more than %(days)s days away"),
    N_("begins after the alert has ended"),
    N_("has passed already"),
    N_("has passed while the alert waited"),
    N_("an %(kind)s must say which alert it is about"),
    N_("%(kind)s cannot be %(given)s"),
    N_("%(kind)s needs it"),
    N_("is empty, but %(channel)s in %(language)s needs it"),
    N_("is %(over)s %(units)s too long for %(segments)s segments (%(encoding)s)"),
    N_("is %(over)s characters too long of %(most)s"),
    N_("needs %(number)s posts, at most %(most)s are allowed"),
    N_("%(channel)s is not set up"),
    N_("%(kind)s has no short text in %(language)s"),
    N_("says %(word)s, but it is live"),
    N_("says %(word)s"),
    N_("no phone would be reached"),
    N_("is no PNG or JPEG picture"),
    N_("there is no such picture"),
    N_("says nothing to people who cannot see it"),
    N_("there is no zone %(code)s."),
    N_("has a line that is not a latitude and a longitude"),
    N_("is not GeoJSON that can be read"),
    N_("is not one polygon without holes"),
    N_("selects nobody."),
    N_("has both a polygon and a circle."),
    N_("the incident %(name)s is closed; open a new one"),
    N_("somebody else changed this alert while it was being submitted; look at it again"),
    N_("the alert has changed since you looked at it; read it again before you approve it"),
    N_("it would reach %(phones)s phones now, and %(agreed)s were agreed to; confirm the new number"),
    N_("all of this alert has been sent, so there is nothing to stop; send an update or a correction"),
    N_("%(name)s wrote, edited or submitted this %(status)s alert, so another person must approve it"),
    N_("people are still told: %(what)s. Lift it with an all-clear first"),
    N_("nothing has failed"),
    N_("nobody who may approve this is on duty now; add somebody to the duty roster, or borrow an approver"),
    N_("is nobody who may come in"),
    N_("%(name)s may not approve alerts"),
    N_("%(name)s has no proved phone"),
    N_("%(name)s is an approver already"),
    N_("is not after the beginning"),
    N_("is more than %(days)s days later"),
    N_("is the same person"),
    N_("names no kind that there is"),
    N_("names no zone that there is"),
    N_("nobody may borrow themselves as approver"),
    N_("you proposed this borrowed approver, so another person must confirm"),
    N_("somebody has countersigned this already"),
    N_("an approver of the house who had no part in this alert must countersign it"),
    N_("the fallback wording may not go: %(why)s"),
    N_("the fallback wording may go when nobody has decided for %(minutes)s minutes"),
    N_("the profile has no fallback wording for this kind"),
    N_("its wording has not been approved by two people"),
    N_("this kind always needs a second person"),
    N_("nothing is ever lifted by one person"),
    N_("only what is Immediate, and Severe or Extreme, may go by one person"),
    N_("it reaches outside the zones for which the profile allows it"),
    N_("is not one of the zones"),
    N_("the register of residents has changed this moment; look at the number again"),
    N_("nobody may change their own role or access; ask another admin"),
    N_("this is the last admin; make another one first"),
    N_("somebody has this address already"),
    N_("is not an e-mail address"),
    N_("the phone is missing"),
    N_("the phone is too long to be a number"),
    N_("the phone is not a number"),
    N_("no such phone number can exist"),
    N_("there is no code that still holds"),
    N_("that is not the code that was sent"),
    N_("too many texts to this phone in the last hour; wait, and try again"),
    N_("you have no phone of your own here yet; set it under your name and prove it with a code"),
    N_("this alert is no draft any more; try texts before they go out"),
    N_("the text was not sent: %(reason)s"),
    N_("nobody is told to do anything there, so there is nothing to lift"),
    N_("this alert is not in force, so there is no promise to keep"),
    N_("somebody has made a new promise since you looked"),
    N_("this alert ends too soon for another promise; send an update"),
    N_("nobody who answers for it has a proved phone"),
    N_("no correction was approved together with this alert; write one"),
    N_("a correction of this alert has gone out already; correct that one"),
    N_("this alert is %(state)s; correct the one that took its place"),
    N_("somebody has changed the correction; it waits for a second person"),
    N_("the correction frozen with %(alert)s, approved together with it: %(names)s"),
    N_("approved by a second person"),
    N_("cut into a thread of %(number)s"),
    N_("said in a shorter form, to fit %(number)s segments"),
    # Cures.
    N_("Write it in each language of the alert."),
    N_("Take some out."),
    N_("Choose at least one."),
    N_("Choose zones, or draw an area."),
    N_("Choose the zone as well, or leave its time out."),
    N_("Say until when this alert holds."),
    N_("Give a time to come."),
    N_("Give an earlier time."),
    N_("Promise a time to come."),
    N_("Fill it in."),
    N_("Choose a person."),
    N_("Choose an approver."),
    N_("Choose another."),
    N_("Name another, or none."),
    N_("They set it under their name, and prove it."),
    N_("Put from before until."),
    N_("Such as duty officer."),
    N_("Take it out, or ask the administrator to set it up."),
    N_("Shorten the longest fields, or name fewer places."),
    N_("Shorten the longest fields."),
    N_("Shorten it."),
    N_("Write the time, the weekday and the date."),
    N_("Describe the picture."),
    N_("Send the full one."),
    N_("Write it with its country code, such as +47 900 00 000."),
    N_("Ask for a new one."),
    N_("Look at the newest text."),
    N_("Leave it out."),
    N_("Did you mean %(name)s?"),
)

_UNITS = (N_("characters"), N_("units"))


def told(text: str) -> str:
    """`text` in the reader's language, where its shape is known."""
    if not text:
        return text
    if helped := current_app.extensions[_HELPS].get(text):
        return said(helped)
    for shape, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return gettext(shape, **{name: _word(each) for name, each in found.groupdict().items()})
    return text


def _word(text: str) -> str:
    """A unit in the reader's language; everything else as it was put in."""
    return gettext(text) if text in _UNITS else text


@functools.lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((shape, re.compile(_pattern(shape), re.DOTALL)) for shape in SHAPES)


def _pattern(shape: str) -> str:
    return re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(shape).replace(r"\%", "%"))


def learn(app: Flask, kinds: Iterable[AlertKind]) -> None:
    """Remember every field's own help, which the reader of fields gives as cure in English."""
    found: dict[str, Words] = {}
    for kind in kinds:
        _gather(kind.fields.values(), found)
    app.extensions[_HELPS] = found


def _gather(specs: Iterable[FieldSpec], found: dict[str, Words]) -> None:
    for spec in specs:
        if spec.help.get("en"):
            found[spec.help["en"]] = spec.help
        _gather(spec.fields, found)
