"""Everything that is wrong with a playbook, before anybody needs it: each step is put into words for every combination of closed blanks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import channels
from broadcaster.domain import rules
from broadcaster.domain.alert import Reference, Status
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.field import FieldType
from broadcaster.domain.field_values import nearest
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.lint.checking import errors as lint_errors
from broadcaster.domain.moment import from_wall
from broadcaster.domain.playbook import Parameter, Playbook, Step
from broadcaster.domain.profile import Profile, Words
from broadcaster.runtime import Runtime
from broadcaster.services import warning_check
from broadcaster.services.playbook_drafts import draft_of, path_of
from broadcaster.services.playbook_samples import Mode, combinations, sample_values
from broadcaster.store import rendering, zone_files
from broadcaster.store import zones as zone_store
from broadcaster.store.documents_playbook import parse_playbook, read_text
from broadcaster.store.rendering import Ground, Parent, Setting

#: Combinations of choices and flags that one step may depend on; more than these nobody has read before approving.
MAX_COMBINATIONS = 64
#: A moment whose times are as long as they come in words: a Thursday of two digits, and some minutes past ten in two hours.
_MOMENT = datetime(2026, 9, 24, 20, 38)  # noqa: DTZ001 - the wall clock of whatever city is checked
#: Names of zones where there are none yet, as long as those of real suburbs and villages.
_INVENTED: Mapping[str, Words] = {f"sample-{number}": {"en": f"Upper Sample {number}"} for number in range(1, 13)}


@dataclass(frozen=True, slots=True)
class City:
    """What a playbook is checked for: the kinds, the city's profile, names of its zones by id, and where its pages will be."""

    kinds: Mapping[str, AlertKind]
    profile: Profile
    zones: Mapping[str, Words] = field(default_factory=dict)
    status_url: str = "https://status.city.example"

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(next(iter(self.kinds.values())).languages)


def city_of(rt: Runtime) -> City:
    """This installation's city, with the zones that were imported, else those that come with its profile."""
    with rt.db.read() as connection:
        zones = {each.code: each.names for each in zone_store.listing(connection)}
    if not zones and rt.profile.zones_file:
        path = rt.folder / "profiles" / rt.profile.zones_file
        found = zone_files.read_zones(path.read_bytes(), path.name, rt.profile.fallback) if path.is_file() else []
        zones = {each.code: each.names for each in found}
    return City(rt.kinds, rt.profile, zones, rt.settings.status_address)


def check(rt: Runtime, files: Sequence[Path]) -> tuple[Problem, ...]:
    """All problems of playbooks, at file:line:column; none when each may be approved."""
    return check_for(city_of(rt), files)


def check_for(city: City, files: Sequence[Path]) -> tuple[Problem, ...]:
    """The same, for any city."""
    problems: list[Problem] = []
    for path in files:
        try:
            playbook = parse_playbook(read_text(path), path.stem, city.languages, str(path))
        except Invalid as error:
            problems += error.problems
        else:
            problems += _Check(playbook, city, from_wall(_MOMENT, ZoneInfo(city.profile.timezone))).problems()
    return tuple(dict.fromkeys(problems))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One way to fill a step in, and what came of it: `refused` by a rule of its kind, or `wrong`."""

    choices: Mapping[str, object]
    mode: Mode
    refused: tuple[Problem, ...] = ()
    wrong: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Check:
    playbook: Playbook
    city: City
    now: datetime

    def problems(self) -> list[Problem]:
        found = []
        for step in self.playbook.steps:
            if step.kind not in self.city.kinds:
                cure = nearest(step.kind, self.city.kinds)
                found.append(Problem(step.place_of(""), f"there is no kind {step.kind!r}", cure))
            else:
                found += self._step(step)
        return found

    def _step(self, step: Step) -> list[Problem]:
        used = [self.playbook.parameters[name] for name in sorted(step.names())]
        number, ways = combinations(used, step.when)
        if number > MAX_COMBINATIONS:
            said = f"depends on {number} combinations of choices, at most {MAX_COMBINATIONS} are checked"
            return [Problem(step.place_of(""), said, "Make two steps of it, or leave a choice out.")]
        attempts = [
            attempt for choices in ways for mode in Mode if (attempt := self._attempt(step, used, choices, mode))
        ]
        wrong: dict[tuple[str, str], Problem] = {}
        for each in attempts:
            for problem in each.wrong:
                placed = self._placed(step, problem, each)
                wrong.setdefault((placed.place, problem.place), placed)
        return [*wrong.values(), *self._dead_ends(step, used, attempts)]

    def _dead_ends(self, step: Step, used: list[Parameter], attempts: list[_Attempt]) -> Iterator[Problem]:
        """Values of a choice with which the kind's own rules refuse whatever else is given."""
        if attempts and all(each.refused for each in attempts):
            yield from dict.fromkeys(self._placed(step, each, attempts[0]) for each in attempts[0].refused)
            return
        for parameter in used:
            for key in dict.fromkeys(
                each.choices[parameter.name] for each in attempts if parameter.name in each.choices
            ):
                those = [each for each in attempts if each.choices.get(parameter.name) == key]
                if all(each.refused for each in those):
                    yield from dict.fromkeys(self._placed(step, each, those[0]) for each in those[0].refused)

    def _attempt(self, step: Step, used: list[Parameter], choices: Mapping[str, object], mode: Mode) -> _Attempt | None:
        """None when the step is left out for these choices."""
        kind, profile = self.city.kinds[step.kind], self.city.profile
        zone = ZoneInfo(profile.timezone)
        raw = sample_values(self.playbook.parameters.values(), mode, self.city.zones or _INVENTED, kind)
        others = {
            name: each.spec.options[0].key if each.spec.options else False
            for name, each in self.playbook.parameters.items()
            if each.spec.type in (FieldType.CHOICE, FieldType.FLAG)
        }
        values, unread = self.playbook.read({**others, **raw, **choices}, kind, profile.languages, zone, self.now)
        if unread:
            return _Attempt(choices, mode, wrong=unread)
        if not step.applies(values):
            return None
        references = () if step.form.msg_type == "Alert" else ("an-earlier-alert",)
        # An exercise's marks make every text longer, so the longest values are tried with them, and the barest without.
        status = Status.EXERCISE if mode is Mode.HIGH else Status.ACTUAL
        try:
            draft = draft_of(step, values, status, self.playbook.incident, references, profile, self.now)
        except Invalid as error:
            return _Attempt(choices, mode, wrong=error.problems)
        settled, typed, found = kind.settle(draft, profile, zone, self.now)
        ruled = set(kind.check(settled, typed, profile))
        if refused := tuple(each for each in found if each in ruled):
            return _Attempt(choices, mode, refused=refused)
        if found:
            return _Attempt(choices, mode, wrong=found)
        page = replace(settled, channels=tuple(dict.fromkeys((*settled.channels, "website"))))
        wrong = rules.missing(page, self.now)
        if mode is not Mode.LOW:
            made = rendering.preview(page, kind, profile, self._setting(page.area.zones, references))
            wrong += made.problems
            if mode is Mode.BARE:  # the longest values are filled up with what no text may say
                case = warning_check.case_of(page, kind, profile, made.messages, ())
                wrong += warning_check.problems(lint_errors(case))
        return _Attempt(choices, mode, wrong=tuple(dict.fromkeys(wrong)))

    def _setting(self, chosen: Sequence[str], references: Sequence[str]) -> Setting:
        profile = self.city.profile
        named = {code: self.city.zones.get(code) or _INVENTED.get(code) or {"en": code} for code in chosen}
        parents = tuple(
            Parent(
                Reference(profile.cap_sender, each, self.now),
                {tag: self.playbook.title[tag] for tag in self.city.languages},
            )
            for each in references
        )
        return Setting(
            identifier=f"{profile.name}-20260101-0000-{self.playbook.name}"[:64],
            token="preview0",  # noqa: S106 - the short link's length, not a secret
            sent=self.now,
            status_url=self.city.status_url,
            limits={name: channels.load(name).limits for name in channels.CHANNELS},
            parents=parents,
            area=Ground(zones=named),
            hashtag=profile.hashtag,
        )

    def _placed(self, step: Step, problem: Problem, attempt: _Attempt) -> Problem:
        """The problem at its place in the file, with the values that brought it about."""
        if problem.place.startswith("parameters."):
            name = problem.place.split(".")[1]
            return Problem(self.playbook.places[name], f"its sample cannot be used: {problem.message}", problem.cure)
        path = path_of(problem.place)
        given = ", ".join(f"{name}={value}" for name, value in attempt.choices.items())
        how = f"with {given} and {attempt.mode}" if given else f"with {attempt.mode}"
        said = problem.message if step.places.get(path) else f"{problem.place}: {problem.message}"
        return Problem(step.place_of(path), f"{said} ({how})", problem.cure)
