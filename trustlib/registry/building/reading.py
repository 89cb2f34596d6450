"""A Compose project's files, and what a node of one of them says.

Other files and the environment are given; what is missing is an error, because
Compose would go and look for it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from trustlib.errors import LimitError, MalformedError, UndecidedError
from trustlib.registry.building import yaml
from trustlib.registry.building.interpolation import TemplateError, interpolated
from trustlib.registry.building.yaml import Node, Scalar, Sequence, Tree

MOST_FILES: Final = 100
MOST_SERVICES: Final = 1_000

_UNSET: Final = "set it in the environment, or give it a default: ${NAME:-…}"


@frozen
class File:
    """One file of the project."""

    path: str
    text: str
    tree: Tree


@frozen
class At:
    """A node and the file it stands in.

    Attributes:
        before: what of its text says its name, where it is an item ``name=value``
            of a list; without the ``=``, it has no value.
    """

    file: File
    node: Node
    before: str = ""


class Files:
    """The files of a project; those that are read are kept, by their paths."""

    def __init__(self, environment: Mapping[str, str], others: Mapping[str, str]) -> None:
        self.environment = environment
        self._others = {posixpath.normpath(path): text for path, text in others.items()}
        self.read_so_far: dict[str, File] = {}
        self._included: set[str] = set()

    # -- files ------------------------------------------------------------------------------

    def read(self, path: str, text: str) -> File:
        """Return the file at *path*, which has *text*."""
        if path not in self.read_so_far:
            if len(self.read_so_far) >= MOST_FILES:
                raise LimitError("files of a Compose project", MOST_FILES, advice="split it")
            self.read_so_far[path] = File(path, text, yaml.parse(text, path))
        return self.read_so_far[path]

    def other(self, file: File, scalar: Scalar, what: str) -> File:
        """Return the file that *scalar* names, relative to *file*."""
        written = self.text(file, scalar, what)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), written))
        text = self._others.get(path)
        if path in self.read_so_far:
            return self.read_so_far[path]
        if text is None:
            raise UndecidedError(
                file.path, scalar.line, what, (path,), advice="pass its text among the others"
            )
        return self.read(path, text)

    def included(self, file: File, trail: tuple[str, ...]) -> Iterator[File]:
        """Yield *file* and all that it includes, and they, and so on."""
        if file.path in self._included:
            return
        self._included.add(file.path)
        yield file
        for entry in self.listed(self.root(file).get("include")):
            node = entry
            if isinstance(entry, yaml.Mapping):
                node = self.members(At(file, entry)).get("path", At(file, entry)).node
            for path in self.listed(node):
                other = self.other(file, self.scalar(file, path, "a path"), "what is included")
                if other.path in trail:
                    raise self.malformed(file, path, "files that do not include each other")
                yield from self.included(other, (*trail, other.path))

    def root(self, file: File) -> dict[str, Node]:
        """Return the top-level members of *file*."""
        root = file.tree.root
        if root is None:
            return {}
        return {name: at.node for name, at in self.members(At(file, root)).items()}

    def services(self, file: File) -> dict[str, At]:
        """Return the services that *file* itself defines."""
        services = self.root(file).get("services")
        if services is None or self.is_null(services):
            return {}
        found = self.members(At(file, services))
        if len(found) > MOST_SERVICES:
            raise LimitError(f"services in {file.path}", MOST_SERVICES, advice="split it")
        return found

    def pairs(self, at: At | None) -> dict[str, At]:
        """Return a mapping, or a list of ``name=value``, by its names."""
        if at is None or self.is_null(at.node):
            return {}
        if isinstance(at.node, yaml.Mapping):
            return self.members(at)
        found = {}
        for item in self.items(at):
            name, equals, _ = self.text_of(item, "name=value").partition("=")
            found[name] = At(at.file, item.node, f"{name}{equals}")
        return found

    # -- nodes --------------------------------------------------------------------------------

    def members(self, at: At) -> dict[str, At]:
        """Return the members of a mapping, merge keys followed; ``!reset`` ones are none."""
        if not isinstance(at.node, yaml.Mapping):
            raise self.malformed(at.file, at.node, "a mapping")
        found = yaml.members(at.file.tree, at.node, at.file.path)
        return {
            name: At(at.file, node) for name, (_, node) in found.items() if node.tag != "!reset"
        }

    def items(self, at: At | None) -> list[At]:
        """Return the items of a list, or the one thing that stands in its place."""
        return [] if at is None else [At(at.file, node) for node in self.listed(at.node)]

    def listed(self, node: Node | None) -> list[Node]:
        """Return the items of a list, or the one thing that stands in its place."""
        if node is None or self.is_null(node):
            return []
        return node.items if isinstance(node, Sequence) else [node]

    def is_null(self, node: Node) -> bool:
        """Return whether *node* is nothing."""
        return isinstance(node, Scalar) and node.is_null

    def scalar(self, file: File, node: Node, what: str) -> Scalar:
        """Return *node*, which has to be a word: *what* says of what."""
        if not isinstance(node, Scalar):
            raise self.malformed(file, node, what)
        return node

    def text_of(self, at: At, what: str) -> str:
        """Return the word at *at*, variables replaced."""
        return self.text(at.file, self.scalar(at.file, at.node, what), what)

    def text(self, file: File, scalar: Scalar, what: str) -> str:
        """Return *scalar*, variables replaced."""
        try:
            found = interpolated(scalar.text, self.environment)
        except TemplateError as error:
            raise MalformedError(
                file.path, f"line {scalar.line}", "variables that Compose can replace", str(error)
            ) from None
        if found.unset:
            raise UndecidedError(file.path, scalar.line, what, found.unset, advice=_UNSET)
        return found.text

    def malformed(self, file: File, node: Node, expected: str) -> MalformedError:
        """Return an error about *node*, where *expected* should be."""
        got = node.text if isinstance(node, Scalar) else type(node).__name__.lower()
        return MalformedError(file.path, f"line {node.line}", expected, got)
