"""YAML as a tree that knows where each scalar stands, and that cannot be made to grow.

PyYAML finds the tokens; the tree is built here, from events, without
recursion. An alias is the node of its anchor and not a copy of it, so a file
of a kilobyte stays one. What two readers of YAML could take differently is
refused: a key that stands twice, a tag that makes objects, a line end that
only some count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from trustlib.errors import LimitError, MalformedError, TooLongError

LONGEST: Final = 524_288
"""Characters of a Compose file."""

MOST_NODES: Final = 50_000
DEEPEST: Final = 64

_WIDER: Final = "no Compose file that people write comes near it; split it if yours does"
_MERGE: Final = "<<"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_YAML: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(
    {None, "!", "!reset", "!override"}
    | {f"{_YAML}{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
)
# Line ends to YAML 1.1 and letters to YAML 1.2; and what no text has.
_AMBIGUOUS = re.compile("[\x00\x85\u2028\u2029]")


@frozen(eq=False)
class Scalar:
    """A string, or what looks like a number.

    Attributes:
        text: what it says.
        line: where it stands, from 1.
        start: where its own characters begin, an anchor or a tag not counted.
        end: where they end.
        style: ``""`` for a plain one, else the character it begins with.
        tag: as it is written, or None.
    """

    text: str
    line: int
    start: int
    end: int
    style: str
    tag: str | None

    @property
    def is_null(self) -> bool:
        """Whether it says nothing at all."""
        return not self.style and self.text in _NULLS


@frozen(eq=False)
class Sequence:
    """A list."""

    items: list[Node]
    line: int
    tag: str | None


@frozen(eq=False)
class Mapping:
    """Pairs in the order of the file; merge keys are still among them."""

    pairs: list[tuple[Scalar, Node]]
    line: int
    tag: str | None


Node: TypeAlias = Scalar | Sequence | Mapping


@frozen
class Tree:
    """A document.

    Attributes:
        root: its node, or None where the file is empty.
        scalars: all scalars in the order of the file.
        shape: what else the file says, to compare two files by.
    """

    root: Node | None
    scalars: tuple[Scalar, ...]
    shape: tuple[tuple[str, ...], ...]
    flattened: dict[int, dict[str, tuple[Scalar, Node]]] = field(
        factory=dict[int, dict[str, tuple[Scalar, Node]]], repr=False, eq=False
    )


def parse(text: str, file: str) -> Tree:
    """Return what *text* says.

    Raises:
        MalformedError: it is no YAML, more than one document, or could be
            read in two ways.
        LimitError: it is too long, too deep, or has too many nodes.
        ImportError: PyYAML is not installed; the extra ``compose`` brings it.
    """
    import yaml

    if len(text) > LONGEST:
        raise TooLongError(file, LONGEST, advice=_WIDER)
    if ambiguous := _AMBIGUOUS.search(text):
        line = text.count("\n", 0, ambiguous.start()) + 1
        raise MalformedError(file, f"line {line}", "line ends that all readers share", ambiguous[0])
    builder = _Builder(file)
    try:
        starts = {
            token.end_mark.index: token.start_mark.index
            for token in yaml.scan(text, Loader=yaml.SafeLoader)
            if isinstance(token, yaml.ScalarToken)
        }
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event, type(event).__name__, starts)
        text.encode()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "line 1" if mark is None else f"line {mark.line + 1}"
        raise MalformedError(file, where, "YAML", getattr(error, "problem", str(error))) from None
    except (ValueError, OverflowError) as error:  # an escape beyond Unicode
        raise MalformedError(file, "line 1", "YAML", str(error)) from None
    return Tree(builder.root, tuple(builder.scalars), tuple(builder.shape))


class _Mark(Protocol):
    line: int
    index: int


class _Event(Protocol):
    start_mark: _Mark
    end_mark: _Mark


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self.root: Node | None = None
        self.scalars: list[Scalar] = []
        self.shape: list[tuple[str, ...]] = []
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._seen: list[set[str]] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0
        self._documents = 0

    def take(self, event: _Event, kind: str, starts: dict[int, int]) -> None:
        """Add what *event* says; *starts* has where a scalar that ends somewhere begins."""
        line = event.start_mark.line + 1
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag not in _TAGS:
            raise MalformedError(self._file, f"line {line}", "no tag of this kind", tag)
        self.shape.append((kind, str(tag), str(anchor)))
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise MalformedError(self._file, f"line {line}", "one document", "another one")
        elif kind == "AliasEvent":
            self._add(self._known(str(anchor), line), line)
        elif kind == "ScalarEvent":
            end = event.end_mark.index
            style = getattr(event, "style", None) or ""
            node = Scalar(getattr(event, "value", ""), line, starts.get(end, end), end, style, tag)
            self.scalars.append(node)
            self._named(anchor, node)
            self._add(node, line)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            is_list = kind.startswith("Sequence")
            opened = Sequence([], line, tag) if is_list else Mapping([], line, tag)
            self._named(anchor, opened)
            self._add(opened, line)
            self._open.append(opened)
            self._keys.append(None)
            self._seen.append(set())
            if len(self._open) > DEEPEST:
                raise LimitError(f"levels in {self._file}", DEEPEST, advice=_WIDER)
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            self._open.pop()
            self._keys.pop()
            self._seen.pop()

    def _named(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _known(self, anchor: str, line: int) -> Node:
        node = self._anchors.get(anchor)
        if node is None or node in self._open:
            raise MalformedError(
                self._file, f"line {line}", "an anchor of something that ended before", anchor
            )
        return node

    def _add(self, node: Node, line: int) -> None:
        self._count += 1
        if self._count > MOST_NODES:
            raise LimitError(f"nodes in {self._file}", MOST_NODES, advice=_WIDER)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = self._key(node, line)
        else:
            parent.pairs.append((self._keys[-1], node))
            self._keys[-1] = None

    def _key(self, node: Node, line: int) -> Scalar:
        if not isinstance(node, Scalar) or (node.text == _MERGE and node.style):
            raise MalformedError(self._file, f"line {line}", "a key that is a word", "another")
        if node.text in self._seen[-1]:
            raise MalformedError(self._file, f"line {line}", "each key once", node.text)
        self._seen[-1].add(node.text)
        return node


def members(tree: Tree, mapping: Mapping, file: str) -> dict[str, tuple[Scalar, Node]]:
    """Return the members of *mapping*, merge keys followed; its own come before merged ones.

    Raises:
        MalformedError: something other than mappings is merged.
    """
    if id(mapping) in tree.flattened:
        return tree.flattened[id(mapping)]
    found: dict[str, tuple[Scalar, Node]] = {}
    for key, value in mapping.pairs:
        if key.text != _MERGE:
            found[key.text] = (key, value)
    for key, value in mapping.pairs:
        if key.text == _MERGE:
            for merged in _merged(value, file):
                for name, member in members(tree, merged, file).items():
                    found.setdefault(name, member)
    tree.flattened[id(mapping)] = found
    return found


def _merged(value: Node, file: str) -> Iterator[Mapping]:
    for node in value.items if isinstance(value, Sequence) else (value,):
        if not isinstance(node, Mapping):
            raise MalformedError(file, f"line {node.line}", "mappings to merge", "something else")
        yield node
