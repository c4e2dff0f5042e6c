"""Words that all kinds share (languages, bank of actions, instructions): from nodes to frozen objects."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from broadcaster.domain.kind import Instruction, Sentence
from broadcaster.domain.language import Language
from broadcaster.store.documents_node import SLUG, Node
from broadcaster.store.documents_reader import Reader, Section

T = TypeVar("T")


def read_languages(reader: Reader) -> Mapping[str, Language]:
    return {tag: _language(tag, reader.section(node)) for tag, node in reader.section().all()}


def _language(tag: str, section: Section) -> Language:
    clock = section.text("clock")
    language = Language(
        code=tag,
        name=section.text("name"),
        clock=clock,
        full_hour=section.text("full_hour", clock),
        noon=section.text("noon", ""),
        weekdays=_exactly(section, "weekdays", 7),
        months=_exactly(section, "months", 12),
        when=section.text("when"),
        day=section.text("day"),
        weekday_clock=section.text("weekday_clock"),
        and_word=section.text("and_word"),
        decimal=section.text("decimal"),
        exercise_first=section.text("exercise_first"),
        exercise_last=section.text("exercise_last"),
        test_first=section.text("test_first"),
        test_last=section.text("test_last"),
        exercise_over=section.text("exercise_over"),
        refused=section.texts("refused", ()),
        words={key: _only_text(section.reader, node) for key, node in _named(section, "words")},
    )
    section.done()
    return language


def _exactly(section: Section, key: str, count: int) -> tuple[str, ...]:
    texts = section.texts(key)
    if len(texts) != count:
        section.refuse(key, f"has {len(texts)} entries, not {count}")
    return (*texts, *[""] * count)[:count]


def _named(section: Section, key: str) -> list[tuple[str, Node]]:
    inner = section.section(key, required=True)
    return inner.all() if inner else []


def _only_text(reader: Reader, node: Node) -> str:
    if not isinstance(node.value, str):
        reader.refuse(node, f"should be text, not {node.kind}", "Put it in quotes.")
    return str(node.value)


def read_bank(reader: Reader, languages: Mapping[str, Language]) -> Mapping[str, Sentence]:
    """The call-to-action bank; `short` is optional, per language."""

    def sentence(key: str, section: Section) -> Sentence:
        short = section.words("short", required=False)
        words = {tag: section.text(tag) for tag in languages}
        return Sentence(key, words, short)

    return _entries(reader.section(), sentence)


def read_instructions(reader: Reader, languages: Mapping[str, Language]) -> Mapping[str, Instruction]:
    def instruction(key: str, section: Section) -> Instruction:
        forms = {form: section.words(form, languages) for form in ("command", "still", "name", "lifted")}
        return Instruction(key, **forms, covers=section.texts("covers", (), max_length=64))

    return _entries(reader.section(), instruction)


def _entries(section: Section, read: Callable[[str, Section], T]) -> dict[str, T]:
    found: dict[str, T] = {}
    for key, node in section.all():
        inner = section.reader.section(node)
        if not SLUG.fullmatch(key):
            section.reader.refuse(node, f"{key!r} is not a name", "Use a-z, 0-9 and hyphens.")
        found[key] = read(key, inner)
        inner.done()
    return found
