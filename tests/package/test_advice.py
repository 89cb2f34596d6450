"""Whoever raises an error says what to do, after a colon or a semicolon."""

import ast
from pathlib import Path

import pytest
from package.sentences import SENTENCES

import trustlib

PACKAGE = Path(trustlib.__file__).parent
KINDS = {"NotFoundError", "NoTrustDataError", "SigningError", "StorageError"}
"""Whose second argument is the reason, and ends the sentence."""

GIVEN = {"MalformedError", "SigningError", "StorageError"}
"""Whose sentence ends in what was there instead, in the reason given, or in what the system says."""


def text(node, constants):
    """The text of a reason, where it is spelled out, with nothing for what is filled in."""
    match node:
        case ast.Constant(value=str(said)):
            return said
        case ast.JoinedStr(values=pieces):
            return "".join(filter(None, (text(piece, constants) for piece in pieces)))
        case ast.FormattedValue(value=ast.Name() as name) | (ast.Name() as name):
            return constants.get(name.id)
        case ast.BinOp(left=left, right=right):
            return "".join(filter(None, (text(left, constants), text(right, constants))))
    return None


def constants(tree):
    """What names stand for in a module, where that is spelled out."""
    found = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                pass
            case _:
                continue
        if said := text(value, found):
            found[name] = said
    return found


def reasons():
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = constants(tree)
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in KINDS and len(node.args) > 1:
                place = f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
                yield place, text(node.args[1], known)


def advised(said):
    return "; " in said or ": " in said


def test_every_reason_ends_in_what_to_do():
    said = [(place, reason) for place, reason in reasons() if reason is not None]

    assert 120 < len(said)
    assert [] == [(place, reason) for place, reason in said if not advised(reason)]


def test_a_reason_is_read_as_it_is_spelled():
    tree = ast.parse('A: str = "x: y"\nraise E(a, f"{b} is {A}" + " no")')
    reason = tree.body[1].exc.args[1]

    assert " is x: y no" == text(reason, constants(tree))


@pytest.mark.parametrize("sentence", [s for e, s in SENTENCES if type(e).__name__ not in GIVEN])
def test_every_error_that_makes_its_sentence_ends_it_in_what_to_do(sentence):
    """Of the others, the reason that they are given does: that is the test above."""
    about, *rest = sentence.split(": ", 1)

    assert advised("".join(rest) or about)
