"""The pages, opened in a real Chromium: nothing runs, nothing is asked for, axe finds nothing.

Where it is not installed, these are skipped; so are those that need axe-core or
Mermaid, unless TRUSTLIB_AXE names an ``axe.min.js``, and TRUSTLIB_MERMAID a
``mermaid.min.js``.
"""

import html
import json
import os
import re
from pathlib import Path

import pytest
from core.worlds import NOW
from pictures import browser, hostile, samples
from pictures.test_pictures_facts import many
from pictures.test_pictures_hostile import full_page

from trustlib.inspect import chain, collection_of, drawing, mermaid, page, shown

pytestmark = pytest.mark.servers

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture
def chromium(tmp_path):
    with browser.opened(tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def put(tmp_path):
    """Write a document where a browser can open it."""

    def put(document, name="page.html"):
        path = tmp_path / name
        path.write_text(document, encoding="utf-8")
        return path

    return put


EVIL = "".join(hostile.NAMES.values())
ATTACK = f"<script>document.title='ran'</script><img src='{hostile.LEAK}'/>"


def test_the_proxy_sees_what_a_page_asks_for(chromium, put):
    """Without this, "nothing was asked for" would prove nothing."""
    told = chromium.read(put(f"<!DOCTYPE html><title>a</title>{ATTACK}"))

    assert f"GET {hostile.LEAK}" in chromium.asked
    assert "<title>ran</title>" in told


def test_a_page_asks_for_nothing(chromium, put):
    told = chromium.read(put(samples.everything()))

    assert [] == chromium.asked
    assert "Who trusts whom" in told


@pytest.mark.parametrize(
    "guarded",
    [
        pytest.param(True, id="as it is"),
        pytest.param(False, id="without its policy", marks=pytest.mark.slow),
    ],
)
def test_a_hostile_page_runs_nothing_and_asks_for_nothing(chromium, put, guarded):
    for name in (EVIL, *list(hostile.NAMES.values())[:5]):
        made = full_page(name)
        told = chromium.read(put(made if guarded else POLICY.sub("", made)))

        assert "<title>ran</title>" not in told
        assert "<script" not in told
        assert "<img" not in told
    assert [] == chromium.asked


def test_the_policy_stops_what_slips_through(chromium, put):
    made = samples.everything().replace("</main>", f"{ATTACK}</main>")
    told = chromium.read(put(made))

    assert "<img" in told
    assert "<title>ran</title>" not in told
    assert [] == chromium.asked


def test_the_policy_lets_our_style_through(chromium, put):
    """A page is as wide as the style says, and the style is what the policy allows."""
    script = (
        "<script>document.title=getComputedStyle(document.querySelector('main')).maxWidth</script>"
    )
    made = samples.everything()
    both = made.replace("base-uri", "script-src &#39;unsafe-inline&#39;; base-uri")

    assert "<title>992px</title>" in chromium.read(put(both.replace("</body>", f"{script}</body>")))


def test_a_drawing_alone_is_drawn(chromium, put):
    told = chromium.read(put(drawing(samples.facts(), now=samples.TODAY), "tree.svg"))

    assert "parsererror" not in told
    assert "web-team/nightly" in told
    assert [] == chromium.asked


# -- axe --------------------------------------------------------------------------------

RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const told = document.createElement("pre");
  told.id = "found";
  told.textContent = JSON.stringify([found.passes.length, found.violations.map(
    v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + n.failureSummary).join("; "))]);
  document.body.append(told);
});
"""


def scripted(variable):
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no file")
    return Path(path).read_text(encoding="utf-8").replace("</script", "<\\/script")


def in_a_notebook(value):
    cell = shown(value, now=samples.TODAY).html
    title = "<title>A notebook</title>"
    return f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{title}</head><body><main><h1>A notebook</h1>{cell}</main></body></html>'


PAGES = {
    "everything": samples.everything,
    "hostile": lambda: full_page(EVIL),
    "many": lambda: page(collection_of(many(1_000)), now=NOW),
    "nothing": lambda: page(collection_of(samples.created()), now=NOW, changes=()),
    "a plan in a notebook": lambda: in_a_notebook(samples.plan()),
    "a role in a notebook": lambda: in_a_notebook(samples.collection()[0].root),
}


@pytest.mark.parametrize("night", ["0", "1"], ids=["night", "day"])
@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(chromium, put, made, night):
    axe = scripted("TRUSTLIB_AXE")
    document = POLICY.sub("", made()).replace("<details>", "<details open>")
    document = document.replace("</body>", f"<script>{axe}</script><script>{RUN}</script></body>")
    options = (f"--blink-settings=preferredColorScheme={night}", "--window-size=1100,4000")
    told = chromium.read(put(document), *options)
    (found,) = re.findall(r'<pre id="found">(.*?)</pre>', told, re.DOTALL)
    passed, violations = json.loads(html.unescape(found))

    assert [] == violations
    assert passed > 10


# -- Mermaid ----------------------------------------------------------------------------

DRAW = """
mermaid.initialize({startOnLoad: false, securityLevel: "strict"});
mermaid.render("drawn", TEXT).then(
  made => { document.body.innerHTML = made.svg; document.title = "drawn"; },
  error => { document.title = "refused: " + error; });
"""


@pytest.mark.parametrize(
    ("name", "shows"),
    [("docker.io", "docker.io"), *((name, None) for name in hostile.NAMES.values())],
    ids=["a plain name", *hostile.NAMES],
)
def test_mermaid_draws_any_name(chromium, put, name, shows):
    put(scripted("TRUSTLIB_MERMAID"), "mermaid.js")
    text = json.dumps(mermaid(collection_of(hostile.collection(name)), now=NOW))
    script = f'<script src="mermaid.js"></script><script>{DRAW.replace("TEXT", text)}</script>'
    told = chromium.read(put(f'<!DOCTYPE html><meta charset="utf-8"><body>{script}</body>'))

    assert "<title>drawn</title>" in told
    assert shows is None or shows in told
    assert 5 == len(re.findall(r'class="node ', told))
    assert [] == chromium.asked


def test_an_explanation_is_drawn(chromium, put):
    told = chromium.read(put(chain(samples.binding().explain(), now=NOW), "chain.svg"))

    assert "acme/app:1.5" in told
