"""What the strategies make is valid: it is read as it was written, and who signed it is believed."""

from hypothesis import given

from trustlib import TUF_JSON
from trustlib.testing import strategies
from trustlib.testing.worlds import signer


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
