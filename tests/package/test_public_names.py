"""The public surface is a list that somebody decided on."""

import trustlib
import trustlib.errors

PUBLIC = """
    AllAtOnce AsyncAllAtOnce OverwrittenError
    AsyncPipelining AsyncRepositoryStorage AsyncStorage AsyncTransport AsyncUpdater Anchor Authority
    BY_HAND ClockError CollectionName ConflictError Delegation Delegations DeniedError Digest
    DirectoryTransport Document Event ExpiredError Expiry Explanation FileStorage Format Found Freshness FromRepository
    FromStore FrozenMap HashPrefixes HttpTransport ImageReference Key KeyId KeySet LimitError Limits
    MalformedError MemoryStorage MetaFile Mirrors MismatchError Naming NoTrustDataError
    NotFoundError Offline PathPatterns PathPrefixes PerOrganisation PerRepository Pin Pipelining Publication RENEWED
    ROOT Receipt Repository RepositoryStorage Request Revised Revision RoleName RollbackError Root
    SNAPSHOT Signature Signer SigningError SigningPlan SigningRequest Snapshot Source Storage
    StorageError StoredName SuccinctRoles TARGETS TIMESTAMP TUF_JSON TUF_JSON_RFC3339
    TagBinding Target TargetPath Targets ThresholdError Timestamp TooLongError
    Transport TransportError TrustError Trusted UndecidedError UnsignedImageError Updater UrlPath
    VerificationError Verified Version
    WrongCollectionError WrongPassphraseError
"""


def test_the_public_names_are_exactly_those_decided_on():
    assert sorted(PUBLIC.split()) == sorted(trustlib.__all__)


def test_every_public_name_is_there():
    missing = [name for name in trustlib.__all__ if not hasattr(trustlib, name)]

    assert [] == missing


def test_every_error_is_public():
    kinds = {
        name
        for name, value in vars(trustlib.errors).items()
        if isinstance(value, type) and issubclass(value, trustlib.TrustError)
    }

    assert kinds <= set(trustlib.__all__)
