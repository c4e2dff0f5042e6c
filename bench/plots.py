"""Draws what was measured as SVG: bars with their figures in words beside them, readable on light and on dark paper."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 760, 30, 270, 130, 78, 34
#: Colours of text, quiet text, our bars, the bars of others, and the goal's line; contrast is over 4.5 on white and on #0d1117.
STYLE = """
.t{font:600 16px system-ui,sans-serif}.l,.v{font:13px system-ui,sans-serif}.n{font:12px system-ui,sans-serif}
.t,.l,.v{fill:#1f2328}.n{fill:#59636e}.ours{fill:#0550ae}.theirs{fill:#6e7781}.goal{stroke:#9a3412;stroke-width:2;stroke-dasharray:5 4}
.g{font:12px system-ui,sans-serif;fill:#9a3412}
@media (prefers-color-scheme:dark){.t,.l,.v{fill:#e6edf3}.n{fill:#9198a1}.ours{fill:#58a6ff}.theirs{fill:#8b949e}
.goal{stroke:#f0883e}.g{fill:#f0883e}}
""".strip()


@dataclass(frozen=True, slots=True)
class Bar:
    """One measured value; `ours` ones stand out."""

    label: str
    value: float
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars under a title. `log` where the values differ by powers of ten; `goal` is drawn as a line, when there is one."""

    name: str
    title: str
    note: str
    unit: str
    bars: Sequence[Bar]
    goal: float | None = None
    log: bool = False


def svg(plot: Plot) -> str:
    """The picture as a document; its title and description say in words what it shows."""
    height = TOP + ROW * len(plot.bars) + BOTTOM
    said = "; ".join(f"{bar.label}: {figure(bar.value)}{plot.unit}" for bar in plot.bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(plot.title)}</title><desc id="d">{escape(said)}</desc><style>{STYLE}</style>',
        f'<text class="t" x="16" y="30">{escape(plot.title)}</text>',
        f'<text class="n" x="16" y="52">{escape(plot.note)}</text>',
        *_bars(plot),
        *_goal(plot, height),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bars(plot: Plot) -> Iterator[str]:
    for number, bar in enumerate(plot.bars):
        y, length = TOP + ROW * number, _length(plot, bar.value)
        kind = "ours" if bar.ours else "theirs"
        yield f'<text class="l" x="{LEFT - 10}" y="{y + 18}" text-anchor="end">{escape(bar.label)}</text>'
        yield f'<rect class="{kind}" x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="20" rx="2"/>'
        yield f'<text class="v" x="{LEFT + length + 8:.1f}" y="{y + 18}">{figure(bar.value)}{escape(plot.unit)}</text>'


def _goal(plot: Plot, height: int) -> Iterator[str]:
    if plot.goal is None:
        return
    x = LEFT + _length(plot, plot.goal)
    yield f'<line class="goal" x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{height - BOTTOM + 4}"/>'
    yield f'<text class="g" x="{x:.1f}" y="{height - 12}" text-anchor="middle">goal {figure(plot.goal)}{escape(plot.unit)}</text>'


def _length(plot: Plot, value: float) -> float:
    most = max([bar.value for bar in plot.bars] + [plot.goal or 0.0]) or 1.0
    room = WIDTH - LEFT - RIGHT
    if not plot.log:
        return room * value / most
    least = min(bar.value for bar in plot.bars if bar.value > 0) / 2
    return room * max(0.0, math.log(max(value, least) / least) / math.log(most / least))


def figure(value: float) -> str:
    """A number as people write it, three digits of it at least."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def plots(document: dict[str, Any]) -> Iterator[Plot]:
    """What can be drawn from the figures of a run."""
    figures, note = document["figures"], f"{document['machine'].partition(', load')[0]}; medians"
    if "fanout" in figures:
        yield from _fanout(figures["fanout"], note)
    if "latency" in figures:
        yield from _latency(figures["latency"], note)
    if "growth" in figures:
        yield from _growth(figures["growth"], note)


def _fanout(found: dict[str, Any], note: str) -> Iterator[Plot]:
    ours = [Bar(f"broadcaster, {each}", one["per_second"]) for each, one in found["databases"].items()]
    theirs = [Bar(each["name"], each["per_second"], ours=False) for each in found["peers"]]
    bars = sorted([*ours, *theirs], key=lambda bar: bar.value)
    yield Plot(
        "bench-fanout",
        "Recipients a second, to one loopback provider",
        f"{note}; logarithmic",
        "/s",
        bars,
        10_000,
        True,
    )
    parts: dict[str, Any] = {
        name: round_ for name, one in found["databases"].items() for round_ in [one["median"]["cpu_us"]]
    }
    cost = [Bar(f"{kind}, {name}", spent) for name, each in parts.items() for kind, spent in each.items() if spent]
    yield Plot("bench-cost", "Processor time per recipient, by process", note, " µs", cost)


def _latency(found: dict[str, Any], note: str) -> Iterator[Plot]:
    for database, waits in found.items():
        bars = [
            Bar(f"{channel}, {words}", waits[when][channel]["p99"])
            for when, words in (("idle", "idle"), ("while a large send runs", "large send"))
            for channel in ("website", "x", "facebook")
        ]
        yield Plot(f"bench-latency-{database}", "Approval to first post, p99", f"{note}; {database}", " s", bars, 1.0)


def _growth(found: dict[str, Any], note: str) -> Iterator[Plot]:
    bars = [
        Bar(f"{one['recipients']:,} recipients, {database}", one["cost_us"])
        for database, sizes in found.items()
        for one in (sizes["small"], sizes["large"])
    ]
    yield Plot("bench-growth", "Processor time per recipient, as the audience grows", note, " µs", bars)


def draw(document: dict[str, Any], folder: Path) -> list[Path]:
    """Write one SVG per plot; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for plot in plots(document):
        path = folder / f"{plot.name}.svg"
        path.write_text(svg(plot), encoding="utf-8")
        written.append(path)
    return written
