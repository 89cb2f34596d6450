"""Several repositories, asked one after the other and all at once."""

import asyncio
import pickle

import attrs
import pytest
from consensus.sites import (
    PATH,
    Hanging,
    Served,
    Unplugged,
    anchor_of,
    ask,
    entry,
    mapped,
    site,
    updater,
    withheld,
)
from core.worlds import DAY, LATER, NOW, grant, grants, listing, targets_role
from hypothesis import given, settings
from hypothesis import strategies as st

from trustlib import (
    AsyncUpdater,
    Digest,
    ExpiredError,
    FileStorage,
    Freshness,
    FromStore,
    FrozenMap,
    Key,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    PerOrganisation,
    PerRepository,
    TagBinding,
    TransportError,
    Updater,
    VerificationError,
)
from trustlib._types import TOP_LEVEL
from trustlib.consensus import (
    AsyncConsensus,
    Consensus,
    DisagreementError,
    Statement,
    UnheardError,
)

GOOD, EVIL = listing("good"), listing("evil")


@pytest.fixture(params=[Consensus, AsyncConsensus])
def kind(request):
    return request.param


def built(kind, trust_map, names=None, **worlds):
    """A consensus over *worlds*: a repository each, or an updater's arguments."""
    client = Updater if kind is Consensus else AsyncUpdater
    updaters = {}
    for name, world in worlds.items():
        more = world if isinstance(world, dict) else {"world": world}
        updaters[name] = updater(kind=client, **more)
    return kind(map=trust_map, updaters=updaters, names=names or PerOrganisation())


def good(name, **more):
    return site(name, {PATH: GOOD}, **more)


def evil(name, **more):
    return site(name, {PATH: EVIL}, **more)


TWO_OF_TWO = mapped(entry("a", "b", threshold=2))
TWO_OF_THREE = mapped(entry("a", "b", "c", threshold=2))


def unplugged(name):
    return {"world": good(name), "transport": Unplugged({})}


def expired(name):
    return {"world": good(name).edited("timestamp", expires=NOW)}


def keeping_back(name):
    return {"world": good(name), "transport": Served(withheld(good(name)))}


FAILING = [unplugged, expired, keeping_back]


# -- agreement --------------------------------------------------------------------------


def test_a_target_is_found_if_enough_repositories_say_the_same(kind):
    found = ask(built(kind, TWO_OF_TWO, a=good("a"), b=good("b")), "find", PATH)

    assert GOOD == found.target
    assert PATH == found.path
    assert ("a:targets", "b:targets") == found.via
    assert {"a", "b"} == set(found.by)
    assert ("targets",) == found.by["b"].via
    assert () == found.files
    assert () != found.by["a"].files


def test_a_tag_is_resolved_if_enough_repositories_say_the_same(kind):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))

    binding = ask(consensus, "resolve", PATH)

    assert isinstance(binding, TagBinding)
    assert Digest.of(b"good") == binding.digest
    assert f"acme/app@{Digest.of(b'good')}" == binding.pinned
    assert 4 == binding.size
    assert ("a:targets", "b:targets") == binding.via
    assert ("targets",) == binding.by["a"].via
    assert binding == ask(consensus, "verify", PATH, Digest.of(b"good"))


def test_one_repository_that_lies_is_outvoted(kind):
    consensus = built(kind, TWO_OF_THREE, a=evil("a"), b=good("b"), c=good("c"))

    assert Digest.of(b"good") == ask(consensus, "resolve", PATH).digest
    assert ["b", "c"] == list(ask(consensus, "find", PATH).by)


@pytest.mark.parametrize("question", ["find", "resolve"])
def test_two_that_say_different_things_do_not_agree(kind, question):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=evil("b"))

    with pytest.raises(DisagreementError) as error:
        ask(consensus, question, PATH)

    assert isinstance(error.value, VerificationError)
    assert (PATH, 2, 1) == (error.value.path, error.value.threshold, error.value.most)
    assert {"a": Statement.of(GOOD), "b": Statement.of(EVIL)} == dict(error.value.answers)
    assert str(error.value) == (
        "acme/app:1.4: 1 of the 2 that must agree say the same"
        " (a: sha256:770e607624d6…, 4 bytes; b: sha256:4e1f2a5f16c4…, 4 bytes);"
        " do not use it before those that fail, or say something else, are looked into"
    ).replace("770e607624d6", GOOD.hashes["sha256"][:12]).replace(
        "4e1f2a5f16c4", EVIL.hashes["sha256"][:12]
    )


def test_a_length_of_its_own_is_another_thing(kind):
    other = listing("good")
    other = type(other)(length=5, hashes=other.hashes)

    with pytest.raises(DisagreementError):
        ask(built(kind, TWO_OF_TWO, a=good("a"), b=site("b", {PATH: other})), "find", PATH)


def test_a_media_type_of_its_own_is_another_thing(kind):
    """One digest read as two kinds of manifest can be two images."""
    worlds = {
        name: site(name, {PATH: listing("good", custom={"mediaType": f"application/{name}"})})
        for name in "ab"
    }

    for question in ("find", "resolve"):
        with pytest.raises(DisagreementError):
            ask(built(kind, TWO_OF_TWO, **worlds), question, PATH)


def test_what_only_one_of_them_adds_is_not_in_the_answer(kind):
    """T-51: custom metadata that nobody else vouches for is not handed on."""
    a = listing("good", custom={"mediaType": "m/t", "usage": "all", "n": 1, "x": True})
    b = listing("good", custom={"mediaType": "m/t", "usage": "all", "n": 2, "x": 1})
    consensus = built(kind, TWO_OF_TWO, a=site("a", {PATH: a}), b=site("b", {PATH: b}))

    assert (
        FrozenMap({"mediaType": "m/t", "usage": "all"})
        == ask(consensus, "find", PATH).target.custom
    )
    binding = ask(consensus, "resolve", PATH)
    assert FrozenMap({"usage": "all"}) == binding.custom
    assert "m/t" == binding.media_type
    assert 2 == binding.by["b"].custom["n"]


def test_only_hashes_that_enough_of_them_name_are_in_the_answer(kind):
    a = listing("good", hashes=("sha256", "sha512"))
    consensus = built(kind, TWO_OF_TWO, a=site("a", {PATH: a}), b=good("b"))

    assert ["sha256"] == list(ask(consensus, "find", PATH).target.hashes)
    binding = ask(consensus, "resolve", PATH)
    assert (Digest.of(b"good"),) == binding.digests
    with pytest.raises(MismatchError):
        ask(consensus, "verify", PATH, Digest.of(b"good", "sha512"))


def test_what_has_no_hash_in_common_is_not_agreed_on(kind):
    other = site("b", {PATH: listing("good", hashes=("sha512",))})

    with pytest.raises(DisagreementError):
        ask(built(kind, TWO_OF_TWO, a=good("a"), b=other), "find", PATH)


def test_an_answer_holds_until_the_first_of_them_expires(kind):
    soon = LATER - DAY
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b", expires=soon))

    assert soon == ask(consensus, "find", PATH).valid_until
    assert soon == ask(consensus, "resolve", PATH).valid_until


def test_an_answer_names_the_collection_if_they_call_themselves_alike(kind):
    def called(name, collection):
        world = good(name)
        for role in ("root", "timestamp", "snapshot", "targets"):
            world = world.edited(role, collection=collection)
        return world.sealed()

    alike = built(kind, TWO_OF_TWO, a=called("a", "docker.io"), b=called("b", "docker.io"))
    unlike = built(kind, TWO_OF_TWO, a=called("a", "docker.io"), b=called("b", "docker.io/acme"))

    assert "docker.io" == ask(alike, "find", PATH).collection
    assert ask(unlike, "find", PATH).collection is None


def test_the_way_through_each_repository_is_told(kind):
    delegations = grants(grant("team", "acme/*"))
    a = site("a", delegations=delegations).with_roles({"team": targets_role(PATH)})
    b = site("b", {PATH: listing(PATH)})

    assert ("a:targets", "a:team", "b:targets") == ask(
        built(kind, TWO_OF_TWO, a=a, b=b), "find", PATH
    ).via


def test_an_answer_tells_whom_it_is_from(kind):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))

    binding, found = ask(consensus, "resolve", PATH), ask(consensus, "find", PATH)

    assert str(binding.explain()).startswith(
        f"acme/app:1.4 is {Digest.of(b'good')} (4 bytes), say a and b\n"
    )
    assert found.explain().answer.endswith(", say a and b")
    assert {f"{name}:{role}" for name in "ab" for role in TOP_LEVEL} == {
        vouched.role for vouched in found.explain().roles
    }
    assert NOW == binding.source.heard == found.source.heard


def test_an_answer_is_as_old_as_the_oldest_of_them(kind):
    """One of two answers from its store: what they say together is no newer."""
    stored = updater(good("b"), now=NOW - DAY)
    stored.refresh()
    offline = {
        "world": good("b"),
        "transport": Unplugged({}),
        "storage": stored.storage,
        "policy": Freshness(fallback=2 * DAY),
    }

    found = ask(built(kind, TWO_OF_TWO, a=good("a"), b=offline), "find", PATH)

    assert FromStore(NOW - DAY) == found.source


# -- references -------------------------------------------------------------------------


def test_a_digest_in_the_reference_must_be_what_they_agree_on(kind):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))

    binding = ask(consensus, "resolve", f"{PATH}@{Digest.of(b'good')}")
    assert Digest.of(b"good") == binding.reference.digest
    with pytest.raises(MismatchError):
        ask(consensus, "resolve", f"{PATH}@{Digest.of(b'evil')}")
    with pytest.raises(MismatchError):
        ask(consensus, "verify", PATH, str(Digest.of(b"evil")))


def test_a_digest_alone_needs_nobody(kind):
    consensus = built(kind, TWO_OF_TWO, a=unplugged("a"), b=unplugged("b"))

    binding = ask(consensus, "resolve", f"acme/app@{Digest.of(b'x')}")

    assert (Digest.of(b"x"), FrozenMap(), ()) == (binding.digest, binding.by, binding.via)
    with pytest.raises(ValueError, match="expected a tag"):
        ask(consensus, "verify", f"acme/app@{Digest.of(b'x')}", Digest.of(b"x"))


def test_each_repository_may_call_an_image_its_own_way(kind):
    worlds = {
        "a": good("a"),
        "b": {"world": site("b", {"1.4": GOOD}), "names": PerRepository("docker.io/acme/app")},
    }

    assert ("a:targets", "b:targets") == ask(built(kind, TWO_OF_TWO, **worlds), "resolve", PATH).via


def test_a_repository_that_does_not_speak_for_an_image_does_not_list_it(kind):
    other = {"world": good("b"), "names": PerRepository("docker.io/other/app")}
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=other)

    with pytest.raises(DisagreementError) as error:
        ask(consensus, "resolve", PATH)

    assert error.value.answers["b"] is None


def test_an_image_of_another_domain_is_not_found(kind):
    with pytest.raises(NotFoundError):
        ask(built(kind, TWO_OF_TWO, a=good("a"), b=good("b")), "resolve", "ghcr.io/acme/app:1.4")


# -- entries of the map -----------------------------------------------------------------


def test_a_path_that_no_entry_covers_is_not_found_and_nobody_is_asked(kind):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))

    with pytest.raises(NotFoundError) as error:
        ask(consensus, "find", "app")

    assert "the map" in str(error.value)
    assert [] == consensus.updaters["a"].transport.asked


def test_what_nobody_lists_is_not_found(kind):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))

    with pytest.raises(NotFoundError) as error:
        ask(consensus, "find", "acme/app:9")

    assert str(error.value) == (
        "acme/app:9: none of the repositories a, b vouches for it; check the name"
    )


@pytest.mark.parametrize("first", [site, evil])
def test_the_next_entry_is_consulted_if_those_of_one_do_not_agree(kind, first):
    """TAP 4, 4.2."""
    trust_map = mapped(entry("a", "b", threshold=2), entry("c", threshold=1))
    consensus = built(kind, trust_map, a=first("a"), b=good("b"), c=evil("c"))

    assert ("c:targets",) == ask(consensus, "find", PATH).via


@pytest.mark.parametrize("first", [site, evil])
def test_a_terminating_entry_has_the_last_word(kind, first):
    """TAP 4, 4.1."""
    trust_map = mapped(entry("a", "b", threshold=2, terminating=True), entry("c", threshold=1))
    consensus = built(kind, trust_map, a=first("a"), b=good("b"), c=good("c"))

    with pytest.raises(DisagreementError):
        ask(consensus, "find", PATH)
    assert [] == consensus.updaters["c"].transport.asked


def test_entries_for_other_paths_are_passed_over(kind):
    trust_map = mapped(
        entry("a", threshold=1, paths=("other/*",), terminating=True), entry("b", threshold=1)
    )

    assert ("b:targets",) == ask(built(kind, trust_map, a=evil("a"), b=good("b")), "find", PATH).via


def test_the_error_is_about_the_first_entry_in_which_something_was_said(kind):
    trust_map = mapped(
        entry("d", threshold=1), entry("a", "b", threshold=2), entry("c", threshold=1)
    )
    consensus = built(kind, trust_map, a=good("a"), b=evil("b"), c=site("c"), d=site("d"))

    with pytest.raises(DisagreementError) as error:
        ask(consensus, "find", PATH)

    assert {"a", "b"} == set(error.value.answers)


def test_an_answer_rests_on_what_was_said_before_it(kind):
    """Had a and b agreed, c would not have been asked; so their word is part of the answer."""
    soon = LATER - 2 * DAY
    trust_map = mapped(entry("a", "b", threshold=2), entry("c", threshold=1))
    consensus = built(kind, trust_map, a=good("a", expires=soon), b=evil("b"), c=good("c"))

    assert soon == ask(consensus, "find", PATH).valid_until


def test_a_repository_of_two_entries_is_asked_once(kind):
    trust_map = mapped(entry("a", "b", threshold=2), entry("b", threshold=1))
    consensus = built(kind, trust_map, a=site("a"), b=good("b"))

    assert ("b:targets",) == ask(consensus, "find", PATH).via
    asked = consensus.updaters["b"].transport.asked
    assert len(set(asked)) == len(asked)


# -- repositories that fail -------------------------------------------------------------


@pytest.mark.parametrize("failing", FAILING)
@pytest.mark.parametrize("which", "abc")
def test_one_that_fails_stops_nobody_if_the_others_are_enough(kind, failing, which):
    worlds = {name: failing(name) if name == which else good(name) for name in "abc"}

    found = ask(built(kind, TWO_OF_THREE, **worlds), "find", PATH)

    assert GOOD == found.target
    assert which not in found.by


@pytest.mark.parametrize("failing", FAILING)
@pytest.mark.parametrize("which", "ab")
def test_one_that_fails_lowers_no_threshold(kind, failing, which):
    worlds = {name: failing(name) if name == which else good(name) for name in "ab"}

    with pytest.raises((DisagreementError, UnheardError)) as error:
        ask(built(kind, TWO_OF_TWO, **worlds), "find", PATH)

    assert 1 == error.value.most
    assert Statement.of(GOOD) == error.value.answers["b" if which == "a" else "a"]
    assert error.value.answers[which] is not None


@pytest.mark.parametrize("failing", FAILING)
def test_a_later_entry_does_not_stand_in_for_one_that_fails(kind, failing):
    """Whoever keeps the private repository from us does not make the public one answer."""
    trust_map = mapped(entry("private", threshold=1), entry("public", threshold=1))
    consensus = built(kind, trust_map, private=failing("private"), public=evil("public"))

    with pytest.raises((DisagreementError, UnheardError)):
        ask(consensus, "find", PATH)

    assert [] == consensus.updaters["public"].transport.asked


def test_an_entry_that_cannot_agree_whoever_fails_is_passed_over(kind):
    trust_map = mapped(entry("a", "b", threshold=2), entry("c", threshold=1))
    consensus = built(kind, trust_map, a=site("a"), b=unplugged("b"), c=good("c"))

    assert ("c:targets",) == ask(consensus, "find", PATH).via


@pytest.mark.parametrize("failing", FAILING)
def test_one_that_comes_first_is_not_replaced_by_the_next(kind, failing):
    """With a threshold of half or less, it might have said something else, and counted."""
    consensus = built(kind, mapped(entry("a", "b", threshold=1)), a=failing("a"), b=evil("b"))

    with pytest.raises((DisagreementError, UnheardError)):
        ask(consensus, "find", PATH)


def test_one_that_comes_last_is_not_needed(kind):
    trust_map = mapped(entry("a", "b", threshold=1))

    assert ("a:targets",) == ask(
        built(kind, trust_map, a=good("a"), b=unplugged("b")), "find", PATH
    ).via


def test_what_could_not_be_reached_may_be_tried_again(kind):
    with pytest.raises(UnheardError) as error:
        ask(built(kind, TWO_OF_TWO, a=unplugged("a"), b=good("b")), "find", PATH)

    assert isinstance(error.value, TransportError)
    assert isinstance(error.value.answers["a"], TransportError)
    assert str(error.value).startswith("acme/app:1.4: 1 of the 2 that must agree say the same, and")
    assert str(error.value).endswith("; try again later")
    assert "no route to host" in str(error.value)


def test_what_is_not_to_be_trusted_is_not_simply_tried_again(kind):
    with pytest.raises(DisagreementError) as error:
        ask(built(kind, TWO_OF_TWO, a=expired("a"), b=good("b")), "find", PATH)

    assert isinstance(error.value.answers["a"], ExpiredError)
    assert "expired 2030-01-01 12:00Z" in str(error.value)


def test_one_that_is_not_to_be_trusted_is_not_hidden_by_one_that_cannot_be_reached(kind):
    with pytest.raises(DisagreementError) as error:
        ask(built(kind, TWO_OF_THREE, a=unplugged("a"), b=expired("b"), c=good("c")), "find", PATH)

    assert isinstance(error.value.answers["a"], TransportError)
    assert isinstance(error.value.answers["b"], ExpiredError)


def test_a_file_that_is_withheld_is_not_a_target_that_is_not_listed(kind):
    """Both are a NotFoundError; only one of them is an answer."""
    with pytest.raises(DisagreementError) as error:
        ask(built(kind, TWO_OF_TWO, a=keeping_back("a"), b=site("b")), "find", PATH)

    assert isinstance(error.value.answers["a"], NotFoundError)
    assert error.value.answers["b"] is None


@pytest.mark.parametrize("failing", [unplugged, expired])
def test_an_error_survives_a_process_boundary(kind, failing):
    with pytest.raises((DisagreementError, UnheardError)) as caught:
        ask(built(kind, TWO_OF_TWO, a=failing("a"), b=good("b")), "find", PATH)

    copy = pickle.loads(pickle.dumps(caught.value))

    assert (type(caught.value), str(caught.value)) == (type(copy), str(copy))
    assert str(caught.value.answers["a"]) == str(copy.answers["a"])
    assert caught.value.answers["b"] == copy.answers["b"]


def test_hostile_text_in_an_answer_is_one_printable_line(kind):
    path = "acme/\x1b[2J" + "x" * 5_000
    consensus = built(kind, TWO_OF_TWO, a=site("a", {path: GOOD}), b=site("b", {path: EVIL}))

    with pytest.raises(DisagreementError) as error:
        ask(consensus, "find", path)

    assert str(error.value).isprintable()
    assert len(str(error.value)) < 600


def test_mistakes_of_the_caller_are_no_answers(kind):
    def broken():
        raise RuntimeError("the caller's own clock is broken")

    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))
    consensus.updaters["b"] = type(consensus.updaters["b"])(
        anchor=anchor_of(good("b")),
        transport=Served({}),
        storage=MemoryStorage(),
        clock=broken,
    )

    with pytest.raises(RuntimeError):
        ask(consensus, "find", PATH)


# -- one repository under two names -----------------------------------------------------


def test_repositories_that_start_from_one_root_cannot_meet_a_threshold(kind):
    world = good("a")

    with pytest.raises(ValueError, match="different anchors"):
        built(kind, TWO_OF_TWO, a=world, b=world)


def test_a_mirror_under_a_name_of_its_own_counts_with_its_original(kind):
    world = good("a")

    with pytest.raises(DisagreementError) as error:
        ask(built(kind, TWO_OF_THREE, a=world, b=world, c=evil("c")), "find", PATH)
    assert 1 == error.value.most
    assert (
        GOOD == ask(built(kind, TWO_OF_THREE, a=world, b=world, c=good("c")), "find", PATH).target
    )


def test_repositories_whose_roots_the_same_key_can_sign_count_once(kind):
    """Two anchors, two addresses, and one key that may change everything in both."""
    a, b = good("a", roots=("shared", "x")), good("b", roots=("y", "shared"))

    with pytest.raises(DisagreementError) as error:
        ask(built(kind, TWO_OF_TWO, a=a, b=b), "find", PATH)
    assert 1 == error.value.most


def test_a_later_root_of_one_repository_is_not_another_repository(kind):
    world = good("a")
    later = world.rotated()
    anchor = type(anchor_of(world)).root(later.raw("root"))

    with pytest.raises(DisagreementError):
        ask(built(kind, TWO_OF_TWO, a=later, b={"world": later, "anchor": anchor}), "find", PATH)


def needing(name, threshold, *roots, odd=False):
    """A repository with so many root keys, and perhaps one of a type that we do not know."""
    world = good(name, roots=roots)
    keyset = world.root.roles["root"]
    unknown = Key(keytype="odd", scheme="odd", keyval=FrozenMap({"public": "1"}))
    keys = world.root.keys.including({unknown.id: unknown} if odd else {})
    keyids = (*keyset.keyids, *([unknown.id] if odd else []))
    changed = attrs.evolve(keyset, keyids=keyids, threshold=threshold)
    return world.edited("root", keys=keys, roles=world.root.roles.including({"root": changed}))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (needing("a", 2, "shared", "x"), needing("b", 2, "shared", "y")),
        (needing("a", 1, "shared", "x"), needing("b", 2, "shared", "y")),
        (needing("a", 2, "shared", "x"), needing("b", 1, "shared", "y")),
        (needing("a", 1, "x", odd=True), needing("b", 1, "y", odd=True)),
        (needing("a", 2, "shared", "x", odd=True), needing("b", 2, "shared", "y", odd=True)),
    ],
)
def test_a_key_that_alone_cannot_sign_both_roots_does_not_make_them_one(kind, a, b):
    assert GOOD == ask(built(kind, TWO_OF_TWO, a=a, b=b), "find", PATH).target


def test_keys_that_together_can_sign_both_roots_make_them_one(kind):
    a, b = needing("a", 2, "one", "two", "x"), needing("b", 1, "two", "y", "one")

    with pytest.raises(DisagreementError):
        ask(built(kind, TWO_OF_TWO, a=a, b=b), "find", PATH)


def test_two_repositories_do_not_share_a_memory(kind, tmp_path):
    """What one says would be a floor for the other, and its root another's."""
    one = MemoryStorage()

    for a, b in [(one, one), (FileStorage(tmp_path), FileStorage(tmp_path))]:
        with pytest.raises(ValueError, match="a store for each"):
            built(
                kind,
                TWO_OF_TWO,
                a={"world": good("a"), "storage": a},
                b={"world": good("b"), "storage": b},
            )


@pytest.mark.parametrize("names", ["a", "abc", ""])
def test_every_repository_of_the_map_has_an_updater_and_no_other(kind, names):
    with pytest.raises(ValueError, match="an updater for each of a, b"):
        built(kind, TWO_OF_TWO, **{name: good(name) for name in names})


# -- asking -----------------------------------------------------------------------------


def test_nobody_is_asked_once_enough_agree():
    consensus = built(Consensus, TWO_OF_THREE, a=good("a"), b=good("b"), c=good("c"))

    assert ["a", "b"] == list(consensus.find(PATH).by)
    assert [] == consensus.updaters["c"].transport.asked


def test_what_is_remembered_is_not_asked_for_again(kind):
    consensus = built(kind, TWO_OF_TWO, a=good("a"), b=good("b"))

    ask(consensus, "find", PATH)
    before = list(consensus.updaters["a"].transport.asked)
    ask(consensus, "resolve", PATH)

    assert before == consensus.updaters["a"].transport.asked
    assert len(set(before)) == len(before)


def test_nobody_who_is_not_needed_is_waited_for():
    silent = Hanging()
    worlds = {"a": {"world": good("a"), "transport": silent}, "b": good("b"), "c": good("c")}
    consensus = built(AsyncConsensus, TWO_OF_THREE, **worlds)

    assert ["b", "c"] == list(ask(consensus, "find", PATH).by)
    assert 1 == silent.cancelled


def test_all_are_asked_at_once():
    """Each of these answers only when the other has been asked as well."""
    barrier = asyncio.Barrier(2)

    class Together(Served):
        async def fetch(self, request):
            if not self.asked:
                await barrier.wait()
            pieces = super().fetch(request)

            async def handed_on():
                for piece in pieces:
                    yield piece

            return None if pieces is None else handed_on()

    worlds = {
        name: {"world": good(name), "transport": Together(good(name).files())} for name in "ab"
    }
    consensus = built(AsyncConsensus, TWO_OF_TWO, **worlds)

    assert GOOD == ask(consensus, "find", PATH).target


def test_who_gives_up_waiting_leaves_nobody_running():
    silent = {name: Hanging() for name in "ab"}
    worlds = {name: {"world": good(name), "transport": silent[name]} for name in "ab"}
    consensus = built(AsyncConsensus, TWO_OF_TWO, **worlds)

    async def impatient():
        asked = asyncio.create_task(consensus.find(PATH))
        for _ in range(100):
            await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        return len(asyncio.all_tasks())

    assert 1 == asyncio.run(impatient())


# -- all of it at once ------------------------------------------------------------------

KINDS = {"good": good, "evil": evil, "nothing": site, "unplugged": unplugged, "expired": expired}


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4),
    st.data(),
    st.sampled_from([Consensus, AsyncConsensus]),
)
def test_it_is_answered_if_and_only_if_enough_say_the_same(fates, data, kind):
    """… and nobody who fails could have made another answer of it."""
    names = "abcd"[: len(fates)]
    threshold = data.draw(st.integers(1, len(fates)))
    worlds = {name: KINDS[fate](name) for name, fate in zip(names, fates, strict=True)}
    consensus = built(kind, mapped(entry(*names, threshold=threshold)), **worlds)
    said = {word: [i for i, fate in enumerate(fates) if fate == word] for word in ("good", "evil")}
    failed = [i for i, fate in enumerate(fates) if fate in ("unplugged", "expired")]

    def first_if(word, helped):
        """Where *word* first stands if enough say it, with the help of those who failed."""
        places = said[word] + (failed if helped else [])
        return min(places) if len(places) >= threshold else len(fates)

    best = min(said, key=lambda word: first_if(word, helped=False))
    stands = first_if(best, helped=False)
    expected = None
    if stands < len(fates):
        other = "evil" if best == "good" else "good"
        unknown = min(failed) if len(failed) >= threshold else len(fates)
        if stands < min(first_if(other, helped=bool(failed)), unknown) or not failed:
            expected = best

    try:
        got = ask(consensus, "find", PATH).target
    except (DisagreementError, UnheardError):
        assert expected is None
        assert {"good", "evil", "unplugged", "expired"} & set(fates)
    except NotFoundError:
        assert {"nothing"} == set(fates)
    else:
        assert {"good": GOOD, "evil": EVIL}[expected] == got
