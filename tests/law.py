"""What a law of the architecture is, the rings, and the ways to look for a breach that is more than a name."""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.source import Found, Source

#: A ring imports only its own and those below it. The longest name that fits decides.
RINGS = {
    "broadcaster": 0,
    "broadcaster.domain": 1,
    "broadcaster.clock": 2,
    "broadcaster.settings": 2,
    "channels": 2,
    "broadcaster.store": 3,
    "broadcaster.documents": 3,
    "broadcaster.rendering": 3,
    "broadcaster.cap": 3,
    "broadcaster.geo": 3,
    "broadcaster.queue": 3,
    "broadcaster.limits": 3,
    "broadcaster.outbound": 3,
    "broadcaster.providers": 3,
    "broadcaster.runtime": 4,
    "broadcaster.services": 5,
    "broadcaster.processes": 6,
    "broadcaster.jobs": 6,
    "broadcaster.web": 6,
    "broadcaster.cli": 6,
    "broadcaster.demo": 6,
    "broadcaster.__main__": 6,
    "wsgi": 7,
    "bench": 8,
    "tests": 8,
}


CHANNELS = ("channels.sms", "channels.x", "channels.facebook", "channels.website")


def ring(name: str) -> int | None:
    """The ring of a dotted name; None when it is a stranger, or a module of broadcaster that RINGS does not place."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        if (prefix := ".".join(parts[:size])) in RINGS:
            return RINGS[prefix] if prefix != "broadcaster" or size == len(parts) else None
    return None


def climbs(source: Source) -> Iterator[Found]:
    own = ring(source.module)
    if own is None:
        yield 1, f"{source.module} has no ring: give it one in RINGS"
        return
    for line, name in source.imports:
        if (other := ring(name)) is not None and other > own:
            yield line, f"{name} is of a higher ring"


def strangers(source: Source) -> Iterator[Found]:
    for line, name in source.imports:
        known = name.partition(".")[0] in sys.stdlib_module_names or name in ("broadcaster", "broadcaster.domain")
        if not known and not name.startswith("broadcaster.domain."):
            yield line, f"imports {name}"


def channels_early(source: Source) -> Iterator[Found]:
    """Channels that are imported together with the module that names them, not when one is first asked for."""
    late = {
        line
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    yield from ((line, name) for line, name in source.imports if line not in late and inside(name, CHANNELS))


def globals_changed(source: Source) -> Iterator[Found]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"changes the global {', '.join(node.names)}"


def transactions_ended(source: Source) -> Iterator[Found]:
    return source.calls("commit", "rollback", "begin")


def long_jobs(source: Source) -> Iterator[Found]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > 5:
                yield node.lineno, f"{node.name} has {lines} lines"


def vague_name(source: Source) -> Iterator[Found]:
    for part in source.module.split("."):
        if part.strip("_") in ("utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"):
            yield 1, f"{part} says nothing of what is in it"


def leaning_jobs(source: Source) -> Iterator[Found]:
    """Jobs that would lean on RQ to be unique, to come again or to come later."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("enqueue"):
            if node.func.attr in ("enqueue_in", "enqueue_at"):
                yield node.lineno, f".{node.func.attr}()"
            yield from ((node.lineno, f"{key.arg}=") for key in node.keywords if key.arg in ("unique", "retry"))


@dataclass(frozen=True)
class Law:
    """`within` and `spared` are patterns of paths (* also crosses folders). A law forbids `names` (and what is inside
    them), or whatever `look` finds. `breaches` are (path, text) that must be complained about.
    """

    words: str
    within: tuple[str, ...]
    breaches: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    look: Callable[[Source], Iterator[Found]] | None = None

    def complaints(self, source: Source) -> list[str]:
        """One line per breach: file, line, what, and the law."""
        if not fits(source.path, self.within) or fits(source.path, self.spared):
            return []
        found = [(line, name) for line, name in source.names if self.names and inside(name, self.names)]
        found += self.look(source) if self.look else ()
        return [f"{source.path}:{line}: {what}. The law: {self.words}" for line, what in sorted(set(found))]


def fits(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def inside(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
