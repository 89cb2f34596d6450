"""What an OpenPGP key can sign for TUF, and what it cannot: the proof of a page of our decisions.

OpenPGP signs the payload *and a trailer* (RFC 9580 §5.2.4). The trailer says
when and how it was signed, and ends in a byte count that no JSON ends in; so an
OpenPGP signature is never one over a role's bytes.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import GPGSigner
from signers.sources import gnupg, gpg_agent_key, keygrips, make_gpg_key
from tuf.api.metadata import Metadata
from tuf.api.metadata import Root as TheirRoot

from trustlib import Anchor, MemoryStorage, Repository, ThresholdError
from trustlib.errors import SigningError
from trustlib.signing import RemoteKey, SshAgent, proven

pytestmark = pytest.mark.servers

PAYLOAD = b'{"_type":"root"}'


@pytest.fixture(scope="module")
def openpgp(require_servers):
    """A signer of securesystemslib that calls ``gpg``."""
    with gnupg(require_servers) as (folder, _):
        uri, key = GPGSigner.import_(make_gpg_key(folder).lower(), str(folder))
        yield GPGSigner.from_priv_key_uri(uri, key)


def test_an_openpgp_signature_is_not_over_the_payload(openpgp):
    public = Ed25519PublicKey.from_public_bytes(
        bytes.fromhex(openpgp.public_key.keyval["public"]["q"])
    )
    made = openpgp.sign(PAYLOAD)

    openpgp.public_key.verify_signature(made, PAYLOAD)  # with its trailer, by those who know it
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(made.signature), PAYLOAD)


def test_the_trailer_of_an_openpgp_signature_cannot_end_a_role(openpgp):
    """Nor can it be made part of the payload: it is hashed last, and JSON ends with a brace."""
    headers = bytes.fromhex(openpgp.sign(PAYLOAD).to_dict()["other_headers"])
    trailer = b"\x04\xff" + len(headers).to_bytes(4)

    assert headers.startswith(b"\x04\x00\x16")  # version 4, over bytes, EdDSA
    assert not re.fullmatch(rb".*}", trailer, re.DOTALL)


def test_a_root_that_openpgp_signed_counts_for_python_tuf_and_not_for_us(openpgp):
    root = TheirRoot(expires=datetime.now(UTC) + timedelta(days=1))
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(openpgp.public_key, role)
    metadata = Metadata(root)
    metadata.sign(openpgp)
    raw = metadata.to_bytes()

    theirs = Metadata[TheirRoot].from_bytes(raw)
    theirs.verify_delegate("root", theirs)
    with pytest.raises(ThresholdError, match="signed by 0 of 1 required keys"):
        Repository.open(MemoryStorage({"1.root.json": raw}), anchor=Anchor.root(raw))


def test_an_openpgp_signer_is_refused_with_the_way_that_works(openpgp):
    with pytest.raises(SigningError, match=r"pgp\+eddsa-ed25519.*gpg-agent's support for ssh"):
        RemoteKey.of(openpgp)


def test_the_same_gnupg_key_signs_through_ssh(require_servers):
    with gpg_agent_key(require_servers) as key:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.key.keyval["public"]))

        public.verify(proven(key).sign(PAYLOAD).value, PAYLOAD)


def test_any_key_of_gnupg_can_be_served(require_servers):
    """The one that certifies, too, once it is named in ``sshcontrol``."""
    with gnupg(require_servers) as (folder, socket):
        make_gpg_key(folder)
        grips = keygrips(folder)
        (folder / "sshcontrol").write_text("".join(f"{grip}\n" for grip in grips))
        keys = SshAgent(socket).keys

        assert 2 == len(keys)
        for key in keys:
            proven(key)
