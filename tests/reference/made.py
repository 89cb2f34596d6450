"""The pages that are made from the code, by their place below ``docs``."""

from pathlib import Path

from reference import api, errors, limits
from security.mistakes import page as mistakes
from specification.page import page as specification

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[str, str]:
    """Return the text of each page."""
    return {
        **{f"reference/{place}": text for place, text in api.pages().items()},
        "reference/errors.md": errors.page(),
        "reference/limits.md": limits.page(),
        "reference/specification.md": specification(),
        "explanation/mistakes.md": mistakes(),
    }
