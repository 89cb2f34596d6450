"""Pictures in notebooks: the values stay as they are, and learn nothing about drawing.

The notebook is told, once, what draws them: ``%load_ext trustlib.inspect``. A
method in each class would be an import from below, hidden in a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Collection as Names
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from trustlib._clock import utcnow
from trustlib.content import TagBinding
from trustlib.inspect.facts import Scale
from trustlib.inspect.gathering import collection_of
from trustlib.inspect.lasting import Moment
from trustlib.inspect.markup import Markup, joined
from trustlib.inspect.pages import body, fragment
from trustlib.inspect.reports import changed, examined, explained, planned
from trustlib.inspect.rolling import role_section
from trustlib.inspect.tree import tree
from trustlib.publish import Examination, Repository, SigningPlan
from trustlib.roles import Role, Root, Snapshot, Targets, Timestamp
from trustlib.trust import Trusted, Verified
from trustlib.workflow import Explanation, Found

Shown: TypeAlias = (
    Repository
    | Trusted
    | Verified[Role]
    | Role
    | Found
    | TagBinding
    | Explanation
    | SigningPlan
    | Examination
)
"""Whatever can be shown in a notebook."""

KINDS: Final = (
    Repository,
    Trusted,
    Verified,
    Root,
    Timestamp,
    Snapshot,
    Targets,
    Found,
    TagBinding,
    Explanation,
    SigningPlan,
    Examination,
)
"""The classes whose values :func:`load_ipython_extension` teaches a notebook to show."""

_SMALL: Final = Scale(children=12, parts=60)


@frozen
class Display:
    """A value as a notebook shows it: text for terminals, HTML for browsers.

    Attributes:
        text: what ``print`` shows.
        html: a fragment that needs nothing else.
    """

    text: str
    html: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(
        self, include: Names[str] | None = None, exclude: Names[str] | None = None
    ) -> dict[str, str]:
        """Return both forms by their media types, as notebooks ask for them."""
        every = {"text/plain": self.text, "text/html": self.html}
        wanted = every.keys() if include is None else every.keys() & set(include)
        return {kind: every[kind] for kind in every if kind in wanted - set(exclude or ())}


def shown(value: Shown, *, now: datetime) -> Display:
    """Return *value* for a notebook.

    Args:
        value: a repository, a role or a proof of one, what a client answered,
            a plan, or what ``fsck`` found.
        now: the time to which "in 3 days" is relative (UTC).

    Raises:
        TypeError: it is none of these.
        ValueError: *now* has no time zone.
    """
    at = Moment(now)
    return Display(_text(value, at), fragment(_drawn(value, at)))


def _drawn(value: Shown, at: Moment) -> Markup:
    match value:
        case Repository() | Trusted():
            drawn = joined(body(collection_of(value, scale=_SMALL), at))
        case Found() | TagBinding():
            drawn = explained(value.explain(), at)
        case Explanation():
            drawn = explained(value, at)
        case SigningPlan():
            drawn = joined((changed(value.changes), planned(value)))
        case Examination():
            drawn = examined(value)
        case Verified():
            drawn = role_section(value.name, value.role, value.signed_by, at)
        case Root() | Timestamp() | Snapshot() | Targets():
            drawn = role_section(value.NAME, value, None, at)
        case _:
            raise TypeError(f"there is no picture of {type(value).__name__}")
    return drawn


def _text(value: Shown, at: Moment) -> str:
    match value:
        case Repository() | Trusted():
            return tree(collection_of(value, scale=_SMALL), now=at.now)
        case Found() | TagBinding():
            return str(value.explain())
        case Explanation() | SigningPlan() | Examination():
            return str(value)
        case _:
            return repr(value)


class _Formatter(Protocol):
    def for_type(self, kind: type, function: Callable[..., str], /) -> object: ...


class _Formatters(Protocol):
    @property
    def formatters(self) -> Mapping[str, _Formatter]: ...


class Shell(Protocol):
    """What a notebook hands over: IPython's shell, as far as it matters here."""

    @property
    def display_formatter(self) -> _Formatters:
        """Where it is kept what draws which class."""
        ...


def load_ipython_extension(shell: Shell) -> None:
    """Let the notebook *shell* show the values of trustlib; it calls this itself.

    ``%load_ext trustlib.inspect`` in a notebook, and from then on a repository, a
    role, an answer, a plan or an examination at the end of a cell is drawn, as of
    the time of the system's clock.
    """
    formatter = shell.display_formatter.formatters["text/html"]
    for kind in KINDS:
        formatter.for_type(kind, _html)


def _html(value: Shown) -> str:
    return shown(value, now=utcnow()).html
