"""Values to try a playbook with: every closed choice, and of everything else the shortest and the longest that may be given."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from broadcaster.domain.field import FieldType
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.playbook import Parameter, key_of
from broadcaster.domain.profile import Words

#: What a text parameter is filled up with, in plain letters that every phone can show.
_FILLING = "the lower part of the valley by the old bridge and the mill"


class Mode(StrEnum):
    """How much is given: only what must be, or everything at its shortest or at its longest."""

    BARE = "only what is required"
    LOW = "the shortest values"
    HIGH = "the longest values"


def combinations(
    parameters: Iterable[Parameter], when: Mapping[str, tuple[str, ...]]
) -> tuple[int, Iterable[dict[str, object]]]:
    """How many ways there are to give the choices and flags among `parameters`, as far as `when` lets them, and all of them."""
    ways: dict[str, Sequence[object]] = {}
    for each in parameters:
        if each.spec.type is FieldType.CHOICE:
            ways[each.name] = [option.key for option in each.spec.options]
        elif each.spec.type is FieldType.FLAG:
            ways[each.name] = [True, False]
        if each.name in when:
            ways[each.name] = [value for value in ways[each.name] if key_of(value) in when[each.name]]
    number = math.prod(map(len, ways.values()))
    return number, (dict(zip(ways, each, strict=True)) for each in itertools.product(*ways.values()))


def sample_values(
    parameters: Iterable[Parameter], mode: Mode, zones: Mapping[str, Words], kind: AlertKind
) -> dict[str, object]:
    """A value for each parameter that is neither a choice nor a flag; `zones` are names by id, from which the longest are taken."""
    found = {}
    for each in parameters:
        spec = each.spec
        if spec.type in (FieldType.CHOICE, FieldType.FLAG):
            continue
        if mode is Mode.BARE and (not spec.required or spec.default is not None):
            continue
        found[each.name] = _sample(each, mode is Mode.HIGH, zones, kind)
    return found


def _sample(parameter: Parameter, longest: bool, zones: Mapping[str, Words], kind: AlertKind) -> object:
    spec, sample = parameter.spec, parameter.sample
    match spec.type:
        case FieldType.NUMBER:
            return spec.maximum if longest else spec.minimum
        case FieldType.TEXT:
            return _text(parameter, longest)
        case FieldType.ZONES if not parameter.alerts:
            known = {code: words for code, words in zones.items() if not parameter.zones or code in parameter.zones}
            names = sorted(known, key=lambda code: (max(map(len, known[code].values())), code), reverse=longest)
            return names[: spec.max_items if longest else 1]
        case FieldType.ACTIONS if sample is None:
            keys = sorted(kind.bank, key=lambda key: max(map(len, kind.bank[key].words.values())), reverse=longest)
            return keys[: spec.max_items if longest else 1]
        case FieldType.INSTRUCTIONS if sample is None:
            return list(kind.instructions)[: spec.max_items if longest else 1]
    usual = {
        FieldType.TIME: "-5m" if spec.fresh_for else "+2h",
        FieldType.DATE: "+1d",
        FieldType.PHONE: "70 00 00 00",
        FieldType.ZONES: ["an-earlier-alert"],
    }
    return sample if sample is not None else usual[spec.type]


def _text(parameter: Parameter, longest: bool) -> object:
    spec, sample = parameter.spec, parameter.sample
    words = sample if isinstance(sample, Mapping) else {"": sample if isinstance(sample, str) else _FILLING[:20]}
    made = {tag: _stretched(str(each), spec.max_length) if longest else str(each) for tag, each in words.items()}
    value: object = made if isinstance(sample, Mapping) else made[""]
    return [value] * (min(spec.max_items, 3) if longest else 1) if spec.many else value


def _stretched(text: str, length: int) -> str:
    """`text` made as long as may be."""
    while len(text) < length:
        text = f"{text} {_FILLING}"
    return text[:length].rstrip().ljust(length, "x")
