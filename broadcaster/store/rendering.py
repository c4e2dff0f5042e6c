"""From a draft to the exact texts that go out, one for each channel and language, and the CAP document that holds them
together.

The only builder of the Jinja environment for alert texts: operators' words are data and never become templates.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from broadcaster.domain.alert import Draft
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile
from broadcaster.store import rendering_shapes as shapes
from broadcaster.store.rendering_alert import CapWords, alert_of, beside, cap_problems
from broadcaster.store.rendering_filters import FILTERS
from broadcaster.store.rendering_names import Matter
from broadcaster.store.rendering_setting import Ground, Parent, Preview, PublicPicture, Rendered, Setting, Still
from broadcaster.store.rendering_values import EmptyField
from channels.base import Limits, Message

__all__ = ["Ground", "Parent", "Preview", "PublicPicture", "Rendered", "Setting", "Still", "preview", "render"]

#: The longest output of one template, in characters; a page of alert text is a hundredth of it.
MAX_OUTPUT = 200_000
_TAG = re.compile(r"\{%.*?%\}")
_BLOCKS = ("headline", "description", "instruction")
#: The cure of a field that a text needs and that nobody has filled in.
_FILL_IN = "Fill it in."


def render(draft: Draft, kind: AlertKind, profile: Profile, setting: Setting) -> Rendered:
    """Make every text of an alert. Raises Invalid with all problems; what is returned fits and bears its marks."""
    made = preview(draft, kind, profile, setting)
    if made.problems or made.alert is None:
        raise Invalid(made.problems)
    return Rendered(made.alert, made.messages)


def preview(draft: Draft, kind: AlertKind, profile: Profile, setting: Setting) -> Preview:
    """Make as many texts as can be made, and list what is wrong with the others.

    Places of problems: `fields.NAME`, `CHANNEL.LANGUAGE`, `cap.LANGUAGE.headline`, or a key of the alert file.
    """
    zone = ZoneInfo(profile.timezone)
    settled, values, found = kind.settle(draft, profile, zone, setting.sent)
    problems = list(found)
    problems += [
        Problem("channels", f"{channel} is not set up", "Take it out, or ask the administrator to set it up.")
        for channel in settled.channels
        if channel not in setting.limits
    ]
    problems += beside(values, kind, setting)
    room = _Room(Matter(settled, values, kind, profile, setting, zone))
    words = {tag: room.cap(tag, problems) for tag in settled.languages if tag in kind.languages}
    messages = [
        message
        for channel in settled.channels
        for tag in words
        if channel in setting.limits and (message := room.message(channel, tag, words[tag], problems))
    ]
    complete = {tag: each for tag, each in words.items() if each is not None}
    alert = None
    if complete and len(complete) == len(settled.languages):
        alert = alert_of(settled, values, kind, profile, setting, complete)
    return Preview(alert, tuple(messages), tuple(dict.fromkeys(_once(problems))))


def _once(problems: Sequence[Problem]) -> Iterator[Problem]:
    """One complaint about an empty field, however many texts need it; none where the kind has complained of it already."""
    named = {each.place for each in problems if each.cure != _FILL_IN}
    for each in problems:
        if each.cure != _FILL_IN:
            yield each
        elif each.place not in named:
            named.add(each.place)
            yield each


class _Room:
    """One alert being put into words; each method makes one text and adds what is wrong to `problems`."""

    def __init__(self, matter: Matter) -> None:
        self.matter = matter
        self.draft = matter.draft
        self.kind = matter.kind
        self.profile = matter.profile
        self.setting = matter.setting
        self.environment = _environment(str(matter.kind.folder.parent))

    def cap(self, tag: str, problems: list[Problem]) -> CapWords | None:
        """Headline, description and instruction in one language, with an exercise's marks; None if they cannot be made."""
        before = len(problems)
        texts = dict.fromkeys(_BLOCKS, "")
        template = self._template("cap", tag, "txt", problems)
        for block in _BLOCKS:
            try:
                texts[block] = self._run(template, "cap", tag, 0, block) if template else ""
            except Invalid as error:
                problems += error.problems
        if len(problems) > before:
            return None
        first, last = shapes.marks_of(self.kind.languages[tag], self.draft.status.live)
        words = CapWords(
            headline=" ".join(filter(None, (first, shapes.one_line(texts["headline"])))),
            description="\n\n".join(filter(None, (first.rstrip(":"), *shapes.paragraphs(texts["description"]), last))),
            instruction="\n\n".join(filter(None, (*shapes.paragraphs(texts["instruction"]), last))),
        )
        problems += cap_problems(tag, words, self.kind.languages.values(), self.draft.status.live)
        return words if len(problems) == before else None

    def message(self, channel: str, tag: str, cap: CapWords | None, problems: list[Problem]) -> Message | None:
        """The text of one channel and language; None where it cannot be made."""
        brief = channel == "sms" and self.draft.short
        template = self._template(
            "sms_short" if brief else channel, tag, "html" if channel == "website" else "txt", problems
        )
        if template is None:
            return None
        language, live = self.kind.languages[tag], self.draft.status.live
        frame = shapes.Frame(
            channel,
            tag,
            functools.partial(self._run, template, channel, tag),
            shapes.marks_of(language, live),
            self.setting.short_link if channel == "sms" else self.setting.page(tag),
            self._limits(channel, tag),
            self.setting.hashtag or self.profile.hashtag,
            language.clock_time(self.setting.sent.astimezone(self.matter.zone)),
        )
        try:
            message = shapes.sms_short(frame) if brief else _SHAPES[channel](frame, cap)
        except Invalid as error:
            problems += error.problems
            return None
        wrong = shapes.verify(message, language, self.kind.languages, live)
        wrong += shapes.vague(message, language)
        problems += wrong
        return None if wrong else message

    def _limits(self, channel: str, tag: str) -> Limits:
        limits = self.setting.limits[channel]
        if channel != "sms":
            return limits
        allowed = self.profile.sms_segments.get(tag, limits.per_part)  # UCS-2 languages may need more
        if self.draft.short:
            # An exercise's marks take a third of a segment, so a rehearsal may need a second one.
            allowed = min(allowed, 1 if self.draft.status.live else 2)
        return Limits(limits.unit, allowed, limits.parts)

    def _template(self, channel: str, tag: str, ending: str, problems: list[Problem]) -> Template | None:
        name = f"{self.kind.name}/{channel}.{tag}.{ending}"
        try:
            return self.environment.get_template(name)
        except TemplateNotFound as error:
            place = f"{channel}.{tag}"
            problems.append(Problem(place, f"{error.name} does not exist", "Write it, or leave that channel out."))
        except TemplateSyntaxError as error:
            problems.append(Problem(f"{error.name}:{error.lineno}:1", f"is not a template: {error.message}"))
        return None

    def _run(self, template: Template, channel: str, tag: str, shorter: int, block: str = "") -> str:
        """Run a template (or one block of it). Raises Invalid naming the field or word that stands in the way."""
        context = template.new_context(self.matter.names(channel, tag, shorter))
        place = f"{channel}.{tag}" + (f".{block}" if block else "")
        if block and block not in template.blocks:
            raise Invalid([Problem(place, "the template has no such block", f"Add {{% block {block} %}}.")])
        parts = template.blocks[block](context) if block else template.root_render_func(context)
        try:
            return _capped(parts, place)
        except EmptyField as error:
            name = error.name if "." in error.name or error.name in self.kind.fields else ""
            where = f"fields.{error.name}" if name else error.name
            raise Invalid([Problem(where, f"is empty, but {channel} in {tag} needs it", _FILL_IN)]) from None
        except UndefinedError as error:
            raise Invalid([Problem(place, f"the text cannot be made: {error.message}", "Mend its template.")]) from None
        except (TemplateError, TypeError, ValueError) as error:
            raise Invalid([Problem(place, f"the text cannot be made: {error}", "Mend its template.")]) from None


def _headline(cap: CapWords | None) -> str:
    return cap.headline if cap else ""


_SHAPES: Mapping[str, Callable[[shapes.Frame, CapWords | None], Message]] = {
    "sms": lambda frame, _: shapes.sms(frame),
    "x": lambda frame, _: shapes.x(frame),
    "facebook": lambda frame, _: shapes.facebook(frame),
    "website": lambda frame, cap: shapes.website(frame, _headline(cap)),
}


def _capped(parts: Iterator[str], place: str) -> str:
    found, length = [], 0
    for part in parts:
        length += len(part)
        if length > MAX_OUTPUT:
            raise Invalid([Problem(place, f"the text is longer than {MAX_OUTPUT} characters", "Shorten the fields.")])
        found.append(part)
    return "".join(found)


class _Environment(ImmutableSandboxedEnvironment):
    """Sandboxed; also refuses repetition and powers, which can fill memory inside one expression."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        raise SecurityError(f"{operator} is not used in texts")


class _Lines(Extension):
    """Lets a text template be written one sentence a line: a line of tags alone leaves nothing behind, a line that
    comes out empty vanishes, and only an empty line in the template itself begins a paragraph (`shapes.BREAK`).
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        if not (name and name.endswith(".txt")):
            return source
        return "\n".join(self._line(line) for line in source.split("\n"))

    def _line(self, line: str) -> str:
        if not line.strip():
            return shapes.BREAK
        words = _TAG.sub("", line).strip()
        return f"{line}\n" if words and line.rstrip().endswith("%}") else line


@functools.lru_cache(maxsize=8)
def _environment(root: str) -> _Environment:
    environment = _Environment(
        loader=FileSystemLoader(root),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Lines],
    )
    environment.filters |= FILTERS
    return environment
