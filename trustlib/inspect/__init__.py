"""Pictures of trust: who may sign what, until when, and what changed.

:func:`collection_of` says what there is to draw, and everything else draws it: as a
text tree, as Mermaid, as SVG, and as one page that needs nothing else. All of
these are functions of their arguments alone; the same facts and the same time
make the same bytes. Nothing here verifies, reads or writes anything.
"""

from trustlib.inspect.chain import chain
from trustlib.inspect.drawing import drawing
from trustlib.inspect.facts import (
    Above,
    Bins,
    Collection,
    Holder,
    More,
    Part,
    Scale,
    Seen,
    Unread,
    Unsigned,
)
from trustlib.inspect.gathering import collection_of
from trustlib.inspect.mermaid import mermaid
from trustlib.inspect.notebook import Display, load_ipython_extension, shown
from trustlib.inspect.pages import page
from trustlib.inspect.timeline import timeline
from trustlib.inspect.tree import tree

__all__ = [
    "Above",
    "Bins",
    "Collection",
    "Display",
    "Holder",
    "More",
    "Part",
    "Scale",
    "Seen",
    "Unread",
    "Unsigned",
    "chain",
    "collection_of",
    "drawing",
    "load_ipython_extension",
    "mermaid",
    "page",
    "shown",
    "timeline",
    "tree",
]
