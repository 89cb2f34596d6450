"""Whatever the bytes say, the statement says: nobody signs what they were not told."""

import json

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from publish.desks import digest, key
from publish.foreign import ROLES, a_root, document_of, some_targets
from publish.mutations import mutations

from trustlib import (
    TUF_JSON,
    MalformedError,
    Root,
    Targets,
)
from trustlib.publish import words
from trustlib.publish.statement import statement


def said(value, kind):
    return statement(document_of(value, kind))


@pytest.mark.parametrize("name", ROLES)
def test_no_two_files_that_differ_read_the_same(name):
    """One node of a file is replaced or removed, each in turn: whoever signs is told."""
    role = ROLES[name]()
    value = json.loads(TUF_JSON.render(role))["signed"]
    original = document_of(value, type(role))
    told = {statement(original): original.payload}
    for mutation in mutations(value):
        try:
            document = document_of(mutation, type(role))
        except MalformedError:
            continue
        same = TUF_JSON.payload(document.unverified)  # absent and false are spelled alike there
        assert same == told.setdefault(statement(document), same), mutation

    assert len(told) > 10


# -- texts of others --------------------------------------------------------------------


@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
@example(["\x1b", "\\u001b"])
@example(['"', '\\"'])
@example(["а", "\\u0430"])
@example(["a" * 600 + "b" + "c" * 600, "a" * 600 + "d" + "c" * 600])
def test_no_two_texts_look_alike(texts):
    shown = [words.text(text) for text in texts]

    assert shown[0] != shown[1]
    for line in shown:
        assert line.isprintable()
        assert line


def test_a_plain_name_is_shown_as_it_is():
    for name in ("acme/app:1.4", "sha256", "application/vnd.oci.image.manifest.v1+json", "a*[b-c]"):
        assert name == words.text(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("аcme/app:1.4", '"аcme/app:1.4" (spelled "\\u0430cme/app:1.4")'),  # Cyrillic а
        ("équipe/発", '"équipe/発" (spelled "\\u00e9quipe/\\u767a")'),
        ("acme/app\u3164:1.4", '"acme/app\u3164:1.4" (spelled "acme/app\\u3164:1.4")'),  # a blank
        ("acme/app\u200b:1.4", '"acme/app\\u200b:1.4"'),  # of no width
        ("\u202e4.1:ppa", '"\\u202e4.1:ppa"'),  # turns the line round
        ("\x1b[2J", '"\\u001b[2J"'),
        ("\x7f\x9b", '"\\u007f\\u009b"'),
        ("😀", '"😀" (spelled "\\ud83d\\ude00")'),
        ("two words", '"two words"'),
        ("", '""'),
    ],
)
def test_what_could_pass_for_something_else_is_spelled_out(name, shown):
    assert shown == words.text(name)


def test_a_name_cannot_run_on_as_our_sentence():
    path = f"acme/app:1.4 is {digest('a')}, 1573 bytes, with note = x"
    value = json.loads(TUF_JSON.render(some_targets()))["signed"]
    value["targets"] = {path: {"length": 1, "hashes": {"sha256": "b" * 64}}}

    assert f'  "{path}" is {digest("b")}, 1 bytes' in said(value, Targets).splitlines()


# -- what only the request says ---------------------------------------------------------


def test_a_name_that_is_not_signed_is_said_to_be_none():
    """T-98: the request may call any targets role by any name."""
    anonymous = attrs.evolve(some_targets(), called=None)
    raw = TUF_JSON.render(anonymous)

    text = statement(TUF_JSON.parse(Targets, raw, name="acme/harmless"))

    assert text.startswith("acme/harmless of docker.io/acme, version 3, ")
    assert "it does not name the role" in text
    assert "it does not name" not in statement(
        TUF_JSON.parse(Targets, TUF_JSON.render(some_targets()))
    )


def test_a_role_that_calls_itself_something_else_is_told_on():
    document = TUF_JSON.parse(Targets, TUF_JSON.render(some_targets()), name="acme/harmless")

    assert "  it calls itself targets" in statement(document).splitlines()


@pytest.mark.parametrize("name", ROLES)
def test_a_file_that_names_no_collection_is_as_good_in_others(name):
    role = attrs.evolve(ROLES[name](), collection=None)
    document = TUF_JSON.parse(type(role), TUF_JSON.render(role))

    assert "it names no collection: it is as good wherever" in statement(document)


# -- keys -------------------------------------------------------------------------------


def rooted(**changes):
    root = attrs.evolve(a_root(), **changes)
    return statement(TUF_JSON.parse(Root, TUF_JSON.render(root))).splitlines()


def test_all_of_each_fingerprint_is_shown_once():
    """Sixteen digits tell keys of one file apart; two people compare all of them."""
    lines = rooted()

    for name in ("root", "root2", "alice", "online"):
        assert 1 == sum(key(name).id in line for line in lines)
        assert f"  key {key(name).id}, ed25519" in lines


def test_a_key_that_signs_for_nothing_is_told():
    assert f"  key {key('carol').id}, ed25519, which signs for nothing" in rooted()
    assert (
        f"  key {key('bob').id}, ed25519 listed as other, which signs for nothing,"
        " and unknown x = 1" in rooted()
    )


def test_a_name_that_stands_for_no_key_is_told():
    roles = a_root().roles
    entry = attrs.evolve(roles["timestamp"], keyids=(key("online").id, "nobody"))

    lines = rooted(roles=roles.including({"timestamp": entry}))

    who = f"1 of 1 keys ({key('online').id[:16]}), and nobody, which is no key here"
    assert f"  timestamp: {who}" in lines


def test_one_key_under_two_ids_is_not_shown_as_two_people():
    """P02: of two that must sign, both would be one."""
    twin = attrs.evolve(key("root"), keyval=key("root").keyval.including({"x": 1}))
    keys = a_root().keys.including({twin.id: twin})
    entry = attrs.evolve(a_root().roles["root"], keyids=(key("root").id, twin.id))

    lines = rooted(keys=keys, roles=a_root().roles.including({"root": entry}))

    who = f"{key('root').id[:16]}, {twin.id[:16]} the same key again"
    assert f"  root: 2 of 2 keys ({who})" in lines
