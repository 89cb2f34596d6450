"""An index shows the README, and no link of it leads nowhere from there."""

import importlib.util

import pytest
from documentation.links import elsewhere, links
from release.building import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
SOURCE = "https://git.example/acme/trustlib"


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", PROJECT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def relative(text, folder):
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return [link for link in links(page) if not elsewhere(link) and not link.startswith("#")]


def test_with_an_address_each_link_leads_to_the_file_of_that_version(hook, tmp_path):
    there = hook.shown(README, SOURCE, "0.1.0")

    assert [] == relative(there, tmp_path)
    led = {f"{SOURCE}/blob/v0.1.0/{link}" for link in relative(README, tmp_path)}
    assert led
    assert all(f"]({link})" in there for link in led)


def test_without_one_nothing_is_a_link_and_everything_is_said(hook, tmp_path):
    there = hook.shown(README, None, "0.1.0")

    assert [] == relative(there, tmp_path)
    assert "- SECURITY.md: " in there.replace("`", "")


def test_code_and_links_to_elsewhere_stay(hook):
    text = "```python\na = [b](c)\n```\n<!-- [d](e) -->\n[f](https://g.example/h)\n[i](j#k)\n"

    there = hook.shown(text, SOURCE, "1.2")

    assert f"{text[:-9]}[i]({SOURCE}/blob/v1.2/j#k)\n" == there


def test_the_metadata_have_the_readme_and_the_version(hook, tmp_path):
    (tmp_path / "README.md").write_text("[a](b)\n", encoding="utf-8")
    (tmp_path / "trustlib").mkdir()
    (tmp_path / "trustlib" / "__init__.py").write_text('__version__ = "7"\n', encoding="utf-8")
    metadata = {"urls": {"Source": f"{SOURCE}/"}}

    hook.CustomMetadataHook(str(tmp_path), {}).update(metadata)

    expected = {"content-type": "text/markdown", "text": f"[a]({SOURCE}/blob/v7/b)\n"}
    assert expected == metadata["readme"]
