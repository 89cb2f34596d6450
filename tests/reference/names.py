"""Every public name: where it is imported from, where it was made, and what is said of it there.

Public is what a package lists in ``__all__``, and everything in the modules of
``WHOLE``. A value has no docstring of its own that Python would remember, so
those are read from the source, below the line that makes the value.
"""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from attrs import frozen

import trustlib

WHOLE = ("trustlib.errors", "trustlib.events", "trustlib.ports", "trustlib.keys")
NOT_FOR_USERS = {"shortened", "moment"}  # how errors put things


@frozen
class Name:
    """One public name: ``trustlib.Limits``, made in ``trustlib.limits``, where it is ``Limits``."""

    path: str
    home: str
    own: str
    value: object

    @property
    def said(self) -> str:
        """The docstring, of values too."""
        made = _tree(self.home)
        for line, after in zip(made, [*made[1:], None], strict=True):
            if self.own in _assigned(line) and isinstance(after, ast.Expr):
                return _text(after)
        return "" if _is_value(self.value) else (self.value.__doc__ or "")

    @property
    def is_value(self) -> bool:
        """Whether this is neither a class nor a function."""
        return _is_value(self.value)


def _is_value(value: object) -> bool:
    return not isinstance(value, type) and not hasattr(value, "__code__")


def packages() -> tuple[str, ...]:
    """Return the packages that list what is public, outermost first."""
    everywhere = [m for m in pkgutil.walk_packages(trustlib.__path__, "trustlib.") if m.ispkg]
    found = ["trustlib", *(m.name for m in everywhere if "__all__" in _source(m.name))]
    return tuple(sorted(found, key=lambda name: (name.count("."), name)))


def listed(module: str) -> list[str]:
    """Return the public names of *module*."""
    if module in WHOLE:
        made = [n for line in _tree(module) for n in _made(line)]
        return [n for n in made if not n.startswith("_") and n not in NOT_FOR_USERS]
    return list(importlib.import_module(module).__all__)


@cache
def names() -> tuple[Name, ...]:
    """Return every public name once, under the shortest path that it can be imported from."""
    found: dict[tuple[str, str], Name] = {}
    for module in (*packages(), *WHOLE):
        for name in listed(module):
            place = home(module, name)
            value = getattr(importlib.import_module(module), name)
            found.setdefault(place, Name(f"{module}.{name}", *place, value))
    return tuple(sorted(found.values(), key=lambda each: each.path.lower()))


def home(module: str, name: str) -> tuple[str, str]:
    """Follow ``from … import`` to the module that makes *name*, those for type checkers too."""
    tree = _tree(module)
    guarded = [inner for line in tree if isinstance(line, ast.If) for inner in line.body]
    for line in (*tree, *guarded):
        if isinstance(line, ast.ImportFrom):
            for each in line.names:
                if name == (each.asname or each.name) and str(line.module).startswith("trustlib"):
                    return home(str(line.module), each.name)
    return module, name


@cache
def _source(module: str) -> str:
    return Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8")


@cache
def _tree(module: str) -> list[ast.stmt]:
    return ast.parse(_source(module)).body


def _made(line: ast.stmt) -> Iterator[str]:
    if isinstance(line, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield line.name
    yield from _assigned(line)


def _assigned(line: ast.stmt) -> list[str]:
    targets = [line.target] if isinstance(line, ast.AnnAssign) else getattr(line, "targets", [])
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _text(line: ast.Expr) -> str:
    value = line.value
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
