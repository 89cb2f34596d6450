"""What the real programs made is understood, verified, and written again byte by byte."""

from datetime import datetime, timedelta

import pytest
from client.servers import Waiting
from notary.collections_of import (
    FIXTURES,
    MANIFEST,
    REPOSITORIES,
    Served,
    client,
    fixture_files,
    fixture_state,
    kind,
)

from trustlib import ExpiredError, MemoryStorage, NotFoundError, Offline, TrustError, Updater
from trustlib._canonical import canonical
from trustlib._types import ROOT, TOP_LEVEL
from trustlib.drive import run
from trustlib.limits import Limits
from trustlib.notary import (
    RELEASES,
    ContentTrust,
    TrustOnFirstUse,
    heard,
    inspect,
    listing,
    pinned_certificate,
)
from trustlib.notary.inspecting import canonical_id
from trustlib.notary.writing import rendered_value
from trustlib.roles import Root
from trustlib.trust import verify

FILES = [
    pytest.param(repository, name, version, raw, id=f"{repository}-{name}-{version}")
    for repository in REPOSITORIES
    for name, version, raw in fixture_files(repository)
]
STATES = [
    pytest.param(repository, state, id=f"{repository}-{number}")
    for repository, described in REPOSITORIES.items()
    for number, state in enumerate(described["states"])
]


def format_of(repository):
    return ContentTrust(REPOSITORIES[repository]["gun"])


def at(state):
    return datetime.fromisoformat(state["at"])


def trusting(repository, state, **more):
    """A client that pins what is the root of the very first state."""
    pinned = REPOSITORIES[repository]["states"][0]["root_roles"][ROOT]["keyids"][0]
    app = format_of(repository)
    more.setdefault("anchor", pinned_certificate(app.name, pinned))
    return client(
        fixture_state(repository, state), format=app, now=more.pop("now", at(state)), **more
    )


# -- bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize(("repository", "name", "version", "raw"), FILES)
def test_a_file_is_written_again_byte_by_byte(repository, name, version, raw):
    app = format_of(repository)
    document = app.parse(kind(name), raw, name=name)

    assert version == document.unverified.version
    assert document.payload == app.payload(document.unverified)
    assert raw == app.render(document.unverified, document.signatures)


@pytest.mark.parametrize("example", MANIFEST["canonical_json"], ids=range(4))
def test_canonical_and_file_form_are_those_of_go(example):
    value = whole(example["value"])

    assert example["canonical_hex"] == canonical(value).hex()
    assert example["go_file_hex"] == rendered_value(value, []).hex()


def whole(value):
    """Numbers that are whole, as whole numbers: a strict reader never makes another."""
    if isinstance(value, float):
        return int(value)
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


# -- facts ------------------------------------------------------------------------------


@pytest.mark.parametrize(("repository", "state"), STATES)
def test_a_state_has_exactly_the_facts_of_its_manifest(repository, state):
    tofu = TrustOnFirstUse()
    updater = trusting(repository, state, anchor=tofu)
    trusted = updater.refresh()
    everything = run(
        heard(trusted, limits=Limits(), known={}), updater.transport, updater.storage, Limits()
    )
    proofs = {proof.name: proof for proof in (*trusted.roles, *everything.roles)}
    root = trusted.snapshot.root.root.role

    assert state["versions"] == {name: proof.role.version for name, proof in proofs.items()}
    assert () == everything.refused
    assert state["root_roles"] == {name: facts(root.authority(name)) for name in TOP_LEVEL}
    assert {name: set(ids) for name, ids in state["signed_by"].items()} == {
        name: {
            one.keyid for one in updater.format.parse(kind(name), proof.raw, name=name).signatures
        }
        for name, proof in proofs.items()
    }
    assert state["delegations"] == {
        grant.name: {
            **facts(proof.role.authority(grant.name), keytypes=False),
            "paths": list(grant.grant.prefixes),
            "in": proof.name,
        }
        for proof in everything.roles
        for grant in proof.role.delegations.roles
    }
    assert state["notary_list"] == rows(listing(everything))
    assert state["notary_list_releases_then_targets"] == rows(
        listing(everything, RELEASES, "targets")
    )


def facts(authority, *, keytypes=True):
    kinds = {"keytypes": [key.keytype for key in authority.keys.values()]} if keytypes else {}
    return {
        "keyids": list(authority.keys),
        "canonical": [canonical_id(key) for key in authority.keys.values()],
        "threshold": authority.threshold,
        **kinds,
    }


def rows(listed):
    return [
        {
            "name": one.tag,
            "sha256": one.target.hashes["sha256"],
            "length": one.target.length,
            "role": one.role,
        }
        for one in listed
    ]


@pytest.mark.parametrize("state", REPOSITORIES["dct"]["states"], ids=lambda s: s["label"][:30])
@pytest.mark.parametrize("face", [Updater, Waiting], ids=["sync", "async"])
def test_a_tag_is_what_docker_pulled(state, face):
    updater = trusting("dct", state, face=face)
    name = REPOSITORIES["dct"]["gun"]

    assert state["docker_pull"] == {tag: pulled(updater, name, tag) for tag in state["docker_pull"]}


def pulled(updater, name, tag):
    try:
        return str(updater.resolve(f"{name}:{tag}").digest)
    except NotFoundError:
        return f"No valid trust data for {tag}"


@pytest.mark.parametrize("state", REPOSITORIES["dct"]["states"], ids=lambda s: s["label"][:30])
def test_an_overview_is_what_docker_trust_inspect_showed(state):
    (shown,) = state["docker_trust_inspect"]
    overview = inspect(trusting("dct", state)).as_docker()

    by_name = {"Signers": sorted(shown["Signers"], key=lambda one: one["Name"])}
    tags = [{**one, "Signers": list(one["Signers"])} for one in overview["SignedTags"]]
    assert {**shown, **by_name} == {**overview, "SignedTags": tags}


# -- walks ------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(11))
def test_a_client_of_any_state_comes_to_the_last_one(first):
    states, store = REPOSITORIES["rotate"]["states"], MemoryStorage()
    anchor = TrustOnFirstUse()
    trusting("rotate", states[first], storage=store, anchor=anchor).refresh()

    trusted = trusting("rotate", states[-1], storage=store, anchor=anchor).refresh()

    assert (7, 11, 12, 7) == tuple(proof.role.version for proof in trusted.roles)
    offline = trusting("rotate", states[-1], storage=store, anchor=anchor)
    offline = client(
        Offline(), format=offline.format, anchor=anchor, storage=store, now=at(states[-1])
    )
    assert 7 == offline.refresh().targets.role.version


def test_a_client_goes_with_every_state_in_turn():
    states, store = REPOSITORIES["rotate"]["states"], MemoryStorage()
    for state in states:
        assert state["versions"]["root"] == (
            trusting("rotate", state, storage=store).refresh().snapshot.root.root.role.version
        )


def test_a_state_that_is_over_is_an_error():
    state = REPOSITORIES["dct"]["states"][-1]

    with pytest.raises(ExpiredError) as error:
        trusting("dct", state, now=at(state) + timedelta(days=14)).refresh()

    assert "timestamp" == error.value.role


def test_every_earlier_state_is_a_rollback():
    states, store = REPOSITORIES["rotate"]["states"], MemoryStorage()
    trusting("rotate", states[3], storage=store).refresh()
    before = dict(store.files)

    for state in states[:3]:
        with pytest.raises(TrustError, match="is already trusted"):
            trusting("rotate", state, storage=store).refresh()
    assert before == dict(store.files)


# -- corruption -------------------------------------------------------------------------


def authority_of(repository, name, app):
    """Who may sign the role *name*: found by trying every root and targets role there is."""
    for by, _, other in fixture_files(repository):
        if by == ROOT and name in TOP_LEVEL:
            yield app.parse(Root, other).unverified.authority(name)
        elif by == "targets" and name not in TOP_LEVEL:
            role = app.parse(kind(by), other, name=by).unverified
            if name in role.delegations.by_name:
                yield role.authority(name)


def genuine(repository, name, raw):
    app = format_of(repository)
    document = app.parse(kind(name), raw, name=name)
    for authority in authority_of(repository, name, app):
        try:
            verify(document, authority)
        except TrustError:
            continue
        return app, authority
    raise AssertionError((repository, name))


def refused_everywhere(repository, name, raw, places, flips):
    app, authority = genuine(repository, name, raw)
    for place in places:
        for flip in flips:
            changed = bytearray(raw)
            changed[place] ^= flip
            with pytest.raises(TrustError):
                verify(app.parse(kind(name), bytes(changed), name=name), authority)


def signed_places(raw):
    return range(len(b'{"signed":'), raw.index(b',"signatures":'))


@pytest.mark.parametrize(("repository", "name", "version", "raw"), FILES)
def test_a_byte_of_what_is_signed_that_changed_is_refused(repository, name, version, raw):
    refused_everywhere(repository, name, raw, signed_places(raw)[version::89], (1,))


@pytest.mark.slow
@pytest.mark.parametrize(("repository", "name", "version", "raw"), FILES)
def test_every_byte_of_what_is_signed_that_changed_is_refused(repository, name, version, raw):
    refused_everywhere(repository, name, raw, signed_places(raw), (1, 0x20, 0x80))


def test_the_fixtures_are_all_looked_at():
    assert len(list((FIXTURES / "repos").rglob("*.json"))) == len(FILES)
    assert isinstance(Served({}), Served)
