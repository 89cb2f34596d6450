"""Hypothesis strategies for every role, and for the files that hold them.

They need Hypothesis: ``python -m pip install 'trustlib-tuf[testing]'``. What they
make is valid; :mod:`~trustlib.testing.swizzling` makes it invalid.
"""

from datetime import UTC, datetime

from hypothesis import strategies as st

from trustlib._frozen import FrozenMap
from trustlib._types import TOP_LEVEL, RoleName, TargetPath, Version
from trustlib.keys import Key
from trustlib.roles import (
    Delegation,
    Delegations,
    HashPrefixes,
    KeySet,
    MetaFile,
    PathPatterns,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)
from trustlib.testing.worlds import keyids, signed, signer, signers
from trustlib.testing.worlds import keys as keys_of

Role = Root | Timestamp | Snapshot | Targets

PEOPLE = tuple(f"person-{number}" for number in range(8))
"""Those whose keys are in what is made; see :func:`~trustlib.testing.worlds.signer`."""

_HEX = "0123456789abcdef"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_."


def people(at_least: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    """Return strategies for some people, nobody twice."""
    return st.lists(st.sampled_from(PEOPLE), min_size=at_least, max_size=4, unique=True).map(tuple)


def keys() -> st.SearchStrategy[Key]:
    """Return keys whose private halves are known: ``signer(name)`` has them."""
    return st.sampled_from(PEOPLE).map(lambda name: signer(name).key)


def versions() -> st.SearchStrategy[Version]:
    """Return versions, small ones above all."""
    return st.one_of(st.integers(1, 20), st.integers(1, 2**53 - 1)).map(Version)


def expiries() -> st.SearchStrategy[datetime]:
    """Return dates of expiry in whole seconds, past ones too."""
    seconds = st.integers(0, 253_402_300_799)
    return seconds.map(lambda second: datetime.fromtimestamp(second, UTC))


def role_names() -> st.SearchStrategy[RoleName]:
    """Return names of delegated roles."""
    names = st.text(_LETTERS + "/ \\é%", min_size=1, max_size=12)
    return names.filter(lambda name: name not in (*TOP_LEVEL, "mirrors")).map(RoleName)


def target_paths() -> st.SearchStrategy[TargetPath]:
    """Return paths of targets, those of tags too."""
    parts = st.text(_LETTERS, min_size=1, max_size=8).filter(lambda part: part.strip("."))
    paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
    tags = st.builds("{}:{}".format, paths, parts)
    return st.one_of(paths, tags).map(TargetPath)


def targets_entries() -> st.SearchStrategy[Target]:
    """Return what is listed for one target."""
    return st.binary(max_size=64).map(Target.of)


def meta_files() -> st.SearchStrategy[MetaFile]:
    """Return what is listed for one metadata file."""
    hashes = st.text(_HEX, min_size=64, max_size=64).map(lambda value: FrozenMap({"sha256": value}))
    return st.builds(
        MetaFile,
        version=versions(),
        length=st.none() | st.integers(1, 10**9),
        hashes=st.just(FrozenMap[str, str]()) | hashes,
    )


@st.composite
def keysets(draw: st.DrawFn) -> tuple[tuple[str, ...], KeySet]:
    """Return some people, and the authority of a number of them."""
    who = draw(people())
    return who, KeySet(keyids=keyids(*who), threshold=draw(st.integers(1, len(who))))


@st.composite
def roots(draw: st.DrawFn) -> Root:
    """Return roots in which every role can be signed."""
    given = {name: draw(keysets()) for name in TOP_LEVEL}
    everybody = dict.fromkeys(one for who, _ in given.values() for one in who)
    return Root(
        version=draw(versions()),
        expires=draw(expiries()),
        keys=keys_of(*everybody),
        roles=FrozenMap({name: keyset for name, (_, keyset) in given.items()}),
        consistent_snapshot=draw(st.booleans()),
    )


def timestamps() -> st.SearchStrategy[Timestamp]:
    """Return timestamps."""
    return st.builds(Timestamp, version=versions(), expires=expiries(), snapshot=meta_files())


def snapshots() -> st.SearchStrategy[Snapshot]:
    """Return snapshots; each lists targets."""
    others = st.dictionaries(role_names(), meta_files(), max_size=4)
    meta = st.builds(
        lambda targets, rest: FrozenMap({RoleName("targets"): targets, **rest}),
        meta_files(),
        others,
    )
    return st.builds(Snapshot, version=versions(), expires=expiries(), meta=meta)


@st.composite
def delegations(draw: st.DrawFn) -> Delegations:
    """Return delegations by name, to nobody twice."""
    names = draw(st.lists(role_names(), min_size=1, max_size=3, unique=True))
    given, everybody = [], dict[str, None]()
    patterns = st.lists(target_paths(), min_size=1, max_size=2).map(tuple)
    prefixes = st.lists(st.text(_HEX, min_size=1, max_size=4), min_size=1, max_size=2).map(tuple)
    for name in names:
        who, keyset = draw(keysets())
        everybody |= dict.fromkeys(who)
        given.append(
            Delegation(
                name=name,
                keyids=keyset.keyids,
                threshold=keyset.threshold,
                grant=draw(st.one_of(patterns.map(PathPatterns), prefixes.map(HashPrefixes))),
                terminating=draw(st.booleans()),
            )
        )
    return Delegations(keys=keys_of(*everybody), roles=tuple(given))


@st.composite
def succinct_delegations(draw: st.DrawFn) -> Delegations:
    """Return delegations to hash bins, of which all have the same keys (TAP 15)."""
    who, keyset = draw(keysets())
    bins = SuccinctRoles(
        keyids=keyset.keyids,
        threshold=keyset.threshold,
        bit_length=draw(st.integers(1, 16)),
        name_prefix=draw(st.text(_LETTERS, min_size=1, max_size=8)),
    )
    return Delegations(keys=keys_of(*who), roles=bins)


def targets_roles() -> st.SearchStrategy[Targets]:
    """Return targets roles, with delegations and without."""
    return st.builds(
        Targets,
        version=versions(),
        expires=expiries(),
        targets=st.dictionaries(target_paths(), targets_entries(), max_size=4).map(FrozenMap),
        delegations=st.none() | delegations() | succinct_delegations(),
    )


def roles() -> st.SearchStrategy[Role]:
    """Return roles of every kind."""
    return st.one_of(roots(), timestamps(), snapshots(), targets_roles())


def files() -> st.SearchStrategy[tuple[Role, tuple[str, ...], bytes]]:
    """Return roles, who has signed them, and the files that hold them."""
    return st.builds(
        lambda role, who: (role, who, signed(role, signers(*who))), roles(), people(at_least=0)
    )
