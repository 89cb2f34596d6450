"""In a notebook, values are drawn by what the notebook was told, and know nothing of it."""

import subprocess
import sys

import pytest
from core.worlds import NOW
from pictures import samples
from pictures.reading import parsed, words_of
from publish.desks import client

import trustlib.inspect
from trustlib.inspect import Display, shown
from trustlib.inspect.notebook import KINDS
from trustlib.trust import Verified


def values():
    repository, storage = samples.collection()
    updater = client(storage, now=NOW)
    trusted = updater.refresh()
    return {
        "a repository": repository,
        "what a client trusts": trusted,
        **{f"a proof of {proof.name}": proof for proof in trusted.roles},
        "root": repository.root,
        "timestamp": repository.timestamp,
        "snapshot": repository.snapshot,
        **dict(list(repository.targets.items())[:4]),
        "bins": repository.targets["mirror"],
        "a found target": updater.find("acme/app:1.5"),
        "a binding": samples.binding(),
        "an explanation": samples.binding().explain(),
        "a plan": samples.plan(),
        "an examination": samples.examination(),
    }


VALUES = values()


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_is_shown_as_text_and_as_html(value):
    display = shown(value, now=samples.TODAY)

    parsed(display.html)
    assert words_of(display.html)
    assert str(display)
    assert display.html == display._repr_html_() == shown(value, now=samples.TODAY).html


def test_a_role_says_what_it_says():
    repository, _ = samples.collection()
    root, releases, web, mirror = (
        words_of(shown(role, now=samples.TODAY).html)
        for role in (
            repository.root,
            *(repository.targets[n] for n in ("releases", "web-team", "mirror")),
        )
    )

    assert "root, version 1 in 12 months" in root
    assert "Whose keys count: 4" in root
    assert "2 of 3" in root
    assert "acme/app:1.5" in releases
    assert "acme/web-nightly:*" in web
    assert "16 bins by the hash of the path" in mirror


def test_long_lists_are_counted():
    repository, _ = samples.collection()
    told = words_of(shown(repository.snapshot, now=samples.TODAY).html)

    assert "What belongs together: 21, the first 20" in told


def test_a_bundle_has_what_the_notebook_asks_for():
    display = Display("text", "<p>text</p>")

    assert {"text/plain": "text", "text/html": "<p>text</p>"} == display._repr_mimebundle_()
    assert {"text/plain": "text"} == display._repr_mimebundle_(include={"text/plain"})
    assert {"text/plain": "text"} == display._repr_mimebundle_(exclude={"text/html"})


def test_what_is_not_ours_has_no_picture():
    with pytest.raises(TypeError, match="no picture of int"):
        shown(3, now=NOW)


class Formatter:
    """As IPython keeps them: the first class of a value's that somebody spoke for."""

    def __init__(self):
        self.known = {}

    def for_type(self, kind, function):
        self.known[kind] = function

    def __call__(self, value):
        return next((self.known[c] for c in type(value).__mro__ if c in self.known), repr)(value)


class Shell:
    def __init__(self):
        self.display_formatter = self
        self.formatters = {"text/html": Formatter()}


def test_a_notebook_is_told_once_what_draws_every_value():
    shell = Shell()
    trustlib.inspect.load_ipython_extension(shell)
    formatter = shell.formatters["text/html"]

    assert set(KINDS) == set(formatter.known)
    for value in VALUES.values():
        parsed(formatter(value))


def test_the_classes_know_nothing_of_pictures():
    assert not any(hasattr(kind, "_repr_html_") for kind in KINDS)
    code = "import trustlib, sys; print(any(m.startswith('trustlib.inspect') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False" == done.stdout.strip()


def test_a_real_notebook_draws_them():
    shell_module = pytest.importorskip("IPython.core.interactiveshell")
    shell = shell_module.InteractiveShell()
    shell.extension_manager.load_extension("trustlib.inspect")
    proof = VALUES["a proof of root"]
    bundle, _ = shell.display_formatter.format(proof)

    assert isinstance(proof, Verified)
    assert "root, version 1" in words_of(bundle["text/html"])
    assert repr(proof) == bundle["text/plain"]
