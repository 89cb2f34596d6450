"""Names of members that TUF does not define and trustlib writes."""

from __future__ import annotations

from typing import Final

COLLECTION: Final = "x-trustlib-collection"
"""Under every role's signatures: what the repository calls itself, domain included."""

ROLE: Final = "x-trustlib-role"
"""Under a targets role's signatures: its own name, so that no other can take its place."""
