"""Parameters of playbooks: from nodes to what may be given."""

from broadcaster.domain.field import FieldSpec, FieldType, Option
from broadcaster.domain.playbook import PARAMETER_TYPES, Parameter
from broadcaster.store.documents_reader import Section

#: The one type that a field has not: ids of alerts that were sent.
ALERTS = "alerts"


def read_parameter(name: str, section: Section, languages: tuple[str, ...]) -> Parameter:
    """Read one parameter; its label is there in all of `languages`."""
    if not name.isidentifier() or name.startswith("_"):
        section.reader.refuse(section.node, f"{name!r} is not the name of a parameter", "Use a-z, 0-9 and _.")
    alerts = section.text("type", "") == ALERTS
    kind = FieldType.ZONES if alerts else section.enum("type", FieldType) or FieldType.TEXT
    if kind not in PARAMETER_TYPES:
        known = ", ".join([*sorted(PARAMETER_TYPES), ALERTS])
        section.refuse("type", f"{kind.value!r} is not a type of parameters", f"One of: {known}.")
    options = section.section("options")
    default, sample = section.get("default"), section.get("sample")
    spec = FieldSpec(
        name=name,
        type=kind,
        label=section.words("label", languages),
        help=section.words("help", languages, required=False),
        required=section.flag("required"),
        many=section.flag("many"),
        max_length=section.integer("max_length", 300, 1, 4000),
        max_items=section.integer("max_items", 12, 1, 50),
        minimum=section.number("minimum", None) if section.has("minimum") else None,
        maximum=section.number("maximum", None) if section.has("maximum") else None,
        whole=section.flag("whole"),
        options=tuple(Option(key, section.words_of(node, languages)) for key, node in options.all()) if options else (),
        fresh_for=section.integer("fresh_for", None, 1, 10_000) if section.has("fresh_for") else None,
        default=default.plain() if default else None,
    )
    if (kind is FieldType.CHOICE) != bool(spec.options):
        section.refuse("options", "belong to a choice, and a choice needs them")
    if kind is FieldType.NUMBER and not spec.closed:
        section.refuse("type", "a number needs minimum and maximum", "Say what can be given.")
    zones = section.texts("zones", (), max_length=64)
    if zones and (alerts or kind is not FieldType.ZONES):
        section.refuse("zones", "belong to a parameter of type zones")
    return Parameter(spec, sample.plain() if sample else None, zones, alerts)
