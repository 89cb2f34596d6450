"""Updates as conversations: what to do next, and no idea how (TUF 1.0.34 §5).

:func:`refresh` brings the top-level roles up to date, :func:`find` searches the
delegations for a target. Both yield effects and are sent their answers; the
same generators run under :class:`~trustlib.Updater`,
:class:`~trustlib.AsyncUpdater`, and in a test on two dictionaries.
"""

from trustlib.workflow.search import Found, Known, covering, delegated_by, find, foresee, walk
from trustlib.workflow.start import CLOCK_TOLERANCE
from trustlib.workflow.update import refresh

__all__ = [
    "CLOCK_TOLERANCE",
    "Found",
    "Known",
    "covering",
    "delegated_by",
    "find",
    "foresee",
    "refresh",
    "walk",
]
