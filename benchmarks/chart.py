"""A bar chart as SVG, which follows the reader's light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, HEAD = 760, 270, 90, 26, 34
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.head{font-weight:600}.bar{fill:#8c959f}.ours{fill:#0969da}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6e7681}.ours{fill:#4493f8}}"
)


@dataclass(frozen=True)
class Bar:
    """A named value, and how it is written."""

    name: str
    value: float
    text: str
    ours: bool = False


def bars(panels: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Return panels of horizontal bars, one below the other, each with a scale of its own."""
    drawn, top = [], 0
    for title, rows in panels:
        drawn.append(f'<text class="head" x="0" y="{top + 20}">{escape(title)}</text>')
        top += HEAD
        most = max((bar.value for bar in rows), default=1) or 1
        for bar in rows:
            drawn.append(_bar(bar, top, (WIDTH - LEFT - RIGHT) * bar.value / most))
            top += ROW
        top += ROW // 2
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *drawn, "</svg>\n"])


def _bar(bar: Bar, top: int, length: float) -> str:
    kind = "ours" if bar.ours else "bar"
    return (
        f'<text x="{LEFT - 10}" y="{top + 15}" text-anchor="end">{escape(bar.name)}</text>'
        f'<rect class="{kind}" x="{LEFT}" y="{top + 2}" width="{max(length, 1):.1f}" height="18" rx="2"/>'
        f'<text x="{LEFT + max(length, 1) + 6:.1f}" y="{top + 15}">{escape(bar.text)}</text>'
    )
