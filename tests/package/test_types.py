"""What people write against the library passes a strict type checker, where they get one for it."""

import pytest
from package.checking import checked

CALLS = """
from trustlib import BY_HAND, Anchor
from trustlib.keys import AsyncSigner, Signer
from trustlib.publish import AsyncPublisher, Publisher, Renewer
from trustlib.registry.runtimes import DockerCli, Podman, Skopeo
from trustlib.signing import KeyStore
from trustlib.signing.passphrases import KeyOnDemand, PassphraseSource, unlocked


def publishers(anchor: Anchor, signers: list[Signer], others: list[AsyncSigner]) -> None:
    Publisher(anchor=anchor, signers=signers, expiry=BY_HAND)
    AsyncPublisher(anchor=anchor, signers=others, expiry=BY_HAND)
    Renewer(signers=signers)


def signers(store: KeyStore, source: PassphraseSource) -> list[Signer]:
    return [KeyOnDemand(key, source) for key in store.list()] + [
        unlocked(key, source) for key in store.list()
    ]


def runtimes() -> None:
    Podman(pull_options=["--tls-verify=false"])
    DockerCli(options=("--context", "remote"))
    Skopeo(lambda reference: "oci:images", copy_options=["--dest-compress"])
"""


@pytest.mark.slow
def test_lists_may_be_handed_where_tuples_are_kept(tmp_path):
    told = checked(CALLS, tmp_path)

    assert 0 == told.returncode, told.stdout
