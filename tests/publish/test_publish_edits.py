"""Every edit, and every edit that is refused before anybody signs it."""

import attrs
import pytest
from core.worlds import DAY, NOW, p256_signer
from publish.desks import (
    COLLECTION,
    MANIFEST,
    authority,
    created,
    digest,
    key,
    opened,
    publish,
    tagged,
)

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Authority,
    Delegations,
    Digest,
    FrozenMap,
    HashPrefixes,
    ImageReference,
    Key,
    NotFoundError,
    PathPatterns,
    PerOrganisation,
    PerRepository,
    SigningError,
    SuccinctRoles,
    Target,
)

APP = PathPatterns(("acme/app:*",))


def under_id(keyid, *names, threshold=1):
    """The authority of *names*, the first of which goes by an id of somebody's choice."""
    first, *others = map(key, names)
    return Authority(FrozenMap({keyid: first, **{other.id: other for other in others}}), threshold)


# -- create -----------------------------------------------------------------------------


def test_a_new_repository_says_who_signs_and_nothing_else():
    repository = created()

    assert COLLECTION == repository.collection == repository.root.collection
    assert authority("online") == repository.root.authority(SNAPSHOT)
    assert {key("root").id, key("alice").id, key("online").id} == set(repository.root.keys)
    assert {TARGETS} == set(repository.targets)
    assert {} == dict(repository.targets[TARGETS].targets)
    assert repository.snapshot is None
    assert repository.timestamp is None


@pytest.mark.parametrize(
    "name",
    ["docker.io", "docker.io/acme", "docker.io/acme/app", "localhost:5000/x", "[::1]:5000/a/b"],
)
def test_a_collection_is_called_like_a_registry_or_a_name_below_it(name):
    assert name == created(name).collection


@pytest.mark.parametrize(
    "name",
    [
        "",
        "acme",
        "acme/app",
        "..",
        "../..",
        "docker.io/",
        "docker.io/..",
        "docker.io/../..",
        "docker.io/a//b",
        "docker.io//acme",
        "/docker.io",
        "docker.io/Acme",
        "docker.io/acme:1.4",
        "docker.io/acme@sha256:" + "a" * 64,
        "docker.io:port/acme",
        "docker.io/ácme",
        "dосker.io/acme",  # Cyrillic о and с
        "docker.io/acme\n",
        "docker.io\n/acme",
        "docker.io/acme\0",
        "docker.io\\acme",
        "docker.io/a c",
        "index.docker.io/acme",
        "docker.io/docker.io/acme",
        "https://docker.io/acme",
        "docker.io/" + "a" * 300,
    ],
)
def test_hostile_collection_names_are_refused(name):
    """T-46."""
    with pytest.raises(ValueError):
        created(name)


def test_names_must_be_for_the_collection():
    with pytest.raises(ValueError, match="does not speak for"):
        created(names=PerOrganisation("ghcr.io"))


def test_a_collection_may_be_one_image_repository():
    """Then a target path is a tag."""
    repository = created("docker.io/acme/app", names=PerRepository("docker.io/acme/app"))

    after = tagged(repository)

    assert ["1.4"] == list(after.targets[TARGETS].targets)
    with pytest.raises(NotFoundError):
        after.with_tag("acme/db:16", digest=digest(), size=1)


@pytest.mark.parametrize("role", [ROOT, TARGETS, SNAPSHOT, TIMESTAMP])
@pytest.mark.parametrize(
    ("granted", "reason"),
    [
        (authority("carol", threshold=2), "2 of 1 keys"),
        (authority("carol", threshold=0), "0 of 1 keys"),
        (authority("carol", threshold=-1), "-1 of 1 keys"),
        (authority(), "1 of 0 keys"),
        (
            Authority(FrozenMap({"a" * 64: key("carol"), key("carol").id: key("carol")}), 2),
            "one key under two ids",
        ),
    ],
)
def test_a_role_that_nobody_could_sign_for_is_refused(role, granted, reason):
    """T-44, T-47, P86; and one key under two ids, P01."""
    with pytest.raises(SigningError, match=reason) as error:
        created(**{role: granted})

    assert role == error.value.what


@pytest.mark.parametrize(
    "unusable",
    [
        Key(keytype="hmac", scheme="sha256", keyval=FrozenMap({"public": "00" * 32})),
        Key(keytype="ed25519", scheme="ed25519", keyval=FrozenMap({"public": "00" * 31})),
        Key(keytype="ed25519", scheme="ed25519", keyval=FrozenMap()),
        attrs.evolve(p256_signer("carol").key, scheme="ecdsa-sha2-nistp384"),
    ],
)
def test_a_key_whose_signatures_never_count_is_refused(unusable):
    """T-27, T-40: also beside keys that would do."""
    with pytest.raises(SigningError, match="no signature counts for"):
        created(targets=Authority.of(key("alice"), unusable))
    with pytest.raises(SigningError, match="no signature counts for"):
        created().with_keys(TARGETS, unusable)


def test_one_key_spelled_in_two_ways_is_one_key():
    """T-21: two ids that both are hashes of what they name, and one point of a curve."""
    pem = p256_signer("carol").key
    spelled = attrs.evolve(pem, keytype="ecdsa-sha2-nistp256")

    assert pem.id != spelled.id
    with pytest.raises(SigningError, match="one key under two ids"):
        created(root=Authority.of(pem, spelled, threshold=2))


# -- tags and targets -------------------------------------------------------------------


def test_a_tag_is_bound_to_digest_size_and_media_type():
    after = tagged(created(), media_type=MANIFEST, custom={"built": ("here", 1)})

    assert {
        "acme/app:1.4": Target(
            length=1573,
            hashes=FrozenMap({"sha256": "a" * 64}),
            custom=FrozenMap({"mediaType": MANIFEST, "built": ("here", 1)}),
        )
    } == dict(after.targets[TARGETS].targets)


def test_an_edit_leaves_what_it_was_made_on_alone():
    before = created()
    after = tagged(before)

    assert before != after
    assert created() == before
    assert before == after.without_tag("acme/app:1.4")


def test_a_tag_is_moved_and_others_stay():
    after = tagged(tagged(tagged(created(), "1.4"), "latest"), "latest", "b")

    listed = after.targets[TARGETS].targets
    assert {"acme/app:1.4": "a" * 64, "acme/app:latest": "b" * 64} == {
        path: target.hashes["sha256"] for path, target in listed.items()
    }


def test_values_may_be_parsed_already():
    after = created().with_tag(
        ImageReference.parse("docker.io/acme/app:1.4"), digest=Digest.parse(digest()), size=1573
    )

    assert tagged(created()) == after
    assert created() == after.without_tag(ImageReference.parse("acme/app:1.4"))


@pytest.mark.parametrize("size", [0, -1])
def test_a_manifest_has_at_least_one_byte(size):
    with pytest.raises(ValueError, match="at least one byte"):
        created().with_tag("acme/app:1.4", digest=digest(), size=size)


@pytest.mark.parametrize(
    "reference", ["acme/app", "acme/app:", "acme/app:" + "x" * 129, "acme/app:a/b", "ACME", ""]
)
def test_a_tag_needs_a_reference_with_a_tag(reference):
    """T-103."""
    with pytest.raises(ValueError):
        created().with_tag(reference, digest=digest(), size=1)


@pytest.mark.parametrize("bad", ["a" * 64, "sha256:" + "A" * 64, "md5:" + "a" * 32, "sha256:../.."])
def test_a_digest_is_one_that_clients_check(bad):
    """P30, P66."""
    with pytest.raises(ValueError):
        created().with_tag("acme/app:1.4", digest=bad, size=1)


@pytest.mark.parametrize("reference", ["ghcr.io/acme/app:1.4", "docker.io.evil.example/acme/app:1"])
def test_a_tag_of_another_registry_is_refused(reference):
    with pytest.raises(NotFoundError, match=r"docker\.io only"):
        created().with_tag(reference, digest=digest(), size=1)


def test_the_media_type_is_said_in_one_way_only():
    """T-64: a second way to say it could disagree, or be no text at all."""
    with pytest.raises(ValueError, match="media_type"):
        created().with_tag("acme/app:1", digest=digest(), size=1, custom={"mediaType": 5})


def test_what_json_cannot_say_is_a_programming_error():
    with pytest.raises(TypeError):
        created().with_tag("acme/app:1", digest=digest(), size=1, custom={"share": 0.5})


def test_a_tag_that_is_not_there_cannot_be_removed():
    with pytest.raises(NotFoundError, match="targets does not list it"):
        tagged(created()).without_tag("acme/app:1.5")


def test_a_plain_target_is_listed_and_removed():
    target = Target.of(b"#!/bin/sh")
    after = created().with_target("tools/install.sh", target)

    assert {"tools/install.sh": target} == dict(after.targets[TARGETS].targets)
    assert created() == after.without_target("tools/install.sh")
    with pytest.raises(NotFoundError):
        created().without_target("tools/install.sh")


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../../etc/passwd",
        "a/../b",
        "a//b",
        "/etc/passwd",
        "a/",
        "a\\b",
        "C:\\x",
        "a\0b",
        "a\nb",
        "a\u202eb",
        "a\ud800b",
    ],
)
def test_paths_that_lead_astray_are_refused(path):
    """P33, T-30: for targets, and for the names of roles, which become paths."""
    with pytest.raises(ValueError):
        created().with_target(path, Target.of(b"x"))
    with pytest.raises(ValueError):
        created().with_delegation(path, keys=authority("team"), grant=APP)


@pytest.mark.parametrize("path", ["a?b", "a#b", "a%2Fb", "a b", "á/ü", "a:1", "..a/b..", "CON"])
def test_paths_that_only_look_strange_are_not(path):
    """P33: the wire encodes them."""
    assert path in created().with_target(path, Target.of(b"x")).targets[TARGETS].targets


@pytest.mark.parametrize("hashes", [{}, {"md5": "a" * 32}, {"SHA256": "a" * 64}])
def test_a_target_without_a_hash_that_clients_check_is_refused(hashes):
    """P30, T-26."""
    with pytest.raises(ValueError, match="sha256 or sha512"):
        created().with_target("x", Target(length=1, hashes=FrozenMap(hashes)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda repository: tagged(repository, role="team"),
        lambda repository: repository.without_tag("acme/app:1.4", role="team"),
        lambda repository: repository.with_target("x", Target.of(b"x"), role="team"),
        lambda repository: repository.with_target("x", Target.of(b"x"), role=SNAPSHOT),
        lambda repository: repository.with_keys("team", key("team")),
        lambda repository: repository.without_keys("team", key("team")),
        lambda repository: repository.with_delegation(
            "x", keys=authority("team"), grant=APP, by="team"
        ),
        lambda repository: repository.without_delegation("x", by="team"),
    ],
)
def test_a_role_that_is_not_there_cannot_be_edited(edit):
    with pytest.raises(NotFoundError, match="no such role"):
        edit(created())


# -- delegations ------------------------------------------------------------------------


def delegating(name="team", grant=APP, **more):
    return created().with_delegation(name, keys=authority("team"), grant=grant, **more)


def test_a_delegated_role_speaks_for_what_it_was_given():
    repository = delegating()

    after = tagged(repository, role="team")

    assert ["acme/app:1.4"] == list(after.targets["team"].targets)
    assert (authority("team"),) == after.authorities("team")
    assert COLLECTION == after.targets["team"].collection


@pytest.mark.parametrize(
    ("grant", "reference"),
    [
        (APP, "acme/db:16"),
        (APP, "acme/app/x:1"),
        (PathPatterns(("acme/*",)), "acme/team/app:1"),  # T-54: a star ends at a slash
        (PathPatterns(()), "acme/app:1.4"),  # P43: neither paths nor prefixes
        (HashPrefixes(()), "acme/app:1.4"),
        (HashPrefixes(("0", "1")), "acme/app:1.4"),  # its hash begins with 2
    ],
)
def test_a_tag_on_a_role_that_may_not_speak_for_it_is_refused(grant, reference):
    """No client would ever find it there."""
    with pytest.raises(ValueError, match="no delegation lets team speak for it"):
        delegating(grant=grant).with_tag(reference, digest=digest(), size=1, role="team")


def test_every_delegation_on_the_way_must_cover_the_path():
    """And one that ends the search hides those after it."""
    deep = delegating(grant=PathPatterns(("acme/db:*",))).with_delegation(
        "deep", keys=authority("team2"), grant=APP, by="team"
    )
    hidden = (
        delegating(name="first", terminating=True)
        .with_delegation("second", keys=authority("team2"), grant=APP)
        .with_delegation("third", keys=authority("team2"), grant=PathPatterns(("acme/*",)))
    )

    with pytest.raises(ValueError, match="speak for it"):
        tagged(deep, role="deep")
    with pytest.raises(ValueError, match="speak for it"):
        tagged(hidden, role="second")
    assert tagged(hidden, role="first")
    assert hidden.with_tag("acme/db:16", digest=digest(), size=1, role="third")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (ROOT, "top-level"),
        (TARGETS, "top-level"),
        ("team", "already"),
        ("x" * 201, "200 bytes"),
        ("é" * 101, "200 bytes"),
        ("a/C:x", "drive"),
        ("C:x", "drive"),
    ],
)
def test_a_delegated_role_has_a_name_of_its_own(name, reason):
    with pytest.raises(ValueError, match=reason):
        delegating().with_delegation(name, keys=authority("team2"), grant=APP)


@pytest.mark.parametrize("granted", [authority(), authority("team", threshold=2)])
def test_a_delegation_that_nobody_could_sign_for_is_refused(granted):
    with pytest.raises(SigningError):
        created().with_delegation("team", keys=granted, grant=APP)


def test_delegations_are_kept_in_the_order_they_were_made_in():
    """T-22."""
    names = ["zebra", "ant", "mole"]
    repository = created()
    for name in names:
        repository = repository.with_delegation(name, keys=authority("team"), grant=APP)

    assert names == [grant.name for grant in repository.targets[TARGETS].delegations.roles]


def test_removing_a_delegation_removes_its_key_and_what_it_led_to():
    repository = (
        delegating()
        .with_delegation("deep", keys=authority("team2"), grant=APP, by="team")
        .with_delegation("other", keys=authority("carol"), grant=APP)
    )

    after = repository.without_delegation("team")

    assert {TARGETS, "other"} == set(after.targets)
    assert {key("carol").id} == set(after.targets[TARGETS].delegations.keys)
    assert {TARGETS, "team", "other"} == set(
        repository.without_delegation("deep", by="team").targets
    )


@pytest.mark.parametrize("repository", [created(), delegating()])
def test_a_delegation_that_is_not_there_cannot_be_removed(repository):
    with pytest.raises(ValueError, match="no delegation to 'other'"):
        repository.without_delegation("other")


def test_a_role_that_two_delegate_to_stays_until_both_let_go():
    repository = (
        delegating("one")
        .with_delegation("two", keys=authority("team2"), grant=APP)
        .with_delegation("shared", keys=authority("carol"), grant=APP, by="one")
        .with_delegation("shared", keys=authority("bob"), grant=APP, by="two")
    )

    assert {authority("carol"), authority("bob")} == set(repository.authorities("shared"))
    once = repository.without_delegation("shared", by="one")
    assert (authority("bob"),) == once.authorities("shared")
    assert "shared" in once.targets
    assert "shared" not in once.without_delegation("shared", by="two").targets


# -- keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [ROOT, TARGETS, SNAPSHOT, TIMESTAMP, "team"])
def test_a_key_is_replaced_by_adding_one_and_removing_the_other(role):
    repository = delegating()
    (old,) = repository.authorities(role)[0].keys.values()

    both = repository.with_keys(role, key("carol"))
    after = both.without_keys(role, old)

    assert (Authority.of(old, key("carol")),) == both.authorities(role)
    assert (authority("carol"),) == after.authorities(role)
    with pytest.raises(SigningError, match="1 of 0 keys"):
        repository.without_keys(role, old)


def test_a_key_leaves_root_with_the_last_role_that_uses_it():
    repository = created().with_keys(SNAPSHOT, key("carol")).with_keys(TIMESTAMP, key("carol"))

    once = repository.without_keys(SNAPSHOT, key("carol"))

    assert key("carol").id in once.root.keys
    assert key("carol").id not in once.without_keys(TIMESTAMP, key("carol")).root.keys


def test_the_threshold_is_raised_with_keys_and_lowered_before_they_go():
    """T-47."""
    repository = created().with_keys(TARGETS, key("bob"), threshold=2)

    assert authority("alice", "bob", threshold=2) == repository.root.authority(TARGETS)
    with pytest.raises(SigningError, match="2 of 1 keys"):
        repository.without_keys(TARGETS, key("bob"))
    assert created().root == repository.without_keys(TARGETS, key("bob"), threshold=1).root
    assert authority("alice", "bob") == repository.with_keys(TARGETS, threshold=1).root.authority(
        TARGETS
    )


@pytest.mark.parametrize("threshold", [0, -1, 3])
def test_a_threshold_that_cannot_be_met_is_refused(threshold):
    """Zero is a threshold like any other, and not "as before"."""
    with pytest.raises(SigningError, match=f"{threshold} of 2 keys"):
        created().with_keys(TARGETS, key("bob"), threshold=threshold)
    with pytest.raises(SigningError, match=f"{threshold} of 1 keys"):
        created().with_keys(TARGETS, key("bob")).without_keys(
            TARGETS, key("bob"), threshold=threshold
        )


def test_a_key_that_is_there_already_is_added_once():
    assert created() == created().with_keys(TARGETS, key("alice"), key("alice"))


def test_a_key_that_goes_by_another_id_is_known_all_the_same():
    repository = created(targets=under_id("alice's", "alice"))

    assert repository == repository.with_keys(TARGETS, key("alice"))
    after = repository.with_keys(TARGETS, key("bob")).without_keys(TARGETS, key("alice"))
    assert authority("bob") == after.root.authority(TARGETS)


def test_a_key_that_is_none_of_the_roles_cannot_be_removed():
    with pytest.raises(SigningError, match="none of its keys"):
        created().without_keys(TARGETS, key("bob"))


def test_adding_a_key_never_puts_it_in_the_place_of_another():
    """In metadata of others, one key may go by the id that is another's hash."""
    squatting = created(targets=under_id(key("bob").id, "alice"))

    with pytest.raises(SigningError, match="another key goes by the id"):
        squatting.with_keys(TARGETS, key("bob"))
    with pytest.raises(SigningError, match="another key goes by the id"):
        squatting.with_keys(SNAPSHOT, key("bob"))
    with pytest.raises(SigningError, match="another key goes by the id"):
        squatting.with_delegation(
            "one", keys=under_id(key("bob").id, "carol"), grant=APP
        ).with_delegation("two", keys=authority("bob"), grant=APP)


def test_of_two_unusable_keys_the_one_that_is_named_is_removed():
    """They have no material that could tell them apart."""
    first, second, third = (
        Key(keytype="quantum", scheme="q", keyval=FrozenMap({"public": name})) for name in "abc"
    )
    mixed = Authority.of(key("alice"), first, second)
    foreign = created()
    root = attrs.evolve(
        foreign.root,
        keys=foreign.root.keys.including(mixed.keys),
        roles=foreign.root.roles.including(
            {TARGETS: attrs.evolve(foreign.root.roles[TARGETS], keyids=tuple(mixed.keys))}
        ),
    )
    foreign = attrs.evolve(foreign, root=root)

    with pytest.raises(SigningError, match="none of its keys"):
        foreign.without_keys(TARGETS, third)
    after = foreign.without_keys(TARGETS, first, second)
    assert authority("alice") == after.root.authority(TARGETS)
    with pytest.raises(SigningError, match=second.id[:8]):
        foreign.without_keys(TARGETS, first)


def test_what_others_say_of_a_key_stays_when_another_role_gets_it():
    said = attrs.evolve(key("alice"), extra=FrozenMap({"x-keyowner": "@alice"}))
    repository = created(targets=Authority.of(said)).with_keys(SNAPSHOT, key("alice"))

    assert said == repository.root.keys[said.id]


def test_the_keys_of_bins_are_replaced_for_all_of_them():
    """TAP 15: bins share one set of keys, and a role with bins delegates to nobody else."""
    bins = SuccinctRoles(keyids=(key("team").id,), threshold=1, bit_length=1, name_prefix="bin")
    repository = created()
    targets = attrs.evolve(
        repository.targets[TARGETS],
        delegations=Delegations(keys=authority("team").keys, roles=bins),
    )
    empty = repository.targets[TARGETS]
    repository = attrs.evolve(
        repository, targets=FrozenMap({TARGETS: targets, "bin-0": empty, "bin-1": empty})
    )

    after = repository.with_keys("bin-0", key("carol")).without_keys("bin-1", key("team"))

    assert (authority("carol"),) == after.authorities("bin-0") == after.authorities("bin-1")
    with pytest.raises(ValueError, match="bins"):
        after.with_delegation("team", keys=authority("team"), grant=APP)
    with pytest.raises(ValueError, match="no delegation"):
        after.without_delegation("bin-0")


# -- open -------------------------------------------------------------------------------


def test_what_was_published_is_what_is_opened(storage, published):
    assert published == opened(storage)


def test_an_expired_repository_can_be_opened_and_mended(storage, published):
    later = NOW + 1000 * DAY
    before = opened(storage)

    receipt = publish(storage, before, before, now=later)

    assert {"2.root.json", "2.targets.json", "2.snapshot.json", "timestamp.json"} == set(
        receipt.written
    )
