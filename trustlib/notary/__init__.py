"""Docker Content Trust, version 1: what people have today, and how to leave it.

Nothing else in the package knows of it: without this folder, everything else is
whole.
"""

from trustlib.notary.archives import RECORD, Archive, Kept, Left, Record
from trustlib.notary.archiving import archive
from trustlib.notary.bridges import (
    SUCCEEDS,
    Succession,
    bridge,
    bridge_signatures,
    find_bridge,
    successions,
)
from trustlib.notary.cache import DockerCache
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.errors import (
    BridgeError,
    CertificateError,
    PinError,
    RefusedUpdateError,
    UnpinnedError,
)
from trustlib.notary.format import ContentTrustFormat
from trustlib.notary.inspecting import (
    Overview,
    SignedTag,
    ahear,
    ainspect,
    canonical_id,
    hear,
    inspect,
)
from trustlib.notary.leaving import Departing, departing, media_types
from trustlib.notary.methods import Signature
from trustlib.notary.migrating import Migration, migrate
from trustlib.notary.moving import WAS
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
from trustlib.notary.reports import Moves, Report, Stays
from trustlib.notary.searching import RELEASES, Heard, Listed, heard, listing
from trustlib.notary.server import DOCKER_HUB, NotaryServer, docker_server, docker_tls
from trustlib.notary.shelving import Progress

__all__ = [
    "AS_DOCKER",
    "DOCKER_1_8_PASSPHRASES",
    "DOCKER_HUB",
    "DOCKER_PASSPHRASES",
    "NOTARY_PASSPHRASES",
    "RECORD",
    "RELEASES",
    "SUCCEEDS",
    "WAS",
    "Archive",
    "BridgeError",
    "CertificateError",
    "ContentTrust",
    "ContentTrustFormat",
    "Departing",
    "DockerCache",
    "Heard",
    "Kept",
    "Left",
    "Listed",
    "Migration",
    "Moves",
    "NotaryDraft",
    "NotaryPlan",
    "NotaryPublication",
    "NotaryReceipt",
    "NotaryRepository",
    "NotaryRequest",
    "NotaryServer",
    "Overview",
    "PinError",
    "Progress",
    "PublicKey",
    "Record",
    "RefusedUpdateError",
    "Report",
    "Signature",
    "SignedTag",
    "Stays",
    "Succession",
    "TrustOnFirstUse",
    "TrustPinning",
    "UnpinnedError",
    "ahear",
    "ainspect",
    "archive",
    "bridge",
    "bridge_signatures",
    "canonical_id",
    "departing",
    "docker_passphrases",
    "docker_server",
    "docker_tls",
    "find_bridge",
    "hear",
    "heard",
    "inspect",
    "listing",
    "media_types",
    "migrate",
    "notary_passphrases",
    "pinned_certificate",
    "successions",
]
