"""The pages that are made from the code, by their place below ``docs/reference``."""

from pathlib import Path

from reference import api, errors, limits
from specification.page import page as specification

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return the text of each page."""
    return {
        **api.pages(),
        "errors.md": errors.page(),
        "limits.md": limits.page(),
        "specification.md": specification(),
    }
