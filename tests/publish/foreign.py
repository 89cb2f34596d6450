"""One role of each type with everything in it that a file can say."""

import attrs
from core.worlds import NOW, signed_json
from publish.desks import authority, created, key, tagged

from trustlib import (
    TARGETS,
    TUF_JSON,
    Delegations,
    FrozenMap,
    HashPrefixes,
    MetaFile,
    PathPatterns,
    Snapshot,
    SuccinctRoles,
    Targets,
    Timestamp,
)

HEAD = {"version": 3, "expires": NOW, "collection": "docker.io/acme"}
MORE = FrozenMap({"x": 1})
FILE = MetaFile(version=7, length=5, hashes=FrozenMap({"sha256": "a" * 64}), extra=MORE)


def a_root():
    keys = created(root=authority("root", "root2", threshold=2)).root
    idle = {key("carol").id: key("carol"), "other": attrs.evolve(key("bob"), extra=MORE)}
    mirrors = attrs.evolve(keys.roles["root"], threshold=1, extra=MORE)  # TUF knows no such role
    return attrs.evolve(
        keys,
        **HEAD,
        extra=MORE,
        keys=keys.keys.including(idle),
        roles=keys.roles.including({"mirrors": mirrors}),
    )


def some_targets():
    repository = tagged(created(), media_type="application/x", custom={"by": ["ci", 1]})
    for name, grant in (
        ("releases", PathPatterns(("acme/*", "x/y"))),
        ("prefixed", HashPrefixes(("0a", "1"))),
    ):
        repository = repository.with_delegation(
            name, keys=authority("team", "team2"), grant=grant, terminating=name == "releases"
        )
    role = repository.targets[TARGETS]
    targets = {path: attrs.evolve(target, extra=MORE) for path, target in role.targets.items()}
    targets = FrozenMap(targets)
    return attrs.evolve(role, **HEAD, called=TARGETS, extra=MORE, targets=targets)


def some_bins():
    keyid = key("team").id
    bins = SuccinctRoles(keyids=(keyid,), threshold=1, bit_length=4, name_prefix="bin", extra=MORE)
    delegations = Delegations(keys=FrozenMap({keyid: key("team")}), roles=bins, extra=MORE)
    return Targets(**HEAD, called=TARGETS, delegations=delegations)


ROLES = {
    "root": a_root,
    "targets": some_targets,
    "bins": some_bins,
    "snapshot": lambda: Snapshot(**HEAD, meta=FrozenMap({"targets": FILE, "team": FILE})),
    "timestamp": lambda: Timestamp(**HEAD, snapshot=FILE),
}


def document_of(value, kind):
    """The file that holds the JSON *value* under no signature."""
    return TUF_JSON.parse(kind, signed_json(value, ()))
