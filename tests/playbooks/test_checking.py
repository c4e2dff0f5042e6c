"""What is wrong with a playbook is found before it is needed, all at once, each with its line and column."""

from pathlib import Path

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.runtime import FOLDER
from broadcaster.services.playbook_checks import City, check_for
from broadcaster.store import documents
from broadcaster.store.documents_playbook import parse_playbook
from tests.playbooks.shelf import CREEK


@pytest.fixture(scope="module")
def brisbane() -> City:
    kinds = documents.load_kinds(FOLDER / "templates" / "alerts")
    zones = {"rocklea": {"en": "Rocklea"}, "oxley": {"en": "Oxley"}}
    return City(kinds, documents.load_profile(FOLDER / "profiles" / "brisbane.yaml"), zones)


def said(city: City, folder: Path, text: str) -> list[str]:
    """Every complaint about a playbook, without the folder."""
    file = folder / "creek.yaml"
    file.write_text(text, encoding="utf-8")
    return [str(each).removeprefix(f"{folder}/") for each in check_for(city, [file])]


def at(text: str, sign: str) -> str:
    """The place of `sign` in `text`, as a complaint gives it."""
    before, _, _ = text.partition(sign)
    return f"creek.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_nothing_is_wrong_with_the_creek(brisbane: City, tmp_path: Path) -> None:
    assert said(brisbane, tmp_path, CREEK) == []


#: What is changed, where the complaint stands, and what it says.
BROKEN = [
    ("title:", "titel:", "title is missing"),
    ("use_when:", "usewhen:", "there is no key 'usewhen' here"),
    ("type: choice", "type: chioce", "not allowed here"),
    ("type: choice", "type: record", "is not a type of parameters"),
    ("type: zones, required", "type: zone, required", "not allowed here"),
    ("label: {en: Words, nb: Ord}", "label: {en: Words}", "has no words in nb"),
    ("type: text, max_length: 30", "type: number", "a number needs minimum and maximum"),
    ("max_items: 2", "max_items: two", "should be a number"),
    ("max_items: 2", "max_itens: 2", "Did you mean max_items?"),
    ("options: {low", "option: {low", "belong to a choice"),
    ("alert: holding", "alert: holdin", "Did you mean holding?"),
    ("alert: holding", "allert: holding", "does not say what it does"),
    ("update: first", "update: fist", "Did you mean first?"),
    ("update: first", "update: {param: zones}", "does not list alerts"),
    ("name: again", "name: first", "there is another step 'first'"),
    ("name: again", "name: Again!", "is not a name"),
    ("when: {level: high}", "when: {lewel: high}", "Did you mean level?"),
    ("when: {level: high}", "when: {level: hihg}", "Did you mean high?"),
    ("when: {level: high}", "when: {zones: high}", "is neither a choice nor a flag"),
    ("when: {level: high}", "after: soon", "'soon' is not a duration"),
    ("doing: {param: words}", "doing: {param: wrods}", "Did you mean words?"),
    ("doing: {param: words}", "doing: nothing", "no step uses 'words'"),
    ("{case: level, of: {low", "{case: levels, of: {low", "Did you mean level?"),
    ("low: {en: The creek is rising", "lov: {en: The creek is rising", "says nothing for low"),
    ("action: [keep-from-creek]", "acton: [keep-from-creek]", "Did you mean action?"),
    ("action: [keep-from-creek]", "action: [keep-from-crek]", "Did you mean keep-from-creek?"),
    ("action: [keep-from-creek]", "doings: x", "there is no such field"),
    ("not_known: [{en: how far it will reach, nb: hvor langt vannet når}]", "night: x", "there is no such field"),
    ("expires: 2h", "expires: 2 hours", "is not a duration"),
    ("expires: 2h", "expires: 40d", "more than 31 days away"),
    ("expires: 2h", "expire: 2h", "Did you mean expires?"),
    ("next_update: 30m", "severity: Awful", "'Awful' is not allowed here"),
    ("channels: [website, sms]", "channels: [website, fax]", "fax is not set up"),
    ("area: {zones: {param: zones}}", "area: {zone: {param: zones}}", "Did you mean zones?"),
    ("area: {zones: {param: zones}}", "onset: 1h", "needs it"),
    ("max_length: 30", "max_length: 300", "characters, 100 more than the 200 it may have"),
    ("The creek is rising, nb: Elva stiger}, high", "The creek is rising {{ now }}, nb: Elva}, high", "expected"),
    ("what_changed: {en: The creek is still rising, nb: Elva stiger fortsatt}", "doing: x", "must be filled in"),
    ("high: {en: The creek is high, nb", "high: {nb", "has no words in en"),
    ("steps:", "stepz:", "steps is missing"),
    ("  - name: first", "  - *first", "alias"),
    ("  - name: first", "  - !!python/object:os.system", "tags"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN, ids=lambda each: str(each)[:40])
def test_a_broken_playbook_is_complained_about_with_its_place(
    old: str, new: str, message: str, brisbane: City, tmp_path: Path
) -> None:
    assert old in CREEK
    complaints = said(brisbane, tmp_path, CREEK.replace(old, new, 1))
    assert any(message in each for each in complaints), complaints
    assert all(each.split(":")[0] == "creek.yaml" and each.split(":")[1].isdigit() for each in complaints)


def test_a_complaint_stands_where_the_fault_is(brisbane: City, tmp_path: Path) -> None:
    broken = CREEK.replace("keep-from-creek]", "keep-from-crek]", 1)
    (complaint,) = {each.split(": ")[0] for each in said(brisbane, tmp_path, broken)}
    assert complaint == at(broken, "keep-from-crek")


def test_all_faults_are_named_at_once(brisbane: City, tmp_path: Path) -> None:
    broken = CREEK.replace("max_items", "max_itens").replace("update: first", "update: fist").replace("when:", "wen:")
    assert len(said(brisbane, tmp_path, broken)) >= 3


def test_a_text_that_fits_for_one_value_only_is_found(brisbane: City, tmp_path: Path) -> None:
    text = (FOLDER / "playbooks" / "brisbane-river-flood.yaml").read_text(encoding="utf-8")
    words = "The river will enter the ground floors and the gardens of a very large number of homes in"
    complaints = said(brisbane, tmp_path, text.replace("The river will enter many homes in", words))
    assert any("too long" in each and "level=major" in each for each in complaints), complaints


def test_a_value_that_the_kind_always_refuses_is_found(brisbane: City, tmp_path: Path) -> None:
    text = (FOLDER / "playbooks" / "boil-water.yaml").read_text(encoding="utf-8")
    broken = text.replace(
        "      water-utility: {en: the water utility, nb: vannverket}", "      police: {en: the police, nb: politiet}"
    ).replace("water-utility:", "police:")
    complaints = said(brisbane, tmp_path, broken)
    assert any("decided_by=police" in each and "health authority" in each for each in complaints), complaints


def test_more_combinations_than_anybody_reads_are_refused(brisbane: City, tmp_path: Path) -> None:
    flags = "".join(f"  f{number}: {{type: flag, label: {{en: F, nb: F}}}}\n" for number in range(6))
    step = "".join(f"      doing{number}: {{param: f{number}}}\n" for number in range(6))
    text = CREEK.replace("steps:\n", f"{flags}steps:\n").replace("    fields:\n", f"    fields:\n{step}", 1)
    assert any("128 combinations" in each for each in said(brisbane, tmp_path, text))


def test_it_cannot_compute() -> None:
    for value in ("{{ config }}", "${HOME}", "{param: __class__}", "{case: level, of: {low: {eval: 1}, high: x}}"):
        text = CREEK.replace("doing: {param: words}", f"doing: {value}").replace("{param: words}", "x")
        try:
            playbook = parse_playbook(text, "creek", ("en", "nb"))
        except Invalid:
            continue
        document = playbook.steps[0].document({"level": "low", "zones": ("rocklea",)})
        assert isinstance(document["fields"], dict)
        assert document["fields"]["doing"] in ("${HOME}", {"eval": 1})


def test_the_example_that_explains_the_language_is_one() -> None:
    words = (FOLDER / "playbooks" / "README.md").read_text(encoding="utf-8")
    example = words.split("```yaml\n")[1].split("```")[0]
    playbook = parse_playbook(example, "creek", ("en", "nb"))
    assert [step.name for step in playbook.steps] == ["first", "again"]
    assert playbook.steps[1].after_minutes == 30
