"""Which bytes does a container tag stand for, who says so, and is that still true?"""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib._frozen import FrozenMap
    from trustlib._types import (
        ROOT,
        SNAPSHOT,
        TARGETS,
        TIMESTAMP,
        CollectionName,
        KeyId,
        RoleName,
        StoredName,
        TargetPath,
        UrlPath,
        Version,
    )
    from trustlib.anchors import Anchor, Pin
    from trustlib.content.binding import TagBinding
    from trustlib.content.digest import Digest
    from trustlib.content.naming import Naming, PerOrganisation, PerRepository
    from trustlib.content.reference import ImageReference
    from trustlib.documents import Document, Format
    from trustlib.errors import (
        ClockError,
        ConflictError,
        DeniedError,
        ExpiredError,
        LimitError,
        MalformedError,
        MismatchError,
        NotFoundError,
        NoTrustDataError,
        OverwrittenError,
        RollbackError,
        SigningError,
        StorageError,
        ThresholdError,
        TooLongError,
        TransportError,
        TrustError,
        UndecidedError,
        UnsignedImageError,
        VerificationError,
        WrongCollectionError,
        WrongPassphraseError,
    )
    from trustlib.events import Event
    from trustlib.keys import Key, Signature, Signer
    from trustlib.limits import Limits
    from trustlib.ports import (
        AllAtOnce,
        AsyncAllAtOnce,
        AsyncPipelining,
        AsyncRepositoryStorage,
        AsyncStorage,
        AsyncTransport,
        Pipelining,
        RepositoryStorage,
        Request,
        Revised,
        Revision,
        Storage,
        Transport,
    )
    from trustlib.publish.expiry import BY_HAND, RENEWED, Expiry
    from trustlib.publish.plan import SigningPlan
    from trustlib.publish.publication import Publication, Receipt
    from trustlib.publish.repository import Repository
    from trustlib.publish.request import SigningRequest
    from trustlib.roles import (
        Authority,
        Delegation,
        Delegations,
        HashPrefixes,
        KeySet,
        MetaFile,
        PathPatterns,
        PathPrefixes,
        Root,
        Snapshot,
        SuccinctRoles,
        Target,
        Targets,
        Timestamp,
    )
    from trustlib.sources import FromRepository, FromStore, Source
    from trustlib.storage.file import FileStorage
    from trustlib.storage.memory import MemoryStorage
    from trustlib.transport.directory import DirectoryTransport
    from trustlib.transport.http import HttpTransport
    from trustlib.transport.mirrors import Mirrors
    from trustlib.transport.offline import Offline
    from trustlib.trust import Trusted, Verified
    from trustlib.updater.awaited import AsyncUpdater
    from trustlib.updater.blocking import Updater
    from trustlib.updater.freshness import Freshness
    from trustlib.wire import TUF_JSON, TUF_JSON_RFC3339
    from trustlib.workflow.explanation import Explanation
    from trustlib.workflow.search import Found

__version__ = "0.1.0"

__all__ = [
    "BY_HAND",
    "RENEWED",
    "ROOT",
    "SNAPSHOT",
    "TARGETS",
    "TIMESTAMP",
    "TUF_JSON",
    "TUF_JSON_RFC3339",
    "AllAtOnce",
    "Anchor",
    "AsyncAllAtOnce",
    "AsyncPipelining",
    "AsyncRepositoryStorage",
    "AsyncStorage",
    "AsyncTransport",
    "AsyncUpdater",
    "Authority",
    "ClockError",
    "CollectionName",
    "ConflictError",
    "Delegation",
    "Delegations",
    "DeniedError",
    "Digest",
    "DirectoryTransport",
    "Document",
    "Event",
    "ExpiredError",
    "Expiry",
    "Explanation",
    "FileStorage",
    "Format",
    "Found",
    "Freshness",
    "FromRepository",
    "FromStore",
    "FrozenMap",
    "HashPrefixes",
    "HttpTransport",
    "ImageReference",
    "Key",
    "KeyId",
    "KeySet",
    "LimitError",
    "Limits",
    "MalformedError",
    "MemoryStorage",
    "MetaFile",
    "Mirrors",
    "MismatchError",
    "Naming",
    "NoTrustDataError",
    "NotFoundError",
    "Offline",
    "OverwrittenError",
    "PathPatterns",
    "PathPrefixes",
    "PerOrganisation",
    "PerRepository",
    "Pin",
    "Pipelining",
    "Publication",
    "Receipt",
    "Repository",
    "RepositoryStorage",
    "Request",
    "Revised",
    "Revision",
    "RoleName",
    "RollbackError",
    "Root",
    "Signature",
    "Signer",
    "SigningError",
    "SigningPlan",
    "SigningRequest",
    "Snapshot",
    "Source",
    "Storage",
    "StorageError",
    "StoredName",
    "SuccinctRoles",
    "TagBinding",
    "Target",
    "TargetPath",
    "Targets",
    "ThresholdError",
    "Timestamp",
    "TooLongError",
    "Transport",
    "TransportError",
    "TrustError",
    "Trusted",
    "UndecidedError",
    "UnsignedImageError",
    "Updater",
    "UrlPath",
    "VerificationError",
    "Verified",
    "Version",
    "WrongCollectionError",
    "WrongPassphraseError",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib._frozen": "FrozenMap",
            "trustlib._types": (
                "ROOT SNAPSHOT TARGETS TIMESTAMP CollectionName KeyId RoleName StoredName "
                "TargetPath UrlPath Version"
            ),
            "trustlib.anchors": "Anchor Pin",
            "trustlib.content.binding": "TagBinding",
            "trustlib.content.digest": "Digest",
            "trustlib.content.naming": "Naming PerOrganisation PerRepository",
            "trustlib.content.reference": "ImageReference",
            "trustlib.documents": "Document Format",
            "trustlib.errors": (
                "ClockError ConflictError DeniedError ExpiredError LimitError MalformedError "
                "MismatchError NotFoundError NoTrustDataError OverwrittenError RollbackError "
                "SigningError StorageError ThresholdError TooLongError TransportError "
                "TrustError UndecidedError UnsignedImageError VerificationError "
                "WrongCollectionError WrongPassphraseError"
            ),
            "trustlib.events": "Event",
            "trustlib.keys": "Key Signature Signer",
            "trustlib.limits": "Limits",
            "trustlib.ports": (
                "AllAtOnce AsyncAllAtOnce AsyncPipelining AsyncRepositoryStorage AsyncStorage "
                "AsyncTransport Pipelining RepositoryStorage Request Revised Revision Storage "
                "Transport"
            ),
            "trustlib.publish.expiry": "BY_HAND RENEWED Expiry",
            "trustlib.publish.plan": "SigningPlan",
            "trustlib.publish.publication": "Publication Receipt",
            "trustlib.publish.repository": "Repository",
            "trustlib.publish.request": "SigningRequest",
            "trustlib.roles": (
                "Authority Delegation Delegations HashPrefixes KeySet MetaFile PathPatterns "
                "PathPrefixes Root Snapshot SuccinctRoles Target Targets Timestamp"
            ),
            "trustlib.sources": "FromRepository FromStore Source",
            "trustlib.storage.file": "FileStorage",
            "trustlib.storage.memory": "MemoryStorage",
            "trustlib.transport.directory": "DirectoryTransport",
            "trustlib.transport.http": "HttpTransport",
            "trustlib.transport.mirrors": "Mirrors",
            "trustlib.transport.offline": "Offline",
            "trustlib.trust": "Trusted Verified",
            "trustlib.updater.awaited": "AsyncUpdater",
            "trustlib.updater.blocking": "Updater",
            "trustlib.updater.freshness": "Freshness",
            "trustlib.wire": "TUF_JSON TUF_JSON_RFC3339",
            "trustlib.workflow.explanation": "Explanation",
            "trustlib.workflow.search": "Found",
        },
    )
