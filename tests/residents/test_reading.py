"""Reading a CSV of residents and single phone numbers, whatever is in them."""

import csv
import io

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.errors import Invalid
from broadcaster.store.phone_numbers import PhoneReader
from broadcaster.store.resident_files import COLUMNS, MAX_LINE, Refused, ResidentFile, Rules
from broadcaster.store.resident_records import Place, Resident, joined, merged
from tests.residents.city import NOW

RULES = Rules("AU", ("en", "nb"), frozenset(("rocklea", "oxley")), NOW)
AU, NO = PhoneReader("AU"), PhoneReader("NO")
ONE = "+61491570156"


def read(data: bytes | str) -> list[tuple[int, Resident] | Refused]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(ResidentFile(stream, RULES).lines())


def reason(line: str, header: str = ",".join(COLUMNS)) -> str:
    (found,) = read(f"{header}\n{line}\n")
    assert isinstance(found, Refused), found
    return found.reason


def only(data: bytes | str) -> Resident:
    (found,) = read(data)
    assert not isinstance(found, Refused), found
    return found[1]


@pytest.mark.parametrize(
    "data",
    [
        "phone,place\n+61491570156,Møllers gate",
        "phone;place\r\n+61491570156;Møllers gate\r\n",
        "phone\tplace\n+61491570156\tMøllers gate\n",
        "\ufeffphone,place\n+61491570156,Møllers gate\n",
        "phone,place\n+61491570156,Møllers gate\n".encode("cp1252"),
        'PHONE, Place \n"+61 491 570 156","Møllers\u00a0gate"\n\n  \n,\n',
    ],
)
def test_the_dialects_of_spreadsheets_are_all_read(data: bytes | str) -> None:
    resident = only(data)
    assert (resident.phone, resident.places[0].name) == (ONE, "Møllers gate")


def test_a_decimal_comma_is_read_where_commas_do_not_part_cells() -> None:
    assert only(f"phone;lat;lon\n{ONE};-27,5;153,01\n").places == (Place("", -27.5, 153.01),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{ONE},,love,,,,,,,,", "basis"),
        (f"{ONE},,register,2026-01-01,,,,,,,", "only for the basis consent"),
        (f"{ONE},,consent,yesterday,,,,,,,", "not a date"),
        (f"{ONE},,consent,2027-01-01,,,,,,,", "in the future"),
        (f"{ONE},,,,,,-27.5,,,,", "one is missing"),
        (f"{ONE},,,,,,153.0,-27.5,,,", "not on Earth"),
        (f"{ONE},,,,,,nan,153.0,,,", "not on Earth"),
        (f"{ONE},,,,,,south,east,,,", "not degrees"),
        (f"{ONE},,,,,,,,rocklee,,", "did you mean rocklea"),
        (f"{ONE},,,,,,,,,maybe,", "neither yes nor no"),
        (f"{ONE},english please,,,,,,,,,", "not a tag"),
        (f"{ONE},,,,{'h' * 65},,,,,,", "more than 64"),
        (f"{ONE},,,,,,,,,,,,surplus", "13 cells"),
        (f'{ONE},"en', "not closed"),
        (f"{ONE},{'x' * MAX_LINE}", "longer than"),
        (f"{ONE},a\0b", "NUL"),
        ("", "missing"),
        (",en", "missing"),
        ("4.91571E+8", "spreadsheet"),
        ("+61 1900 123 456", "premium"),
        ("1800 123 456", "toll-free"),
        ("+61491570156 ext. 5", "extension"),
        ("call me", "not a number"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(line: str, said: str) -> None:
    if line:
        assert said in reason(line)
    else:
        assert read("phone\n\n") == []


def test_a_quotation_mark_that_is_never_closed_costs_one_line() -> None:
    found = read(f'phone,place\n{ONE},"home\n+61491570157,home\n')
    assert [isinstance(each, Refused) for each in found] == [True, False]


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    found = read(f"phone\n\n{ONE}\n\nnobody\n")
    assert [each.line if isinstance(each, Refused) else each[0] for each in found] == [3, 5]


def test_utf_16_is_named_with_its_cure() -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        read("phone\n".encode("utf-16"))


@pytest.mark.parametrize(
    ("said", "kept"),
    [("NB", "nb"), ("no", "nb"), ("nn", "nb"), ("en-AU", "en"), ("", "en"), ("vi", "vi"), ("zh-Hant", "zh-hant")],
)
def test_a_language_is_kept_as_the_city_writes_it(said: str, kept: str) -> None:
    assert only(f"phone,language\n{ONE},{said}\n").language == kept


def test_a_point_knows_better_than_a_list_of_zones() -> None:
    assert only(f"phone,lat,lon,zones\n{ONE},-27.5,153.0,rocklea\n").places == (Place("", -27.5, 153.0),)


@given(st.binary(max_size=600))
def test_no_bytes_at_all_can_break_the_reader(data: bytes) -> None:
    for line in data.split(b"\n"):
        for found in read(b"phone,language,place,lat,lon,zones\n" + line.replace(b"\r", b"")):
            if isinstance(found, Refused):
                assert found.reason


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=30), min_size=2, max_size=2)
)
def test_any_text_in_a_cell_comes_back_visible_and_on_one_line(cells: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([ONE, *cells])
    for found in read(f"phone,household,source\n{line.getvalue()}"):
        if not isinstance(found, Refused):
            assert (found[1].household + found[1].source).isprintable()


def attempt(reader: PhoneReader, text: str) -> tuple[str, str]:
    """The number, or why there is none."""
    try:
        return reader.read(text), ""
    except ValueError as why:
        return "", str(why)


@given(st.text(alphabet="+0123456789 ()-.x/'=@", max_size=20) | st.text(max_size=20))
def test_a_number_is_read_as_the_full_analysis_would_read_it_or_refused_without_being_quoted(text: str) -> None:
    for reader in (AU, NO):
        number, refused = attempt(reader, text)
        if number:
            assert phonenumbers.is_valid_number(phonenumbers.parse(number))
            assert reader.read(number) == number
        digits = "".join(each for each in text if each.isdigit())
        assert len(digits) < 4 or digits not in refused


@given(st.from_regex(r"\+61(4[0-9]{8})", fullmatch=True) | st.from_regex(r"\+47[49][0-9]{7}", fullmatch=True))
def test_the_quick_way_for_mobiles_agrees_with_the_full_analysis(text: str) -> None:
    valid = phonenumbers.is_valid_number(phonenumbers.parse(text))
    for reader in (AU, NO):
        if valid:
            assert reader.read(text) == text
        else:
            with pytest.raises(ValueError, match="no such phone"):
                reader.read(text)


@pytest.mark.parametrize(
    "text", ["0491 570 156", "+61 491-570-156", "61491570156", "0011 61 491 570 156", "(0491) 570.156"]
)
def test_the_ways_people_write_a_number_are_one_number(text: str) -> None:
    assert AU.read(text) == ONE


places = st.builds(Place, st.sampled_from(("", "home", "farm")), st.none(), st.none(), st.just(("rocklea",)))
records = st.builds(
    Resident, st.just(ONE), st.sampled_from(("en", "nb")), places=st.lists(places, max_size=3).map(tuple)
)


@given(st.lists(records, min_size=1, max_size=4))
def test_joining_and_merging_lose_no_place(rows: list[Resident]) -> None:
    one, _ = joined(rows)
    assert set(one.places) == {place for row in rows for place in row.places}
    both = merged(one, rows[-1], frozenset(COLUMNS))
    assert {place.name for place in both.places} == {place.name for place in one.places}
    assert merged(both, rows[-1], frozenset(COLUMNS)).digest() == both.digest()


def test_a_change_of_basis_forgets_the_old_consent() -> None:
    known = Resident(ONE, "en", "consent", NOW)
    assert merged(known, Resident(ONE, "nb"), frozenset(("phone", "language"))).consent_at == NOW
    assert merged(known, Resident(ONE, "en", "vital"), frozenset(("phone", "basis"))).consent_at is None
    assert merged(known, Resident(ONE, "en", "consent"), frozenset(("phone", "basis"))).consent_at == NOW
