"""What is different is told, the powerful first, and never more than somebody can read."""

import json

import attrs
import pytest
from core.worlds import DAY, NOW
from publish.desks import authority, created, digest, key, planned, publish, tagged
from publish.foreign import ROLES, document_of
from publish.mutations import mutations

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    Delegations,
    FrozenMap,
    HashPrefixes,
    MalformedError,
    MemoryStorage,
    PathPatterns,
    PerRepository,
    SuccinctRoles,
    Target,
)
from trustlib.publish.change import EditionChanged, SignersChanged, TargetChanged
from trustlib.publish.differing import changes, differences, told

TEAM = "acme/releases"
APP = PathPatterns(("acme/app:*",))


def short(name):
    return key(name).id[:16]


def lines(before, after):
    return [str(change) for change in changes(before, after)]


def edited(edit, *, before=None):
    """What is told of an edit of a repository that is published."""
    before = before or published(tagged(created()))
    return lines(before, edit(before))


def published(repository):
    return publish(MemoryStorage(), created(), repository, now=NOW).repository


def with_team(repository, name=TEAM, **more):
    return repository.with_delegation(name, **{"keys": authority("team"), "grant": APP, **more})


# -- nothing is left out ----------------------------------------------------------------


@pytest.mark.parametrize("name", ROLES)
def test_two_files_that_differ_have_a_difference(name):
    """One node of a file is replaced or removed, each in turn."""
    role = ROLES[name]()
    value = json.loads(TUF_JSON.render(role))["signed"]
    original = document_of(value, type(role))
    seen = 0
    for mutation in mutations(value):
        try:
            other = document_of(mutation, type(role))
        except MalformedError:
            continue
        forth = differences(other.name, original.unverified, other.unverified)
        back = differences(other.name, other.unverified, original.unverified)
        differs = TUF_JSON.payload(other.unverified) != TUF_JSON.payload(original.unverified)

        assert differs == bool(forth) == bool(back), mutation
        for line in map(str, forth + back):
            assert line.isprintable()
            assert line.partition(": ")[2], mutation
        seen += differs
    assert seen > 10


def test_a_repository_has_no_difference_to_itself():
    assert [] == edited(lambda before: before)


# -- targets ----------------------------------------------------------------------------


def test_a_tag_is_new_moves_and_is_gone():
    assert [f"targets: acme/app:1.5 is new: {digest('b')}, 1573 bytes"] == edited(
        lambda before: tagged(before, "1.5", "b")
    )
    assert [f"targets: acme/app:1.4 moves from {digest('a')} to {digest('b')}"] == edited(
        lambda before: tagged(before, "1.4", "b")
    )
    assert [f"targets: acme/app:1.4 is gone; it was {digest('a')}, 1573 bytes"] == edited(
        lambda before: before.without_tag("acme/app:1.4")
    )


def test_what_is_said_of_a_tag_is_compared_part_by_part():
    before = published(
        tagged(created(), media_type="application/x", custom={"by": "ci", "stable": 1})
    )

    def edit(before):
        return before.with_tag(
            "acme/app:1.4",
            digest=digest("a"),
            size=7,
            media_type="application/y",
            custom={"stable": True, "n": [1]},
        )

    assert [
        "targets: acme/app:1.4 has 7 bytes, not 1573; has media type application/y, not"
        ' application/x; by is gone; it was "ci"; n = [1] is new; stable = true, not 1'
    ] == edited(edit, before=before)


def test_an_image_is_called_as_the_repository_calls_it():
    """Where the path is the tag, the path alone says nothing."""
    storage = MemoryStorage()
    name = "docker.io/acme/app"
    before = attrs.evolve(created(name), names=PerRepository(name))
    after = before.with_tag("acme/app:1.4", digest=digest(), size=1)
    publish(storage, before, after, now=NOW)

    [change] = [c for c in changes(before, after) if isinstance(c, TargetChanged)]

    assert "1.4" == change.path
    assert str(change).startswith("targets: acme/app:1.4 is new: ")


def test_a_path_that_is_no_image_is_shown_as_a_path():
    target = Target(length=1, hashes=FrozenMap({"sha256": "a" * 64}))

    assert [f'targets: "tools/a b.tgz" is new: {digest()}, 1 bytes'] == edited(
        lambda before: before.with_target("tools/a b.tgz", target)
    )


# -- who may sign -----------------------------------------------------------------------


def test_keys_that_come_and_go_and_thresholds_are_told():
    def edit(before):
        after = before.with_keys(TARGETS, key("bob"), key("carol"), threshold=2)
        return after.without_keys(TARGETS, key("alice"))

    come = f"targets may be signed by {short('bob')}, {short('carol')} as well"
    go = f"targets may no longer be signed by {short('alice')}"

    assert [f"root: {come}; {go}; for targets, 2 of 2 keys must sign, not 1 of 1"] == edited(edit)


def test_the_keys_that_come_and_go_are_data():
    before = published(created())
    after = before.with_keys(ROOT, key("root2")).without_keys(ROOT, key("root"))

    [change] = changes(before, after)

    assert isinstance(change, SignersChanged)
    assert (ROOT, (key("root2"),), (key("root"),)) == (change.of, change.added, change.removed)
    assert (1, 1) == (change.old.threshold, change.new.threshold)


def test_a_key_that_is_listed_under_another_id_is_told():
    """It may be somebody else's who bears the name."""
    before = created().root
    roles = before.roles
    other = attrs.evolve(
        before,
        keys=before.keys.excluding(key("root").id).including({"x": key("root")}),
        roles=roles.including({ROOT: attrs.evolve(roles[ROOT], keyids=("x",))}),
    )

    [line] = map(str, differences(ROOT, before, other))

    assert f"root may be signed by {short('root')} listed as x as well" in line
    assert f"root may no longer be signed by {short('root')};" in line


def test_a_delegation_is_told_with_its_keys():
    who = f"1 of 1 keys must sign: {short('team')}"

    assert [
        f"targets: {TEAM} may speak for acme/app:*, and nobody after it; {who}",
    ] == edited(lambda before: with_team(before, terminating=True))


def test_what_a_delegation_allows_is_compared_path_by_path():
    before = published(with_team(created()))

    def granting(delegation):
        def edit(before):
            roles = (attrs.evolve(before.targets[TARGETS].delegations.roles[0], **delegation),)
            return _delegating(before, roles=roles)

        return edit

    assert [
        f"targets: {TEAM} may speak for acme/db:* as well; may no longer speak for acme/app:*"
    ] == edited(granting({"grant": PathPatterns(("acme/db:*",))}), before=before)
    assert [f"targets: {TEAM} is now the last word: nobody after it is asked"] == edited(
        granting({"terminating": True}), before=before
    )
    assert [
        f"targets: {TEAM} may speak for paths whose hash begins with '0' as well;"
        " may no longer speak for acme/app:*"
    ] == edited(granting({"grant": HashPrefixes(("0",))}), before=before)
    assert [f"targets: {TEAM} x = 1 is new"] == edited(
        granting({"extra": FrozenMap({"x": 1})}), before=before
    )


def _delegating(repository, **changed):
    targets = repository.targets[TARGETS]
    delegations = attrs.evolve(
        targets.delegations or Delegations(keys=FrozenMap(), roles=()), **changed
    )
    targets = attrs.evolve(targets, delegations=delegations)
    return attrs.evolve(repository, targets=repository.targets.including({TARGETS: targets}))


def test_who_is_asked_first_is_told():
    before = published(with_team(with_team(created()), "acme/others"))

    def swapped(before):
        return _delegating(before, roles=before.targets[TARGETS].delegations.roles[::-1])

    assert [f"targets: asks in the order acme/others, {TEAM}; it was {TEAM}, acme/others"] == (
        edited(swapped, before=before)
    )


def test_one_who_comes_before_those_that_were_there_is_told():
    before = published(with_team(created()))

    def pushed_in(before):
        after = with_team(before, "acme/first")
        return _delegating(after, roles=after.targets[TARGETS].delegations.roles[::-1])

    said = edited(pushed_in, before=before)

    assert f"targets: asks in the order acme/first, {TEAM}; it was {TEAM}" in said


def test_a_delegation_that_is_gone_takes_what_it_listed_along():
    before = published(tagged(with_team(created()), role=TEAM))

    assert [
        f"targets: {TEAM} may no longer speak for anything",
        f"{TEAM}: acme/app:1.4 is gone; it was {digest()}, 1573 bytes",
        f"{TEAM}: is no longer a role of the repository",
    ] == edited(lambda before: before.without_delegation(TEAM), before=before)


def bins(bits, *names, **more):
    return SuccinctRoles(
        keyids=tuple(key(name).id for name in names),
        threshold=1,
        bit_length=bits,
        name_prefix="bin",
        **more,
    )


def test_bins_are_told():
    keys = FrozenMap({key(name).id: key(name) for name in ("team", "team2")})

    def binned(*arguments, **more):
        return _delegating(created(), roles=bins(*arguments, **more), keys=keys).targets[TARGETS]

    def said(old, new):
        return [str(c) for c in differences(TARGETS, old, new) if "sign for nothing" not in str(c)]

    none, four, five = created().targets[TARGETS], binned(4, "team"), binned(5, "team")
    who = f"bin-* may be signed by {short('team')}; for bin-*, 1 of 1 keys must sign"

    assert [f"targets: {who}", "targets: 16 bins bin-… are new"] == said(none, four)
    assert ["targets: 16 bins bin-… become 32 bins bin-…"] == said(four, five)
    assert ["targets: bin-* is nobody's to sign any more", "targets: 16 bins bin-… are gone"] == (
        said(four, none)
    )
    assert ["targets: 16 bins bin-… x = 1 is new"] == said(
        four, binned(4, "team", extra=FrozenMap({"x": 1}))
    )
    [line] = said(four, binned(4, "team2"))
    assert f"bin-* may be signed by {short('team2')} as well" in line


# -- a first and a next edition ---------------------------------------------------------


def test_of_a_first_publication_everything_is_new():
    plan = planned(created(), tagged(created()), now=NOW)

    assert [
        *(
            f"root: {role} may be signed by {short(who)}; for {role}, 1 of 1 keys must sign"
            for role, who in (
                (ROOT, "root"),
                (TIMESTAMP, "online"),
                (SNAPSHOT, "online"),
                (TARGETS, "alice"),
            )
        ),
        f"targets: acme/app:1.4 is new: {digest()}, 1573 bytes",
        "root: version 1, valid until 2031-01-01 12:00Z, is its first",
        "snapshot: version 1, valid until 2030-01-31 12:00Z, is its first",
        "timestamp: version 1, valid until 2030-01-15 12:00Z, is its first",
        "targets: version 1, valid until 2031-01-01 12:00Z, is its first",
    ] == lines(plan.before, plan.outcome)


def test_an_edit_of_what_nobody_published_is_told_as_well():
    assert f"targets: acme/app:1.4 is new: {digest()}, 1573 bytes" in lines(
        created(), tagged(created())
    )


def test_a_renewal_is_told():
    before = published(created())
    plan = planned(before, before, now=NOW + DAY, renewing=[TIMESTAMP])

    [change] = changes(before, plan.outcome)

    assert isinstance(change, EditionChanged)
    assert (NOW + 14 * DAY, NOW + 15 * DAY) == (change.old.expires, change.new.expires)
    assert (
        "timestamp: version 2, valid until 2030-01-16 12:00Z,"
        " follows 1, valid until 2030-01-15 12:00Z"
    ) == str(change)


# -- no more than somebody can read -----------------------------------------------------


def flooded(repository, tags):
    target = Target(length=1, hashes=FrozenMap({"sha256": "a" * 64}))
    targets = repository.targets[TARGETS]
    more = {f"acme/app:{number}": target for number in range(tags)}
    targets = attrs.evolve(targets, targets=targets.targets.including(more))
    return attrs.evolve(repository, targets=repository.targets.including({TARGETS: targets}))


def test_a_flood_of_tags_prints_few_lines_and_hides_no_key():
    before = published(tagged(created()))
    after = flooded(before, 100_000).with_keys(ROOT, key("root2"))

    found = changes(before, after)
    printed = list(told(found))

    assert 100_001 == len(found)
    assert 22 == len(printed)
    assert printed[0].startswith(f"root: root may be signed by {short('root2')} as well")
    assert "… and 99980 more like these" == printed[-1]
    assert 4 == len(list(told(found, most=2)))


@pytest.mark.parametrize(("tags", "last"), [(20, None), (21, "… and 1 more like these")])
def test_what_is_left_out_is_counted(tags, last):
    printed = list(told(changes(published(created()), flooded(published(created()), tags))))

    assert 20 + (last is not None) == len(printed)
    assert last is None or last == printed[-1]


def test_one_change_of_many_parts_is_one_short_line():
    patterns = PathPatterns(tuple(f"acme/{'x' * 300}{number}" for number in range(10_000)))
    keys = authority(*(f"key {number}" for number in range(100)))
    [line] = edited(lambda before: with_team(before, grant=patterns, keys=keys))

    assert len(line) < 5_000
    assert " and 9992 more" in line
    assert " and 92 more" in line
    custom = {f"{number}": "y" * 10_000 for number in range(1_000)}
    for line in (
        *edited(lambda before: tagged(before, "1.5", custom=custom)),
        *edited(lambda before: tagged(before, "1.4", custom=custom)),
    ):
        assert len(line) < 10_000
        assert " and 992 more" in line


def test_no_text_in_a_change_can_garble_a_terminal():
    hostile = "\x1b[2J\n\u202e"
    before = published(tagged(created()))
    after = tagged(before, "1.5", custom={hostile: hostile})
    after = attrs.evolve(
        after, root=attrs.evolve(after.root, extra=FrozenMap({hostile: hostile}), version=2)
    )

    assert all(line.isprintable() for line in lines(before, after))
