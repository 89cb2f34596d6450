"""The pictures in the documentation show what is drawn today."""

import pytest
from pictures import screenshots


@pytest.mark.parametrize("name", screenshots.SHOTS)
def test_the_documentation_shows_what_is_drawn_today(name):
    png = (screenshots.FOLDER / name).read_bytes()

    assert screenshots.fingerprint(name) == screenshots.shown(png), (
        "what is drawn has changed: take the pictures anew with"
        " PYTHONPATH=.:tests python tests/pictures/screenshots.py, and look at them"
    )
    assert len(png) <= screenshots.LARGEST
