"""What a tag meant it means still, nobody may say more than before, and what stays is named."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from interop.peers import Theirs
from notary.collections_of import (
    NAME,
    NOW,
    REPOSITORIES,
    Collection,
    Delegations,
    Served,
    client,
    ed_signer,
    grant,
    keys,
    root_signer,
    rsa_signer,
    target,
)
from notary.collections_of import signer as old_signer
from notary.moving_home import (
    at,
    empty,
    first_pin,
    gun,
    left,
    modern_signers,
    moved,
    old_roots,
    own,
    root_keys,
    signed,
    signer,
)

from trustlib import (
    Anchor,
    Authority,
    FrozenMap,
    MemoryStorage,
    NotFoundError,
    PathPatterns,
    Updater,
)
from trustlib._clock import utcnow
from trustlib._types import TARGETS
from trustlib.content import MEDIA_TYPE, Digest
from trustlib.notary import RELEASES, WAS, bridge, departing, media_types, migrate
from trustlib.notary.keys import NotarySigner
from trustlib.registry import WITHOUT_TLS, Registry

ORG = "docker.io/acme"
ALICE, BOB = "targets/alice", "targets/bob"
KIND = "application/vnd.oci.image.manifest.v1+json"


def leaving(collection):
    return departing(client(collection, anchor=collection.pin))


def delegating(*grants, by=(), tags=("v1",)):
    """A new collection that delegates, its files not there yet."""
    given = Delegations(keys=keys(*by), roles=grants)
    return Collection.create(*tags).edited(TARGETS, delegations=given).sealed()


def dockers():
    """As docker trust makes it: releases has the keys of all signers."""
    alice, bob = old_signer("alice"), old_signer("bob")
    collection = delegating(
        grant(ALICE, alice), grant(RELEASES, alice, bob), grant(BOB, bob), by=(alice, bob)
    )
    collection = collection.with_role(RELEASES, alice, v2="two")
    return collection.with_role(ALICE, alice, v2="two", v3="three")


def stays(migration):
    (report,) = migration.reports
    return {one.what: one.why for one in report.stays}


def grants(repository, by=TARGETS):
    delegations = repository.targets[by].delegations
    roles = () if delegations is None else delegations.roles
    return {one.name: one.grant.patterns for one in roles}


def said(repository, role):
    listed = repository.targets[role].targets
    return {path: one.hashes["sha256"] for path, one in listed.items()}


def sha(data):
    return target(data).hashes["sha256"]


# -- real ones --------------------------------------------------------------------------

STATES = [
    pytest.param(repository, number, id=f"{repository}-{number}")
    for repository, described in REPOSITORIES.items()
    for number, _ in enumerate(described["states"])
]


@pytest.mark.parametrize(("repository", "state"), STATES)
def test_every_answer_of_every_state_is_the_new_answer(repository, state):
    """What docker pull, or notary lookup, would have said."""
    old = left(repository, state)
    migration = migrate(own(gun(repository)), old)

    answers = {one.tag: one.target.hashes["sha256"] for one in old.answers}
    new = signed(
        migration,
        *modern_signers(repository),
        old=root_keys(repository),
        now=at(repository, state),
    )
    updater = new.client(bridge_of(new, repository, old))
    assert answers == {one.reference.tag: one.digest.hex for one in updater.tags()}


def bridge_of(new, repository, old):
    return bridge(
        new.root,
        anchor=first_pin(repository),
        collection=gun(repository),
        roots=[*old_roots(repository)[: old.root.role.version - 1], old.root.raw],
        successor=gun(repository),
        now=new.now,
    )


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_the_reference_client_accepts_what_moved(repository, tmp_path):
    """The judge looks at the clock of this machine; the old key's signature is one more to it."""
    old = left(repository)
    migration = migrate(own(gun(repository)), old)
    new = signed(migration, *modern_signers(repository), old=root_keys(repository), now=utcnow())
    paths = [one.tag for one in old.answers]

    answers = Theirs(new.root, tmp_path).ask(new.files, paths)

    assert [1, 1, 1, 1] == answers["refresh"], answers
    for one in old.answers:
        length, hashes = answers[one.tag]
        assert (one.target.length, one.target.hashes["sha256"]) == (length, hashes["sha256"])
    assert 2 == len(json.loads(new.root)["signatures"])


def test_signers_go_on_with_their_keys_and_their_signatures():
    new = moved("dct", state=2)
    gone = {"alice", "bob", "releases"}

    assert dict.fromkeys(gone, ("*",)) == grants(new.migration.after)
    found = new.client(bridge_of(new, "dct", left("dct", 2))).resolve(f"{gun('dct')}:v2")
    assert (TARGETS, "releases") == found.via
    was = dict(found.custom[WAS])
    assert ("targets/releases", ("alice", "bob")) == (was["role"], was["signers"])
    assert (gun("dct"), "2026-11-23T07:40:41Z") == (was["collection"], was["verified"])
    assert "says otherwise" in stays(new.migration)["v1 in targets"]


def test_many_move_to_one_collection_of_an_organisation():
    app, db = dockers(), Collection.create("v9", name="docker.io/acme/db")
    migration = migrate(empty(ORG), leaving(app), leaving(db))
    alice = NotarySigner.of(old_signer("alice").private).modern()
    bob = NotarySigner.of(old_signer("bob").private).modern()
    old = [NotarySigner.of(root_signer("root", c.format.name).private) for c in (app, db)]

    new = signed(migration, alice, bob, old=old[:1], now=leaving(app).verified)

    updater = new.client(Anchor.root(new.root))
    assert sha("v1") == updater.resolve("acme/app:v1").digest.hex
    assert sha("two") == updater.resolve("acme/app:v2").digest.hex
    assert sha("v9") == updater.resolve("acme/db:v9").digest.hex
    patterns = grants(migration.after)
    assert (
        dict.fromkeys(("releases@acme/app", "alice@acme/app", "bob@acme/app"), ("acme/app:*",))
        == patterns
    )
    with pytest.raises(NotFoundError):
        updater.resolve("acme/db:v1")


# -- never more than before -------------------------------------------------------------


def test_what_only_a_signer_said_is_no_answer_and_does_not_become_one():
    migration = migrate(own(NAME), leaving(dockers()))

    assert {"v2": sha("two")} == said(migration.after, "alice")
    assert "not what a pull went by" in stays(migration)["v3 in targets/alice"]


def test_signers_that_releases_did_not_have_stay_behind():
    alice, bob = old_signer("alice"), old_signer("bob")
    for given in (
        (grant(ALICE, alice),),  # no releases
        (grant(RELEASES, bob), grant(ALICE, alice)),  # not its key
        (grant(RELEASES, alice, paths=("v1",)), grant(ALICE, alice)),  # not for all of it
        (grant(RELEASES, alice, bob, threshold=2), grant(ALICE, alice)),  # not alone
    ):
        migration = migrate(own(NAME), leaving(delegating(*given, by=(alice, bob))))

        assert "alice" not in migration.after.targets
        assert "never asked what a tag means" in stays(migration)[ALICE]


def test_prefixes_become_patterns_that_cover_exactly_that():
    alice = old_signer("alice")
    prefixes = ("v1", "rc-", "a/b", "é", "*", "")
    for image, base in ((own(NAME), ""), (empty(ORG), "acme/app:")):
        migration = migrate(
            image, leaving(delegating(grant(RELEASES, alice, paths=prefixes), by=(alice,)))
        )

        (patterns,) = grants(migration.after).values()
        assert (f"{base}v1*", f"{base}rc-*", f"{base}*") == patterns
        told = [one.why for one in migration.reports[0].stays if one.what == RELEASES]
        assert 3 == sum("no tag begins with" in why for why in told)


def test_a_role_that_may_speak_for_nothing_stays_behind():
    alice = old_signer("alice")
    for paths in ((), ("/",)):
        collection = delegating(grant(RELEASES, alice, paths=paths), by=(alice,))

        assert "may speak for nothing" in str(migrate(own(NAME), leaving(collection)))


def test_keys_without_a_scheme_stay_behind_and_what_they_said_is_said_by_targets():
    odd = old_signer("odd", ec.SECP521R1)
    collection = delegating(grant(RELEASES, odd), by=(odd,)).with_role(RELEASES, odd, v2="two")

    migration = migrate(own(NAME), leaving(collection))

    assert {} == grants(migration.after)
    assert {"v1": sha("v1"), "v2": sha("two")} == said(migration.after, TARGETS)
    text = str(migration)
    assert "TUF has no scheme for its key" in text
    assert "too few of its keys can be used: 0 of 1" in text


def test_every_kind_of_key_goes_on():
    by = (old_signer("p256"), old_signer("p384", ec.SECP384R1), rsa_signer("rsa"), ed_signer("ed"))
    collection = delegating(
        grant(RELEASES, *by, root_signer("cert")), by=(*by, root_signer("cert"))
    )

    migration = migrate(own(NAME), leaving(collection))

    (grant_,) = migration.after.targets[TARGETS].delegations.roles
    expected = {NotarySigner.of(one.private).modern().key.id for one in (*by, root_signer("cert"))}
    assert expected == set(grant_.keyids)
    assert "was in a certificate" in str(migration)


def test_roles_below_signers_go_on_below_them_and_others_do_not():
    alice, bob = old_signer("alice"), old_signer("bob")
    collection = delegating(
        grant(RELEASES, alice), grant(ALICE, alice), grant(BOB, bob), by=(alice, bob)
    )
    below = {
        name: Delegations(keys=keys(alice), roles=(grant(f"{name}/x", alice),))
        for name in (ALICE, BOB)
    }
    for name, one in ((ALICE, alice), (BOB, bob)):
        collection = collection.with_role(name, one)
        collection = collection.edited(name, delegations=below[name]).sealed()

    migration = migrate(own(NAME), leaving(collection))

    assert {"alice/x": ("*",)} == grants(migration.after, "alice")
    assert "is below a role that does not move" in stays(migration)[f"{BOB}/x"]


def test_who_cannot_sign_today_is_left_out_and_nothing_is_lost():
    migration = migrate(own(NAME), leaving(dockers()), without=[RELEASES])

    assert {} == grants(migration.after)
    assert {"v1": sha("v1"), "v2": sha("two")} == said(migration.after, TARGETS)
    assert "is left out, as you said" in str(migration)


def test_a_tag_that_only_targets_says_is_to_be_looked_at():
    told = [
        one
        for one in migrate(own(NAME), leaving(dockers())).reports[0].stays
        if one.what == "v1 in targets"
    ]

    assert "releases cannot change what it means" in told[0].why
    assert "revoked" in told[0].instead


# -- what is no tag, or is in the way ---------------------------------------------------


def test_what_cannot_be_a_tag_is_named():
    collection = Collection.create("v1", "dir/file", "ünï")
    empty_file = {**collection.targets.targets, "none": attrs.evolve(target("x"), length=0)}
    unhashed = {**empty_file, "md5": attrs.evolve(target("x"), hashes=FrozenMap({"md5": "0" * 32}))}
    collection = collection.edited(TARGETS, targets=FrozenMap(unhashed)).sealed()

    migration = migrate(own(NAME), leaving(collection))

    assert {"v1": sha("v1")} == said(migration.after, TARGETS)
    told = sorted(stays(migration).values())
    assert [
        "has no hash by sha256 or sha512",
        "has no length",
        *["is no tag that an image can have"] * 2,
    ] == told


def test_both_hashes_and_what_else_was_said_go_along():
    both = {"sha256": "1" * 64, "sha512": "2" * 128}
    one = attrs.evolve(
        target("x"), hashes=FrozenMap(both), custom=FrozenMap({"note": "x", MEDIA_TYPE: 7})
    )
    other = attrs.evolve(target("y"), extra=FrozenMap({"custom": ("a", 1)}))
    collection = Collection.create().edited(TARGETS, targets=FrozenMap({"a": one, "b": other}))

    migration = migrate(own(NAME), leaving(collection.sealed()))

    moved_ = migration.after.targets[TARGETS].targets
    assert both == dict(moved_["a"].hashes)
    assert ("x", None) == (moved_["a"].custom["note"], moved_["a"].custom.get(MEDIA_TYPE))
    assert ("a", 1) == moved_["b"].custom["custom"]
    assert "means something else" in stays(migration)["a in targets"]


def test_media_types_are_bound_where_they_are_known():
    types = {Digest("sha256", sha("v1")): KIND}

    migration = migrate(own(NAME), leaving(Collection.create("v1", "v2")), media_types=types)

    listed = migration.after.targets[TARGETS].targets
    assert (KIND, None) == tuple(listed[tag].custom.get(MEDIA_TYPE) for tag in ("v1", "v2"))


def test_a_media_type_that_contradicts_what_was_signed_is_told():
    one = attrs.evolve(target("v1"), custom=FrozenMap({MEDIA_TYPE: "text/plain"}))
    collection = Collection.create().edited(TARGETS, targets=FrozenMap({"v1": one})).sealed()
    types = {Digest("sha256", sha("v1")): KIND}

    migration = migrate(own(NAME), leaving(collection), media_types=types)

    assert KIND == migration.after.targets[TARGETS].targets["v1"].custom[MEDIA_TYPE]
    assert "calls it" in stays(migration)["v1 in targets"]


def test_what_the_new_collection_says_already_is_not_overwritten():
    before = own(NAME).with_tag(f"{NAME}:v1", digest="sha256:" + "0" * 64, size=1)

    migration = migrate(before, leaving(Collection.create("v1", "v2")))

    assert {"v1": "0" * 64, "v2": sha("v2")} == said(migration.after, TARGETS)
    assert "says something else" in stays(migration)["v1 in targets"]


def test_roles_of_the_new_collection_that_come_first_are_told():
    team = Authority.of(signer("team").key)
    every = PathPatterns(("acme/*",))
    before = empty(ORG).with_delegation("team", keys=team, grant=every, terminating=True)
    before = before.with_tag("acme/app:v2", digest="sha256:" + "0" * 64, size=1, role="team")
    alice = old_signer("alice")
    collection = delegating(grant(RELEASES, alice), by=(alice,)).with_role(
        RELEASES, alice, v2="two"
    )

    open_ended = empty(ORG).with_delegation("team", keys=team, grant=every)
    zeros = {"digest": "sha256:" + "0" * 64, "size": 1}
    for one in (before, open_ended.with_tag("acme/app:v2", **zeros, role="team")):
        told = stays(migrate(one, leaving(collection)))
        assert "gives another answer" in told["acme/app:v2"]


def test_a_role_whose_name_is_taken_stays_behind():
    team = Authority.of(signer("team").key)
    before = own(NAME).with_delegation("releases", keys=team, grant=PathPatterns(("*",)))

    migration = migrate(before, leaving(dockers()))

    assert "there is a role releases already" in stays(migration)[RELEASES]
    assert {"v1": sha("v1"), "v2": sha("two")} == said(migration.after, TARGETS)


def test_a_collection_that_the_new_one_cannot_speak_for_stays_whole():
    for name in ("docker.io/other/app", "releases"):
        collection = Collection.create("v1", name=name, root=root_signer("root", name))
        before = own(NAME) if name != "releases" else empty(ORG)

        migration = migrate(before, departing(reading(collection)))

        assert {} == said(migration.after, TARGETS)
        assert "cannot speak for it" in stays(migration)[name]


def reading(collection):
    return Updater(
        anchor=collection.pin,
        transport=Served(collection.files()),
        storage=MemoryStorage(),
        format=collection.format,
        clock=lambda: NOW,
    )


# -- the report -------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_says_who_signs():
    before = own(NAME)

    migration = migrate(before, leaving(dockers()))

    assert before == migration.before
    text = str(migration)
    assert f"{NAME} moves to {NAME}" in text
    assert "the old root: 1 of its keys" in text
    assert "root, timestamp, snapshot, and alice, bob, releases, targets" in text
    value = json.loads(migration.reports[0].as_json())
    assert (NAME, 1) == (value["collection"], value["root"]["version"])
    assert {"what": "targets/bob", "to": "bob, for *"} in value["moves"]


def test_one_collection_twice_is_a_mistake():
    old = leaving(Collection.create())

    with pytest.raises(ValueError, match="once"):
        migrate(own(NAME), old, old)


def test_an_updater_of_another_format_is_a_mistake():
    new = moved("ed25519")

    with pytest.raises(TypeError, match="ContentTrust"):
        departing(new.client(Anchor.root(new.root)))


# -- a registry -------------------------------------------------------------------------


class Images(BaseHTTPRequestHandler):
    """A registry that has manifests."""

    def do_GET(self):
        kind, data = self.server.manifests.get(self.path.rpartition("/")[2], (None, b"{}"))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def images():
    with ThreadingHTTPServer(("127.0.0.1", 0), Images) as server:
        server.manifests = {}
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_media_types_are_what_the_bytes_with_the_digest_are(images):
    domain = f"127.0.0.1:{images.server_port}"
    name = f"{domain}/app"
    data = manifest()
    short = attrs.evolve(target("short"), hashes=target(manifest("s")).hashes)
    collection = Collection.create("gone", name=name, root=root_signer("root", name))
    listed = {"gone": target("gone"), "lied": target("lied"), "short": short, "v1": target(data)}
    collection = collection.edited(TARGETS, targets=FrozenMap(listed)).sealed()
    old, elsewhere = reading(collection), leaving(Collection.create())
    images.manifests = {
        f"sha256:{sha(data)}": (KIND, data.encode()),
        f"sha256:{sha('lied')}": (KIND, data.encode()),
        f"sha256:{sha(manifest('s'))}": (KIND, manifest("s").encode()),
    }
    with Registry(domain, scheme=WITHOUT_TLS) as registry:
        found, missing = media_types(registry, departing(old), elsewhere)

    assert {Digest("sha256", sha(data)): KIND} == found
    gone, lied, short_ = missing
    assert "no longer has" in gone
    assert "lied" in lied
    assert "were signed" in short_


def manifest(note=""):
    blob = {"mediaType": "text/plain", "digest": f"sha256:{'0' * 64}", "size": 1}
    value = {"schemaVersion": 2, "mediaType": KIND, "config": blob, "layers": []}
    return json.dumps({**value, "annotations": {"note": note}})
