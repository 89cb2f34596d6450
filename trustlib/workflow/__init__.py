"""Updates as conversations: what to do next, and no idea how (TUF 1.0.34 §5).

:func:`refresh` brings the top-level roles up to date, :func:`latest` all of them
but targets, :func:`remembered` verifies what is stored of them, :func:`find`
searches the delegations for a target, and :func:`find_agreed` for one that
several roles list alike. They yield effects and are sent their answers; the same
generators run under :class:`~trustlib.Updater`, :class:`~trustlib.AsyncUpdater`,
and in a test on two dictionaries.
"""

from trustlib.workflow.agreement import Agreed, RolesAgree, find_agreed
from trustlib.workflow.explanation import Evidence, Explanation, Signed, Vouched
from trustlib.workflow.procedure import Procedure, Tuf, procedure_of
from trustlib.workflow.remembered import remembered
from trustlib.workflow.search import Found, Known, covering, delegated_by, find, foresee, walk
from trustlib.workflow.start import CLOCK, CLOCK_TOLERANCE, FLOORS
from trustlib.workflow.update import latest, refresh

__all__ = [
    "CLOCK",
    "CLOCK_TOLERANCE",
    "FLOORS",
    "Agreed",
    "Evidence",
    "Explanation",
    "Found",
    "Known",
    "Procedure",
    "RolesAgree",
    "Signed",
    "Tuf",
    "Vouched",
    "covering",
    "delegated_by",
    "find",
    "find_agreed",
    "foresee",
    "latest",
    "procedure_of",
    "refresh",
    "remembered",
    "walk",
]
