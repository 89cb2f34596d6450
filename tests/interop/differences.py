"""Where trustlib and python-tuf do not say the same, and why trustlib is right.

``PYTHONPATH=tests python -m interop.differences > docs/reference/differences.md`` writes
the page for readers.
"""

import sys

from attrs import frozen
from interop.peers import ACCEPTS, CRASHES, NONE, OTHERWISE, REFUSES


@frozen
class Difference:
    """One thing that the two clients answer differently.

    Attributes:
        ours: what trustlib does.
        theirs: what python-tuf does; more than one word where it depends on the role.
        why: the reason to stay different, for readers.
    """

    ours: str
    theirs: frozenset[str]
    why: str


def _stricter(why: str, *theirs: str) -> Difference:
    return Difference(REFUSES, frozenset(theirs or (ACCEPTS,)), why)


def _wider(why: str, *theirs: str) -> Difference:
    return Difference(ACCEPTS, frozenset(theirs or (REFUSES,)), why)


_EITHER = (ACCEPTS, NONE)
_JSON = "The value is not one that the specification's canonical form can spell"
_UNUSABLE = (
    "A key that cannot be used does not count, and nothing else follows from it: a root that adds"
    " a key for newer clients must not lock out the older ones, and real roots hold damaged keys."
)
_TYPES = "The specification gives the member a type, and this is another one (§4)."

DIFFERENCES: dict[str, Difference] = {
    # -- who signed
    "one key under two ids": _stricter(
        "A threshold counts keys, not names: whoever has the one key would meet a threshold of two"
        " (§5.4.2 counts each key once)."
    ),
    "one key in two spellings": _stricter(
        "The same, with the key's hexadecimal digits in capitals: it is the key that counts, not"
        " how it is written."
    ),
    "of another collection": _stricter(
        "trustlib's publishers write the repository's name under every signature, and a client"
        " holds the repository to it, so that repositories may share keys. The member is"
        " trustlib's own; others do not know it, and metadata without it is accepted where root"
        " has none either."
    ),
    "a key of another type": _wider(_UNUSABLE),
    "a key of another scheme": _wider(_UNUSABLE),
    "a key without its value": _wider(_UNUSABLE),
    "a key that is a number": _wider(_UNUSABLE),
    "a role that root need not have": _wider(
        "The specification has an optional fifth role, mirrors (§4.3). It signs nothing that the"
        " client reads."
    ),
    # -- rollback and recovery
    "versions fall with the snapshot key": _wider(
        "When timestamp *or* snapshot keys were replaced, the remembered versions of *both* are"
        " forgotten (§5.3.11). Otherwise a thief of the snapshot key could raise the version that"
        " the timestamp names out of reach for ever."
    ),
    "versions fall with one key of two replaced": _wider(
        "A removed key may have inflated the remembered version, even if another key of the role"
        " stays and vouches for the old file still (§5.3.11)."
    ),
    "root in the snapshot goes back": _wider(
        "§5.5.5 protects the versions of targets roles. Those of root are protected where root is"
        " updated; an entry for it in the snapshot, which older publishers wrote, is not looked"
        " at."
    ),
    "one root too many": _stricter(
        "A client that stops at its limit and goes on stays on an old root without a word, whose"
        " keys may have been revoked. The limit is an error instead."
    ),
    "many roots in two steps": _wider(
        "The limit is on new roots in one update. Roots that earlier updates accepted are verified"
        " again and not counted again; otherwise an old client could never catch up.",
        OTHERWISE,
    ),
    # -- delegations
    "one delegation too many": _stricter(
        "A search that was given up is not the answer that there is no such target.", NONE
    ),
    "many delegations too many": _stricter(
        "A search that was given up is not the answer that there is no such target.", NONE
    ),
    "a delegation after succinct bins": _wider(
        "Bins do not end the search: “All succinct hashed bin delegations will be"
        " non-terminating” (TAP 15).",
        NONE,
    ),
    "a pattern with a class": Difference(
        NONE,
        frozenset({ACCEPTS}),
        "`*` and `?` are the wildcards that the specification names (§4.5), so `[ab]` means these"
        " four characters. A delegation that was read too widely would let somebody speak for"
        " targets that nobody meant to hand over.",
    ),
    "a delegation without terminating": _wider(
        "Where nothing is said, the search goes on, as after most delegations. Refusing would take"
        " down every target of the role."
    ),
    "a delegation without paths": _wider(
        "Both members are optional (§4.5). A delegation with neither covers nothing, so it can do"
        " no harm."
    ),
    "a delegation that is terminating, in words": _stricter(
        f"{_TYPES} The text “no” would count as yes."
    ),
    "a delegation of paths that is a string": _stricter(
        f"{_TYPES} The text would be taken for a list of one-letter patterns."
    ),
    "a hash prefix in capitals": _stricter(
        "Hashes are compared as lower-case text, so this prefix matches nothing: the delegation"
        " would silently cover less than its author meant."
    ),
    "a role of 300 letters": _wider(
        "Names that a file system cannot hold are stored under their hash.", CRASHES
    ),
    # -- lengths and hashes
    "a snapshot as long as announced": _stricter(
        "A length that metadata claims may lower the client's own limit and never raise it:"
        " whoever holds the timestamp key, which is online, must not fill disks."
    ),
    "a hash by md5 alone": _stricter(
        "Only SHA-256 and SHA-512 count. Whoever can make two files with one MD5 could swap them."
    ),
    "a hash by an unknown algorithm too": _wider(
        "A publisher that adds an algorithm for newer clients must not lock out the older ones."
        " The hashes that are known are all checked, and one must be."
    ),
    "an entry of length 0": _stricter(
        "No metadata file has a length of 0, so a snapshot that lists one contradicts itself. It is"
        " refused as a whole, not when somebody asks for that role."
    ),
    "a target's hash in capitals": _stricter(
        "With consistent snapshots the hash is part of a file's name (§6.2), where capitals make"
        " another name. The client that accepts this cannot download the target: it compares"
        " with lower-case digits."
    ),
    "a target's hash that is short": _stricter(
        "Nothing can have this hash. The publisher's mistake shows at once, not at the download."
    ),
    # -- values
    "a version above 2**53": _stricter(
        "Beyond 2**53, readers that keep numbers as floating point disagree which version is the"
        " newer one."
    ),
    "a version above 2**64": _stricter(
        "As above; and reading long numbers takes time that grows faster than they do."
    ),
    "a threshold that is true": _stricter(f"{_TYPES} Python counts true as 1; others do not."),
    "a target of length true": _stricter(f"{_TYPES} Python counts true as 1; others do not."),
    "consistent_snapshot that is a string": _stricter(
        f"{_TYPES} Any text would count as yes, “no” too."
    ),
    "custom data that is a string": _stricter(
        "The one thing that the specification asks of custom data is that it is an object (§4.5)."
    ),
    "custom data that is null": _stricter(
        "The one thing that the specification asks of custom data is that it is an object (§4.5)."
    ),
    "an entry without .json": _stricter(
        "Entries of a snapshot are names of metadata files (§4.4). What has no such name belongs"
        " to no role."
    ),
    # -- spelling
    "a member twice": _stricter(
        "Readers differ in which of the two counts, so two clients would see two documents.",
        *_EITHER,
    ),
    "a member twice, the same": _stricter(
        "Readers differ in which of the two counts, so two clients would see two documents.",
        *_EITHER,
    ),
    "a fraction beside signed": _stricter(f"{_JSON} (§4.2), also outside of it.", *_EITHER),
    "NaN beside signed": _stricter("NaN is not JSON (RFC 8259).", *_EITHER),
    "half a surrogate pair beside signed": _stricter(
        "It is not Unicode text, and not every program survives it.", *_EITHER
    ),
    "deep nesting beside signed": _stricter(
        "Metadata has no use for more than 64 levels, and a limit of our own makes the answer the"
        " same on every interpreter.",
        *_EITHER,
    ),
}

_OPENING = """\
# Differences from python-tuf

[python-tuf](https://github.com/theupdateframework/python-tuf) is the reference implementation of
TUF. Its client and trustlib's are given the same generated repositories, valid and broken, and
must say the same of them. These are the places where they do not, and the reasons. The list is
complete for what is tried, and a test holds it so.

“Finds nothing” means that the client says nobody vouches for the target; “crashes”, that it
refuses with an error that its documentation does not name; “accepts another state”, that both
accept, and trustlib sees newer metadata.

| what | trustlib | python-tuf | why |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The page for readers."""
    rows = (
        f"| {what} | {each.ours} | {' or '.join(sorted(each.theirs))} | {each.why} |\n"
        for what, each in DIFFERENCES.items()
    )
    return _OPENING + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
