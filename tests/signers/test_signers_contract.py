"""What every signer promises, wherever its key is: the real thing for all that can run here."""

import pickle
import secrets

import pytest
from securesystemslib.signer import Signature, SSlibKey

from trustlib.signing import proven
from trustlib.signing.foreign import from_securesystemslib, to_securesystemslib

pytestmark = pytest.mark.servers


def test_what_it_signs_verifies_under_its_key_and_nothing_else_does(signer):
    payload = secrets.token_bytes(100)
    signature = signer.sign(payload)

    assert signer.key.id == signature.keyid
    assert signer.key.verifies(signature.value, payload)
    assert not signer.key.verifies(signature.value, payload + b"\0")


@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_payloads_of_any_size_are_signed(signer, size):
    payload = b"{" * size

    assert signer.key.verifies(signer.sign(payload).value, payload)


def test_securesystemslib_verifies_it_too(signer):
    theirs = to_securesystemslib(signer.key)

    assert signer.key.id == theirs.keyid
    theirs.verify_signature(
        Signature(theirs.keyid, signer.sign(b"payload").value.hex()), b"payload"
    )


def test_its_key_is_the_same_in_both_worlds(signer):
    theirs = to_securesystemslib(signer.key)
    listed = SSlibKey.from_dict(theirs.keyid, theirs.to_dict())

    assert signer.key == from_securesystemslib(theirs)
    assert signer.key == from_securesystemslib(listed)


def test_it_can_prove_that_it_has_its_key(signer):
    assert signer is proven(signer)


def test_it_shows_the_key_it_signs_with_and_no_more(signer):
    assert signer.key.id in repr(signer)
    assert len(repr(signer)) < 200


def test_two_signatures_are_made_in_a_row(signer):
    """A device or a connection that can be used only once would show here."""
    for payload in (b"one", b"two"):
        assert signer.key.verifies(signer.sign(payload).value, payload)


def test_signers_that_hold_something_are_not_pickled(signer):
    if type(signer).__name__ == "AgentKey":
        assert signer == pickle.loads(pickle.dumps(signer))  # an address, and no secret
    else:
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(signer)
