"""Marks in the code, and what they stand in: read from the source, nothing is imported."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from attrs import frozen

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "trustlib"

_ELSEWHERE = re.compile(r"(?:RFC|FIPS) [0-9-]+,? §[A-Z0-9.]+")  # sections of other documents
_MARK = re.compile(r"§([0-9]+(?:\.[0-9]+)*)")


@cache
def marks(text: str) -> frozenset[str]:
    """Return the marks in *text*."""
    return frozenset(f"§{found}" for found in _MARK.findall(_ELSEWHERE.sub("", text)))


@frozen
class Named:
    """A function, class or constant: where it is, what it is called there, and its source."""

    file: str
    name: str
    source: str


@cache
def sources() -> dict[str, str]:
    """Return the package's files by their place in it."""
    found = sorted(PACKAGE.rglob("*.py"))
    return {str(p.relative_to(PACKAGE).as_posix()): p.read_text(encoding="utf-8") for p in found}


@cache
def named() -> tuple[Named, ...]:
    """Return all that has a name in the package."""
    return tuple(each for file, text in sources().items() for each in _named(file, text))


def doing(place: str, mark: str) -> list[Named]:
    """Return what *place*, ``module:name``, stands for and holds *mark*.

    A module is a file or a folder, so that what is moved within it is found.
    """
    module, _, name = place.partition(":")
    return [
        each
        for each in named()
        if (each.file == f"{module}.py" or each.file.startswith(f"{module}/"))
        and each.name.rpartition(".")[2] == name
        and mark in marks(each.source)
    ]


@cache
def tests() -> set[str]:
    """Return every test as ``file::function``."""
    folder = PROJECT / "tests"
    return {
        f"{path.relative_to(folder).as_posix()}::{node.name}"
        for path in folder.rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _named(file: str, text: str) -> Iterator[Named]:
    lines = text.splitlines()

    def within(body: list[ast.stmt], prefix: str) -> Iterator[Named]:
        for node, following in zip(body, [*body[1:], None], strict=True):
            end = node.end_lineno
            match node:
                case ast.FunctionDef(name=name, body=below) | ast.ClassDef(name=name, body=below):
                    yield from within(below, f"{prefix}{name}.")
                case ast.AnnAssign(target=ast.Name(id=name)):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)]):
                    pass
                case _:
                    continue
            if isinstance(node, ast.Assign | ast.AnnAssign) and _is_text(following):
                end = following.end_lineno  # what is said of a constant follows it
            yield Named(file, prefix + name, "\n".join(lines[node.lineno - 1 : end]))

    yield from within(ast.parse(text).body, "")


def _is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
