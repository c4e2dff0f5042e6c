"""Everything that a template of alert texts may name (templates/alerts/README.md lists it), for one channel and language."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Draft
from broadcaster.domain.field import Values
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile
from broadcaster.store.rendering_setting import Setting
from broadcaster.store.rendering_values import Absent, View, empty


@dataclass(frozen=True, slots=True)
class Matter:
    """One alert that is being put into words: the settled draft, its typed values, and what surrounds it."""

    draft: Draft
    values: Values
    kind: AlertKind
    profile: Profile
    setting: Setting
    zone: ZoneInfo

    def names(self, channel: str, tag: str, shorter: int) -> dict[str, object]:
        """The kind's fields by name, as this channel may show them, and the names of `field.RESERVED`."""
        zones = {key: self.profile.in_language(words, tag) for key, words in self.setting.area.zones.items()}
        elsewhere = {key: self.profile.in_language(words, tag) for key, words in self.setting.area.elsewhere.items()}
        view = View(self.kind, self.profile, tag, channel, self.zone, elsewhere | zones)
        fields = view.fields(self.values)
        language = self.kind.languages[tag]
        return (
            fields
            | {"language": language, "words": language.words, "channel": channel, "shorter": shorter}
            | {"kind": self.kind.name, "title": self.kind.title[tag], "event": self.kind.event.pick(self.values)[tag]}
            | {"msg_type": self.draft.msg_type.value, "live": self.draft.status.live}
            | {"zone_names": list(zones.values()), "details": view.details(self.values)}
            | {"places": fields.get("place_names") or list(zones.values()) or empty("place_names")}
            | self._city(tag)
            | self._times()
            | self._instructions(view, tag)
            | {"parents": self._parents(tag), "pictures": self._pictures(channel, tag)}
        )

    def _city(self, tag: str) -> dict[str, object]:
        decider = self.profile.authorities.get(str(self.values.get("decided_by", "")))
        return {
            "sender": self.profile.in_language(self.profile.sender, tag),
            "numbers": dict(self.profile.numbers),
            "timezone_name": self.profile.in_language(self.profile.timezone_name, tag),
            "decider": self.profile.in_language(decider.words, tag) if decider else empty("decided_by"),
        }

    def _times(self) -> dict[str, object]:
        return {
            "now": self.setting.sent.astimezone(self.zone),
            "onset": self._local("onset", self.draft.onset),
            "expires": self._local("expires", self.draft.expires),
            "next_update": self._local("next_update", self.draft.next_update),
        }

    def _local(self, name: str, moment: datetime | None) -> datetime | Absent:
        return moment.astimezone(self.zone) if moment else empty(name)

    def _instructions(self, view: View, tag: str) -> dict[str, object]:
        opened = self.kind.opened(self.values)
        level = next((each for each in self.profile.levels if opened and each.number == opened[0].level), None)
        return {
            "instruction": view.instruction(opened[1].key) if opened else empty("instruction"),
            "stage": {"words": self.profile.in_language(level.words, tag), "shape": level.shape} if level else None,
            "still": [
                view.instruction(each.key) | {"places": list(each.places.get(tag, ()))}
                for each in self.setting.still_applies
            ],
        }

    def _parents(self, tag: str) -> list[dict[str, object]]:
        return [
            {
                "headline": self.profile.in_language(each.headline, tag),
                "sent": each.reference.sent.astimezone(self.zone),
            }
            for each in self.setting.parents
        ]

    def _pictures(self, channel: str, tag: str) -> list[dict[str, str]]:
        if not self.kind.pictures.reaches(channel):
            return []
        return [{"uri": each.uri, "alt": each.alt.get(tag, "")} for each in self.setting.pictures]
