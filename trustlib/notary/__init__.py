"""Docker Content Trust, version 1: what people have today, and how to leave it.

Nothing else in the package knows of it: without this folder, everything else is
whole.
"""

from trustlib.notary.cache import DockerCache
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.errors import CertificateError, PinError, RefusedUpdateError, UnpinnedError
from trustlib.notary.format import ContentTrustFormat
from trustlib.notary.inspecting import Overview, SignedTag, ainspect, inspect
from trustlib.notary.methods import Signature
from trustlib.notary.passphrases import (
    DOCKER_1_8_PASSPHRASES,
    DOCKER_PASSPHRASES,
    NOTARY_PASSPHRASES,
    docker_passphrases,
    notary_passphrases,
)
from trustlib.notary.pins import TrustOnFirstUse, TrustPinning, pinned_certificate
from trustlib.notary.public_keys import PublicKey
from trustlib.notary.publishing import (
    AS_DOCKER,
    NotaryDraft,
    NotaryPlan,
    NotaryPublication,
    NotaryReceipt,
    NotaryRepository,
    NotaryRequest,
)
from trustlib.notary.searching import RELEASES, Heard, Listed, heard, listing
from trustlib.notary.server import DOCKER_HUB, NotaryServer, docker_server, docker_tls

__all__ = [
    "AS_DOCKER",
    "DOCKER_1_8_PASSPHRASES",
    "DOCKER_HUB",
    "DOCKER_PASSPHRASES",
    "NOTARY_PASSPHRASES",
    "RELEASES",
    "CertificateError",
    "ContentTrust",
    "ContentTrustFormat",
    "DockerCache",
    "Heard",
    "Listed",
    "NotaryDraft",
    "NotaryPlan",
    "NotaryPublication",
    "NotaryReceipt",
    "NotaryRepository",
    "NotaryRequest",
    "NotaryServer",
    "Overview",
    "PinError",
    "PublicKey",
    "RefusedUpdateError",
    "Signature",
    "SignedTag",
    "TrustOnFirstUse",
    "TrustPinning",
    "UnpinnedError",
    "ainspect",
    "docker_passphrases",
    "docker_server",
    "docker_tls",
    "heard",
    "inspect",
    "listing",
    "notary_passphrases",
    "pinned_certificate",
]
