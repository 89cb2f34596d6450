"""What an index shows of a distribution: README.md, whose links lead somewhere from there, too.

In the repository they are relative. From elsewhere they lead to the file in the
version that was built, at the address that ``project.urls`` calls *Source*; as
long as that is not stated, what they say stays and leads nowhere.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_CODE = re.compile(r"(^```.*?^```$|<!--.*?-->)", re.MULTILINE | re.DOTALL)
_RELATIVE = re.compile(r"\[(?P<said>[^\[\]]+)\]\((?P<path>[^()\s:]+)\)")
_VERSION = re.compile(r'^__version__ = "(?P<version>[^"]+)"$', re.MULTILINE)


def shown(readme: str, source: str | None, version: str) -> str:
    """Return *readme* as it can be read elsewhere; what it shows as code stays as it is."""
    to = r"\g<said>" if source is None else rf"[\g<said>]({source}/blob/v{version}/\g<path>)"
    pieces = _CODE.split(readme)
    pieces[::2] = [_RELATIVE.sub(to, piece) for piece in pieces[::2]]
    return "".join(pieces)


class CustomMetadataHook(MetadataHookInterface):
    """Adds the readme."""

    def update(self, metadata: dict[str, Any]) -> None:
        """See hatchling."""
        root = Path(self.root)
        stated = _VERSION.search((root / "trustlib" / "__init__.py").read_text(encoding="utf-8"))
        if stated is None:
            raise ValueError("trustlib/__init__.py: states no version")
        readme = (root / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source")
        text = shown(readme, source and source.rstrip("/"), stated["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
