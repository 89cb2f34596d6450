"""Corrupted files, in every way: refused where the signatures do not fit, and no crash elsewhere."""

import pytest

from trustlib import TUF_JSON, MalformedError, ThresholdError, TrustError
from trustlib.roles import Root, Snapshot, Targets, Timestamp
from trustlib.testing.attacks import repository
from trustlib.testing.swizzling import corruptions, swizzled
from trustlib.testing.worlds import described

KINDS = {"root": Root, "timestamp": Timestamp, "snapshot": Snapshot, "targets": Targets, "team": Targets}  # fmt: skip
WORLD = repository(described)


def accept(corruption):
    """What a client does with the file, in the place of the honest one."""
    stage = WORLD.trusted_root()
    match corruption.role:
        case "root":
            stage.accept_root(corruption.raw)
        case "timestamp":
            stage.accept_timestamp(corruption.raw)
        case role:
            TUF_JSON.parse(KINDS[role], corruption.raw, name=role)


@pytest.mark.parametrize("role", KINDS)
def test_no_corruption_raises_anything_but_a_trust_error(role):
    for each in corruptions(WORLD, role):
        try:
            accept(each)
        except TrustError:
            continue


@pytest.mark.parametrize("role", ["root", "timestamp"])
def test_whatever_was_changed_after_it_was_signed_is_refused(role):
    for each in corruptions(WORLD, role):
        if not each.fits:
            with pytest.raises((MalformedError, ThresholdError)):
                accept(each)
                pytest.fail(each.name)


def test_every_node_is_changed_in_every_way_and_the_value_stays():
    value = {"a": [1, {"b": "x"}], "c": None}
    names = [name for name, _ in swizzled(value)]

    assert {"a": [1, {"b": "x"}], "c": None} == value
    assert len(names) == len({*names})
    for place in ("$['a']", "$['a'][0]", "$['a'][1]", "$['a'][1]['b']", "$['c']"):
        assert f"{place} is missing" in names
        assert f"{place} is True" in names
    assert "$['c'] is None" not in names  # that is what it was
    assert "$['a'][0] is 1" not in names


def test_the_honest_file_is_no_corruption():
    honest = {WORLD.raw(role) for role in KINDS}

    assert set() == honest & {each.raw for role in KINDS for each in corruptions(WORLD, role)}


@pytest.mark.parametrize("role", KINDS)
def test_the_list_of_signatures_is_corrupted_as_well(role):
    names = {each.name: each for each in corruptions(WORLD, role)}

    for what in (
        "file['signed'] is missing",
        "file['signatures'] is missing",
        "file['signatures'][0] is None",
        "file['signatures'][0]['sig'] is missing",
        "file['signatures'][0]['keyid'] is 'x'",
    ):
        assert not names[f"{role}: {what}"].fits
    assert names[f"{role}: file['signatures'][0] is there twice"].fits


def test_what_is_in_a_list_is_doubled():
    assert {"a": [1, 2, 1]} in [each for _, each in swizzled({"a": [1, 2]})]
