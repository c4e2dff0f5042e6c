"""How pages show the warning check: findings by rule, texts by name; and the ticks and reasons of the form that submits."""

from collections.abc import Iterable, Mapping

from flask import Flask, request
from flask_babel import get_locale

from broadcaster.domain.kind import AlertKind
from broadcaster.domain.lint.finding import Finding
from broadcaster.services.warning_check import LONGEST_REASON
from broadcaster.web import words
from broadcaster.web.context import runtime


def add_filters(app: Flask) -> None:
    """Make everything here known to the templates of `app`."""
    app.jinja_env.filters.update({"groupby_rule": groupby_rule, "seen_words": seen_words})
    app.jinja_env.globals["tongues_of"] = tongues_of
    app.context_processor(lambda: {"reader": str(get_locale() or "en")})


def groupby_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings of one rule together, in the order of the first of each."""
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(each.rule.id, []).append(each)
    return list(groups.values())


def seen_words(places: Iterable[str]) -> str:
    """The channels of texts, each once: "Text messages, X"."""
    return ", ".join(dict.fromkeys(words.channel(each.partition(".")[0]) for each in places))


def tongues_of(kind: AlertKind) -> tuple[str, ...]:
    """The city's languages that a kind has words in."""
    return tuple(tag for tag in runtime().profile.languages if tag in kind.languages)


def reasons() -> Mapping[str, str]:
    """Rule → reason, of those that were ticked."""
    given = {
        rule: request.form.get(f"reason.{rule}", "").strip()[:LONGEST_REASON] for rule in request.form.getlist("accept")
    }
    return {rule: reason for rule, reason in given.items() if reason}


def unanswered(findings: Iterable[Finding], given: Mapping[str, str]) -> list[str]:
    """Rules whose warnings have neither tick nor reason."""
    return list(dict.fromkeys(each.rule.id for each in findings if not each.error and each.rule.id not in given))
