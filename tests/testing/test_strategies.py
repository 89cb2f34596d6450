"""What the strategies make is valid: it is read as it was written, and who signed it is believed."""

import pytest
from hypothesis import Phase, find, given, settings

from trustlib import TUF_JSON
from trustlib.roles import (
    HashPrefixes,
    PathPatterns,
    Root,
    Snapshot,
    SuccinctRoles,
    Targets,
    Timestamp,
)
from trustlib.testing import strategies
from trustlib.testing.worlds import signer

QUICK = settings(database=None, deadline=None, phases=[Phase.generate])


def granted(delegations, kind):
    return any(type(each.grant) is kind for each in delegations.roles)


def to_bins(role):
    return role.delegations is not None and isinstance(role.delegations.roles, SuccinctRoles)


@given(strategies.files())
def test_a_file_is_read_as_it_was_written(made):
    role, who, raw = made

    document = TUF_JSON.parse(type(role), raw)

    assert role == document.unverified
    assert {signer(name).key.id for name in who} == {one.keyid for one in document.signatures}
    for one in document.signatures:
        (key,) = (signer(name).key for name in who if signer(name).key.id == one.keyid)
        assert key.verifies(one.value, document.payload)


@given(strategies.roots())
def test_every_role_of_a_root_can_be_signed(root):
    for keyset in root.roles.values():
        assert keyset.threshold <= len({*keyset.keyids} & {*root.keys})


@pytest.mark.parametrize("kind", [Root, Timestamp, Snapshot, Targets])
def test_every_role_is_made(kind):
    assert kind is type(find(strategies.roles(), lambda role: type(role) is kind, settings=QUICK))


@pytest.mark.parametrize("kind", [PathPatterns, HashPrefixes])
def test_every_way_to_grant_is_made(kind):
    made = find(strategies.delegations(), lambda each: granted(each, kind), settings=QUICK)

    assert granted(made, kind)


def test_roles_that_delegate_to_bins_are_made():
    made = find(strategies.targets_roles(), to_bins, settings=QUICK)

    assert {*made.delegations.roles.keyids} <= {*made.delegations.keys}
