"""What the tests of playbooks share: a folder of playbooks of their own, a gauge's key, and Dee, who may approve like Ben."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broadcaster import clock
from broadcaster.domain.alert import Status
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import FOLDER, Runtime
from broadcaster.services import playbooks
from broadcaster.store import documents
from broadcaster.store.playbooks import Run
from tests.engine.city import BEN

#: Longer than a step takes on a machine that others use, in seconds; a test lets it pass at once.
LEASE = 60.0
DEE = Actor("dee", "Dee", Role.APPROVER)
GAUGE = Actor("key:gauge", "river gauge", Role.AUTHOR, person=False, scopes=frozenset({"playbooks:run:creek"}))

#: Every blank is closed; the second step is about the first one's alert.
CREEK = """
title: {en: Creek, nb: Elv}
use_when: {en: The creek rises., nb: Elva stiger.}
parameters:
  level: {type: choice, required: true, label: {en: Level, nb: Nivå}, options: {low: {en: low, nb: lav}, high: {en: high, nb: høy}}}
  zones: {type: zones, required: true, max_items: 2, label: {en: Where, nb: Hvor}}
  words: {type: text, max_length: 30, label: {en: Words, nb: Ord}}
steps:
  - name: first
    alert: holding
    fields:
      seen: {case: level, of: {low: {en: The creek is rising, nb: Elva stiger}, high: {en: The creek is high, nb: Elva er høy}}}
      not_known: [{en: how far it will reach, nb: hvor langt vannet når}]
      doing: {param: words}
      action: [keep-from-creek]
    area: {zones: {param: zones}}
    channels: [website, sms]
    expires: 2h
    next_update: 30m
  - name: again
    update: first
    when: {level: high}
    fields:
      what_changed: {en: The creek is still rising, nb: Elva stiger fortsatt}
      seen: {en: The creek is high, nb: Elva er høy}
      not_known: [{en: how far it will reach, nb: hvor langt vannet når}]
      action: [keep-from-creek]
    area: {zones: {param: zones}}
    channels: [website, sms]
    expires: 2h
    next_update: 30m
"""
#: What a gauge says.
RISING: Mapping[str, Any] = {"level": "low", "zones": ["rocklea"]}
HIGH: Mapping[str, Any] = {"level": "high", "zones": ["rocklea"]}


def own_folder(rt: Runtime, folder: Path) -> Path:
    """Give the installation templates and playbooks of its own, which a test may change; returns where playbooks lie."""
    shutil.copytree(FOLDER / "templates", folder / "templates")
    shelf = folder / "playbooks"
    shelf.mkdir()
    (shelf / "creek.yaml").write_text(CREEK, encoding="utf-8")
    rt.folder = folder
    rt.kinds = documents.load_kinds(folder / "templates" / "alerts")
    return shelf


def approved(rt: Runtime, name: str = "creek") -> None:
    """Both approvers have given their word."""
    for person in (BEN, DEE):
        playbooks.approve_version(rt, name, person, clock.utc_now())


def run(rt: Runtime, parameters: Mapping[str, Any] = RISING, actor: Actor = GAUGE, **more: Any) -> Run:
    """The creek's playbook, by the gauge."""
    status = more.pop("status", Status.ACTUAL)
    return playbooks.run(rt, "creek", parameters, actor, status, clock.utc_now(), **more)
