"""Two small pictures, drawn by hand: bars for ratios, lines for growth; both axes logarithmic.

Plain SVG with colours that can be seen on a light page and on a dark one.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

_INK, _FAINT, _GOOD, _BAD, _GOAL = "#808080", "#80808055", "#2f9e6e", "#c2703d", "#5b7fd1"
_LINES = (_GOOD, _BAD, _GOAL, "#a05bb8", "#b39a2d")
_FONT = 'font-family="sans-serif" font-size="12"'
_NAMES, _WIDTH, _ROW = 360, 820, 20


def bars(ratios: Sequence[tuple[str, float, float | None]]) -> str:
    """Draw each ratio, and the goal where there is one; 1 is python-tuf's own time."""
    low, high = -2, 4
    height = _ROW * (len(ratios) + 2)

    def x(value: float) -> float:
        at = (math.log10(value) - low) / (high - low)
        return _NAMES + (_WIDTH - _NAMES - 90) * min(1.0, max(0.0, at))

    parts = [
        f'<line x1="{x(10**p):.0f}" y1="0" x2="{x(10**p):.0f}" y2="{height - _ROW}"'
        f' stroke="{_INK if p == 0 else _FAINT}"/>'
        + _text(x(10**p), height - 6, f"{10**p:g}×", anchor="middle")
        for p in range(low, high + 1)
    ]
    for number, (name, ratio, goal) in enumerate(ratios):
        y = _ROW * number
        left, right = sorted((x(1), x(ratio)))
        colour = _GOOD if ratio >= 1 else _BAD
        parts.append(_text(_NAMES - 8, y + 15, name, anchor="end"))
        parts.append(
            f'<rect x="{left:.1f}" y="{y + 5}" width="{max(1.0, right - left):.1f}" height="11"'
            f' fill="{colour}"/>'
        )
        parts.append(_text(_WIDTH - 4, y + 15, f"{ratio:.3g}×", anchor="end"))
        if goal is not None:
            parts.append(
                f'<line x1="{x(goal):.1f}" y1="{y + 2}" x2="{x(goal):.1f}" y2="{y + 19}"'
                f' stroke="{_GOAL}" stroke-width="3"/>'
            )
    return _svg(_WIDTH, height, parts)


def lines(series: Mapping[str, Mapping[float, float]]) -> str:
    """Draw seconds against sizes, one line for each of *series*."""
    width, height, left, bottom = _WIDTH, 360 + _ROW * len(series), 60, 330
    points = [point for each in series.values() for point in each.items()]
    (x0, x1), (y0, y1) = (
        (math.floor(min(logs)), math.ceil(max(logs)))
        for logs in zip(*((math.log10(x), math.log10(y)) for x, y in points), strict=True)
    )

    def place(size: float, seconds: float) -> tuple[float, float]:
        across = (math.log10(size) - x0) / max(1, x1 - x0)
        up = (math.log10(seconds) - y0) / max(1, y1 - y0)
        return left + (width - left - 40) * across, bottom - (bottom - 15) * up

    parts = []
    for power in range(x0, x1 + 1):
        x, _ = place(10.0**power, 10.0**y0)
        parts.append(f'<line x1="{x:.0f}" y1="15" x2="{x:.0f}" y2="{bottom}" stroke="{_FAINT}"/>')
        parts.append(_text(x, bottom + 16, f"{10**power:,}", anchor="middle"))
    for power in range(y0, y1 + 1):
        _, y = place(10.0**x0, 10.0**power)
        parts.append(f'<line x1="{left}" y1="{y:.0f}" x2="{width - 40}" y2="{y:.0f}"')
        parts[-1] += f' stroke="{_FAINT}"/>'
        parts.append(_text(left - 6, y + 4, f"{10.0**power:g} s", anchor="end"))
    for number, (name, each) in enumerate(series.items()):
        colour = _LINES[number % len(_LINES)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in each.items()))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = bottom + 36 + _ROW * number
        parts.append(f'<rect x="{left}" y="{y - 9}" width="18" height="4" fill="{colour}"/>')
        parts.append(_text(left + 26, y - 2, name))
    return _svg(width, height, parts)


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" fill="{_INK}" text-anchor="{anchor}" {_FONT}>'
        f"{escape(text)}</text>"
    )


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
