"""An error of each kind, and what it says."""

from datetime import UTC, datetime, timedelta

from trustlib import errors

NOW = datetime(2030, 1, 9, 12, 0, tzinfo=UTC)

SENTENCES = [
    (
        errors.MalformedError("timestamp.json", "$.signed.version", "an integer ≥ 1", True),
        "timestamp.json: at $.signed.version: expected an integer ≥ 1, got True",
    ),
    (
        errors.ThresholdError("targets", 2, ["aaaaaaaaaa"], step="§5.6.3"),
        "targets: signed by 1 of 2 required keys (aaaaaaaa);"
        " not to be trusted until 1 more of them sign it",
    ),
    (
        errors.RollbackError("snapshot", 5, 4),
        "snapshot: version 4 was offered, but version 5 is already trusted;"
        " somebody is replaying old metadata, or the repository was restored from a backup",
    ),
    (
        errors.RollbackError("acme/releases", 5, None),
        "acme/releases: is no longer listed, but version 5 is already trusted;"
        " somebody is replaying old metadata, or the repository was restored from a backup",
    ),
    (
        errors.ExpiredError("timestamp", NOW - timedelta(days=1), NOW),
        "timestamp: expired 2030-01-08 12:00Z, it is 2030-01-09 12:00Z;"
        " either somebody withholds updates, or the repository must sign a fresh timestamp",
    ),
    (
        errors.MismatchError("targets", "version", 3, 2),
        "targets: expected version 3, got 2; this is not what the repository vouched for",
    ),
    (
        errors.WrongCollectionError("root", "docker.io/acme", "docker.io/other"),
        "root: expected metadata of the collection docker.io/acme, got docker.io/other;"
        " this is not what the repository vouched for",
    ),
    (
        errors.ClockError(NOW - timedelta(hours=1), NOW, timedelta(minutes=10), ".trustlib/clock"),
        "the clock says 2030-01-09 11:00Z, but this store was brought up to date at"
        " 2030-01-09 12:00Z: a clock that is behind makes expired metadata look fresh;"
        " correct the clock, or, if it was wrong then, remove '.trustlib/clock'"
        " where this store is",
    ),
    (
        errors.NotFoundError("acme/app:9", "no role vouches for it; check the name"),
        "acme/app:9: no role vouches for it; check the name",
    ),
    (
        errors.NoTrustDataError("timestamp.json"),
        "timestamp.json: the repository has no trust data, or somebody withholds it;"
        " check the address",
    ),
    (
        errors.UnsignedImageError("Dockerfile", 3, "docker/trusttest:notrust"),
        "Dockerfile: at line 3: No trust data for notrust (docker/trusttest:notrust);"
        " nobody vouches for that image: check its name, or have it signed",
    ),
    (
        errors.UndecidedError("Dockerfile", 1, "the image in FROM", ["TAG"], advice="give it one"),
        "Dockerfile: at line 1: the image in FROM hangs on TAG; give it one",
    ),
    (
        errors.LimitError("root rotations", 256),
        "more root rotations than the 256 allowed;"
        " only if you know that this repository needs more, pass wider Limits",
    ),
    (
        errors.TooLongError("timestamp.json", 16_384),
        "more bytes in timestamp.json than the 16384 allowed;"
        " only if you know that this repository needs more, pass wider Limits",
    ),
    (
        errors.TooLongError("app.tgz", 10, advice="this is not what was vouched for"),
        "more bytes in app.tgz than the 10 allowed; this is not what was vouched for",
    ),
    (
        errors.TransportError("https://trust.acme.example/timestamp.json", "503"),
        "https://trust.acme.example/timestamp.json: 503; try again later",
    ),
    (
        errors.DeniedError("https://registry.example/v2/acme/app/tags/list", "says no"),
        "https://registry.example/v2/acme/app/tags/list: says no;"
        " give credentials that may do this, or ask whoever owns it for access",
    ),
    (errors.StorageError("/disk", "No space left"), "/disk: No space left"),
    (
        errors.ConflictError("timestamp.json"),
        "timestamp.json: somebody else wrote this in between;"
        " open the repository again, apply your edit to it, and publish that",
    ),
    (
        errors.OverwrittenError(
            "r.example/acme:_trust", "sha256:aa", "sha256:bb", "_trust.lost.aa"
        ),
        "r.example/acme:_trust: what we published last (sha256:aa) was overwritten by somebody"
        " who had not seen it (sha256:bb); ours is kept as _trust.lost.aa: reapplied()"
        " makes that edit again, or concede(), open the repository again, and make it by hand",
    ),
    (
        errors.SigningError("alice.key", "the passphrase does not open it"),
        "alice.key: the passphrase does not open it",
    ),
    (
        errors.WrongPassphraseError("alice.key"),
        "alice.key: the passphrase does not open this file, or the file is damaged;"
        " try the passphrase again, and then another copy of the file",
    ),
]
