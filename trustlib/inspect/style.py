"""How pages and drawings look: on a screen by day and by night, and on paper.

Colour says one thing, whether an expiry is urgent, and never says it alone. All
rules are below the class ``trust``, so that a picture can stand in somebody
else's page.
"""

from __future__ import annotations

from typing import Final

LIGHT: Final = {
    "paper": "#fbfaf7",
    "card": "#ffffff",
    "ink": "#1d2330",
    "muted": "#565e6e",
    "line": "#d9d5ca",
    "key": "#34508a",
    "good": "#1b6352",
    "good-soft": "#e2f1ec",
    "soon": "#7d5000",
    "soon-soft": "#fbecc9",
    "expired": "#a8231b",
    "expired-soft": "#fbe2df",
    "unknown": "#565e6e",
    "unknown-soft": "#eeebe3",
}
"""The colours of paper, and of screens by day."""

DARK: Final = {
    "paper": "#14171d",
    "card": "#1b1f27",
    "ink": "#e9e7e2",
    "muted": "#a6aebc",
    "line": "#363c49",
    "key": "#9db8f2",
    "good": "#84d3ba",
    "good-soft": "#16332b",
    "soon": "#f1c46d",
    "soon-soft": "#3a2c0e",
    "expired": "#ffa198",
    "expired-soft": "#47201d",
    "unknown": "#a6aebc",
    "unknown-soft": "#272c36",
}
"""The colours of screens by night."""


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


_STATES: Final = "".join(
    f".trust .{name}{{fill:var(--{name});color:var(--{name})}}"
    f".trust .{name}-soft{{fill:var(--{name}-soft);background:var(--{name}-soft)}}"
    for name in ("good", "soon", "expired", "unknown")
)

_SANS: Final = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif'
_MONO: Final = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace'

DRAWINGS: Final = (
    f".trust{{{_variables(LIGHT)}color-scheme:light dark;font-family:{_SANS}}}"
    "@media screen and (prefers-color-scheme:dark)"
    f"{{.trust{{{_variables(DARK)}}}}}"
    f".trust svg text,svg.trust text{{fill:var(--ink);font:13px {_SANS}}}"
    f".trust .name{{font-family:{_MONO};font-weight:600}}.trust .code{{font-family:{_MONO}}}"
    ".trust svg .small,svg.trust .small{font-size:11.5px;fill:var(--muted)}"
    ".trust svg .head,svg.trust .head{font-size:11px;letter-spacing:.06em;fill:var(--muted)}"
    ".trust .paper{fill:var(--paper)}.trust .card{fill:var(--card);stroke:var(--line)}"
    ".trust .wire{fill:none;stroke:var(--line);stroke-width:1.5}"
    ".trust .rule{stroke:var(--line);stroke-width:1}"
    ".trust .key{fill:var(--key)}"
    ".trust .able{fill:var(--card);stroke:var(--key);stroke-width:1.5}"
    f"{_STATES}"
    ".trust svg text.pill,svg.trust text.pill{font-weight:600}"
    ".trust svg text.good,svg.trust text.good{fill:var(--good)}"
    ".trust svg text.soon,svg.trust text.soon{fill:var(--soon)}"
    ".trust svg text.expired,svg.trust text.expired{fill:var(--expired)}"
    ".trust svg text.unknown,svg.trust text.unknown{fill:var(--unknown)}"
)
"""What a drawing needs by itself."""

TEXTS: Final = (
    ".trust{color:var(--ink);background:var(--paper);font-size:15px;line-height:1.5}"
    ".trust section{margin:2.6rem 0 0}.trust h1{font-size:1.75rem;line-height:1.2;margin:0}"
    ".trust h2{font-size:1.2rem;margin:0 0 .2rem}.trust h3{font-size:1rem;margin:1.2rem 0 .3rem}"
    ".trust p{margin:.3rem 0 .8rem;max-width:46rem}.trust .lead,.trust .note{color:var(--muted)}"
    ".trust svg{display:block;width:100%;min-width:44rem;height:auto}"
    ".trust .wide{overflow-x:auto}.trust .wide:focus-visible{outline:2px solid var(--key)}"
    ".trust dl.facts{display:flex;flex-wrap:wrap;gap:.6rem 2.4rem;margin:1.2rem 0 0}"
    ".trust dl.facts dt{color:var(--muted);font-size:.8rem}"
    ".trust dl.facts dd{margin:0;font-size:1.15rem;font-weight:600}"
    ".trust table{border-collapse:collapse;width:100%;font-size:.87rem}"
    ".trust caption{text-align:left;color:var(--muted);padding:.4rem 0}"
    ".trust th{text-align:left;font-weight:600;color:var(--muted)}"
    ".trust thead th{border-bottom:1px solid var(--line)}"
    ".trust th,.trust td{padding:.45rem 1rem .45rem 0;vertical-align:top}"
    ".trust tbody th{color:var(--ink);min-width:9.5rem}"
    ".trust tbody tr+tr>*{border-top:1px solid var(--line)}"
    ".trust .name,.trust .code{font-size:.92em;overflow-wrap:anywhere}"
    ".trust .chip{display:inline-block;margin:0 .35rem .3rem 0;padding:.05rem .55rem;"
    "border:1px solid var(--line);border-radius:1rem;overflow-wrap:anywhere}"
    ".trust .chip.alone{background:var(--unknown-soft);font-weight:600}"
    ".trust .pill{display:inline-block;padding:.05rem .55rem;border-radius:1rem;font-weight:600;"
    "white-space:nowrap}"
    ".trust summary{cursor:pointer;color:var(--key);padding:.5rem 0}"
    ".trust ul.plain{list-style:none;margin:0;padding:0}"
    ".trust ul.plain li{padding:.4rem 0;overflow-wrap:anywhere}"
    ".trust ul.plain li+li{border-top:1px solid var(--line)}"
    "@media print{.trust{--paper:#fff;font-size:10.5pt}.trust svg{min-width:0}"
    ".trust table{font-size:8.5pt}.trust tbody th{min-width:7.5rem}"
    ".trust .wide{overflow:visible}.trust section{break-inside:auto;margin-top:1.6rem}"
    ".trust h2,.trust h3{break-after:avoid}.trust tr,.trust li,.trust svg{break-inside:avoid}"
    ".trust summary{display:none}"
    ".trust details::details-content{content-visibility:visible;display:block}"
    ".trust *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}"
)
"""What stands around the drawings."""

PAGE: Final = (
    "@page{margin:16mm}body{margin:0}"
    "main.trust{max-width:62rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}"
    "@media print{main.trust{padding:0;max-width:none}}"
)
"""What only a whole page needs."""
