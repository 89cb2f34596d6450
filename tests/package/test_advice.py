"""Whoever raises an error says what to do, after a colon or a semicolon."""

import ast
from pathlib import Path

import trustlib

PACKAGE = Path(trustlib.__file__).parent
KINDS = {"NotFoundError", "NoTrustDataError", "SigningError", "StorageError"}


def reason(node):
    """The text of a reason, where it is spelled out, with nothing for what is filled in."""
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [p.value for p in pieces if isinstance(p, ast.Constant) and isinstance(p.value, str)]
    return "".join(texts) if texts else None


def reasons():
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] == "notary":
            continue  # its errors speak to people who know docker's; they are read there
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in KINDS and len(node.args) > 1:
                yield f"{place.as_posix()}:{node.lineno}", reason(node.args[1])


def test_every_reason_ends_in_what_to_do():
    said = [(place, text) for place, text in reasons() if text is not None]

    assert 60 < len(said)
    assert [] == [(p, text) for p, text in said if "; " not in text and ": " not in text]
