"""From a template's words to the exact text of a channel: exercise marks, links, threads, and whether it fits."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.language import Language
from channels.base import Limits, Message
from channels.text import SmsLength, measure_post, measure_sms, split_thread, transliterate_sms

#: A template may be asked for shorter forms of itself: 0 as it is, 1 shorter, 2 shortest.
SHORTER = (0, 1, 2)
#: Begins a paragraph. No value can hold it: fields are read with all white space made single spaces.
BREAK = "\u2029"
_SPACES = re.compile(rf"[ \t\r\n{BREAK}]+")
_DOUBLE_STOP = re.compile(r"(?<!\.)\.\.(?!\.)")


@dataclass(frozen=True, slots=True)
class Frame:
    """What goes around the words of one channel and language. `words(shorter)` runs the template.

    `marks` are an exercise's first and last words, empty when it is live. `clock` is when it was sent, in this language.
    """

    channel: str
    language: str
    words: Callable[[int], str]
    marks: tuple[str, str]
    link: str
    limits: Limits
    hashtag: str = ""
    clock: str = ""

    @property
    def place(self) -> str:
        return f"{self.channel}.{self.language}"

    def problem(self, message: str, cure: str = "") -> Invalid:
        return Invalid([Problem(self.place, message, cure)])


def marks_of(language: Language, live: bool) -> tuple[str, str]:
    return ("", "") if live else (language.exercise_first, language.exercise_last)


def one_line(text: str) -> str:
    """Words with single spaces; "jan.." (an abbreviation at the end of a sentence) has one full stop."""
    return _DOUBLE_STOP.sub(".", _SPACES.sub(" ", text).strip(" "))


def paragraphs(text: str) -> tuple[str, ...]:
    """Parts at `BREAK`; inside a paragraph a line break is a space, unless the next line begins with "- " (a list)."""
    found = []
    for block in text.split(BREAK):
        lines = re.split(r"\n(?=[ \t]*- )", block)
        found.append("\n".join(filter(None, (one_line(line) for line in lines))))
    return tuple(filter(None, found))


def sms(frame: Frame) -> Message:
    """One text, complete without its link, the short link last. A template that can say it shorter is asked to, and it
    is noted.

    Raises Invalid saying by how much it is too long.
    """
    return _sms(frame, frame.link)


def sms_short(frame: Frame) -> Message:
    """One text of as few segments as the limits say, complete without its link, which is there only where it has room.

    Raises Invalid as `sms`.
    """
    try:
        return _sms(frame, frame.link, shortened=())
    except Invalid:
        # That it is shorter is what was asked for, and needs no note.
        made = _sms(frame, "")
        return replace(made, notes=tuple(note for note in made.notes if note != _shortened(frame)))


def _sms(frame: Frame, link: str, shortened: tuple[int, ...] = SHORTER[1:]) -> Message:
    allowed = frame.limits.per_part
    text, before = "", None
    for shorter in (0, *shortened):
        body = one_line(frame.words(shorter))
        if body == before:
            continue
        before = body
        text, notes = transliterate_sms(_marked_line(frame, body, link))
        length = measure_sms(text)
        if length.segments <= allowed:
            if shorter:
                notes = (*notes, _shortened(frame))
            return Message("sms", frame.language, (text,), "", link, (length.segments,), length.encoding, tuple(notes))
    raise frame.problem(*_too_long_sms(text, measure_sms(text), allowed))


def _shortened(frame: Frame) -> str:
    return f"said in a shorter form, to fit {frame.limits.per_part} segments"


def _marked_line(frame: Frame, body: str, link: str) -> str:
    first, last = frame.marks
    if last:
        body = f"{body.removesuffix(':')}." if body.endswith(":") else body
    return " ".join(filter(None, (first, body, last, link)))


def _too_long_sms(text: str, length: SmsLength, allowed: int) -> tuple[str, str]:
    single, multi, unit = (160, 153, "characters") if length.encoding == "GSM-7" else (70, 67, "units")
    over = length.units - (single if allowed == 1 else multi * allowed)
    message = f"is {over} {unit if over > 1 else unit[:-1]} too long for {allowed} segment{'s' * (allowed > 1)} ({length.encoding})"
    rare = sorted({sign for sign in text if measure_sms(sign).encoding == "UCS-2"})
    if rare:
        return (
            message,
            f"Each segment holds 67 instead of 153 because of {' '.join(rare[:12])}: replace them, or shorten.",
        )
    return message, "Shorten the longest fields, or name fewer places."


def x(frame: Frame) -> Message:
    """One post, or a numbered thread whose first part has the template's first paragraph and the link."""
    blocks = paragraphs(frame.words(0))
    first, last = frame.marks
    lead = " ".join(filter(None, (first, blocks[0] if blocks else "", f"#{frame.hashtag}" if frame.hashtag else "")))
    rest = "\n".join(filter(None, (*blocks[1:], last)))
    try:
        parts = split_thread(rest, frame.link, frame.limits.per_part, lead, first, frame.clock)
    except ValueError as error:
        raise frame.problem(str(error), "Shorten the first sentences or the names of places.") from None
    if len(parts) > frame.limits.parts:
        raise frame.problem(f"needs {len(parts)} posts, at most {frame.limits.parts} are allowed", "Shorten it.")
    units = tuple(measure_post(part).weighted_length for part in parts)
    notes = (f"cut into a thread of {len(parts)}",) if len(parts) > 1 else ()
    return Message("x", frame.language, parts, "", frame.link, units, "", notes)


def facebook(frame: Frame) -> Message:
    """Paragraphs, then the link, then the hashtag."""
    blocks = paragraphs(frame.words(0))
    first, last = frame.marks
    if first and blocks:
        blocks = (f"{first} {blocks[0]}", *blocks[1:])
    hashtag = f"#{frame.hashtag}" if frame.hashtag else ""
    text = "\n\n".join(filter(None, (*blocks, last, frame.link, hashtag)))
    return Message("facebook", frame.language, (_fitting(frame, text),), "", frame.link, (len(text),))


def website(frame: Frame, title: str) -> Message:
    """An HTML fragment: one article. The words are escaped already; the marks come from languages.yaml."""
    first, last = (f'<p class="exercise"><strong>{mark}</strong></p>\n' if mark else "" for mark in frame.marks)
    words = _DOUBLE_STOP.sub(".", frame.words(0).strip())
    text = f'<article class="alert" lang="{frame.language}">\n{first}{words}\n{last}</article>'
    return Message("website", frame.language, (_fitting(frame, text),), title, frame.link, (len(text),))


def _fitting(frame: Frame, text: str) -> str:
    over = len(text) - frame.limits.per_part
    if over > 0:
        raise frame.problem(f"is {over} characters too long of {frame.limits.per_part}", "Shorten the longest fields.")
    return text


def verify(message: Message, language: Language, every: Mapping[str, Language], live: bool) -> list[Problem]:
    """Look at the finished text once more: an exercise is marked first and last, a live one is not marked at all."""
    place = f"{message.channel}.{message.language}"
    texts = [text for text in (*message.parts, message.title) if text]
    if live:
        return unmarked(place, texts, every.values())
    first, last = language.exercise_first, language.exercise_last
    opening = 200 if message.channel == "website" else len(first)
    marked = all(first in text[:opening] for text in texts) and last in message.parts[-1][-400:]
    if marked:
        return []
    return [Problem(place, "does not begin and end as an exercise", "Without its marks it cannot go out.")]


def vague(message: Message, language: Language) -> list[Problem]:
    """Words that name no day: after 21:00 "tonight" is read the next morning (KINDS.md, section 0)."""
    text = " ".join((message.title, *message.parts)).casefold()
    return [
        Problem(f"{message.channel}.{message.language}", f"says {word!r}", "Write the time, the weekday and the date.")
        for word in language.refused
        if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text)
    ]


def unmarked(place: str, texts: Iterable[str], languages: Iterable[Language]) -> list[Problem]:
    """A live text with an exercise's marks would not be believed."""
    found = {
        mark
        for language in languages
        for mark in (language.exercise_first.rstrip(": "), language.exercise_last)
        if any(mark.casefold() in text.casefold() for text in texts)
    }
    return [
        Problem(place, f"says {mark!r}, but it is live", "Take it out, or set the status.") for mark in sorted(found)
    ]
