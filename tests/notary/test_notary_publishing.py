"""Collections as values, and plans of who must sign what, against a server in memory."""

import asyncio
import threading
from datetime import timedelta

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from notary.collections_of import (
    APP,
    DAY,
    NAME,
    NOW,
    Served,
    certificate,
    client,
    ec_private,
    ed_signer,
    pem_of,
    root_signer,
    rsa_private,
    rsa_signer,
    signer,
    with_pem,
)
from notary.trust_server import TrustServer

from trustlib import (
    Anchor,
    ConflictError,
    ExpiredError,
    LimitError,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    RollbackError,
    Signature,
    SigningError,
    Target,
    ThresholdError,
    TooLongError,
)
from trustlib._frozen import FrozenMap, freeze
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.limits import Limits
from trustlib.notary import (
    AS_DOCKER,
    RELEASES,
    CertificateError,
    NotaryPlan,
    NotaryRepository,
    PinError,
    RefusedUpdateError,
    TrustPinning,
    pinned_certificate,
)
from trustlib.notary.keys import NotarySigner
from trustlib.publish import Expiry
from trustlib.roles import Authority, PathPrefixes
from trustlib.signing import KeyFile

DIGEST = {tag: f"sha256:{number:064x}" for number, tag in enumerate(("v1", "v2", "v3"), start=1)}
ROOTED, OWNER, ALICE, BOB = root_signer(), signer("targets"), signer("alice"), signer("bob")
OURS = signer("our snapshot")
PIN = pinned_certificate(NAME, ROOTED.key.id)


def created(server, *, snapshot=None):
    return NotaryRepository.create(
        NAME,
        root=Authority.of(ROOTED.key),
        targets=Authority.of(OWNER.key),
        snapshot=Authority.of(server.key(SNAPSHOT) if snapshot is None else snapshot.key),
        timestamp=Authority.of(server.key(TIMESTAMP)),
    )


def tagged(before, tag="v1", role=TARGETS):
    return before.with_tag(f"acme/app:{tag}", digest=DIGEST[tag], size=7, role=role)


def plan(before, after, *signers, now=NOW, **terms):
    return NotaryPlan.between(before, after, now=now, **terms).signed_by(*signers)


def publish(server, before, after, *signers, **terms):
    return plan(before, after, *signers, **terms).publication().apply(server).repository


def opened(server, anchor=None, **more):
    return NotaryRepository.open(server, anchor=anchor or first(server), name=NAME, **more)


def first(server):
    """The root that the collection began with, from which its publisher goes on."""
    raw = server.files.get("1.root.json")
    return PIN if raw is None else Anchor.root(raw)


def published(*signers, edit=lambda before: before, snapshot=None):
    """A server that has a collection with one tag, edited."""
    server = TrustServer()
    before = created(server, snapshot=snapshot)
    by = (ROOTED, OWNER, *signers, *(() if snapshot is None else (snapshot,)))
    publish(server, before, edit(tagged(before)), *by)
    return server


def releases(before):
    return tagged(before.with_delegation(RELEASES, keys=Authority.of(ALICE.key)), "v2", RELEASES)


def tags(server):
    updater = client(dict(server.files), anchor=first(server))
    found = {}
    for tag in DIGEST:
        try:
            found[tag] = updater.find(tag).via[-1]
        except NotFoundError:
            continue
    return found


# -- from nothing to tags ---------------------------------------------------------------


@pytest.mark.parametrize("snapshot", [None, OURS], ids=["server", "ours"])
def test_a_new_collection_is_read_by_clients(snapshot):
    server = published(ALICE, edit=releases, snapshot=snapshot)

    assert {"v1": TARGETS, "v2": RELEASES} == tags(server)
    sent = {ROOT, TARGETS, RELEASES} | ({SNAPSHOT} if snapshot else set())
    assert [sent] == [set(post) for post in server.posts]
    again = opened(server)
    assert {1} == {role.version for role in (again.root, *again.targets.values())}


def test_lives_are_those_of_docker_unless_others_are_named():
    server = published(snapshot=OURS)
    now = opened(server)
    lives = [role.expires - NOW for role in (now.root, now.targets[TARGETS], now.snapshot)]
    short = Expiry(root=DAY, targets=2 * DAY, snapshot=3 * DAY, timestamp=DAY)
    other = plan(now, now, OWNER, OURS, renewing=[TARGETS], expiry=short).outcome

    assert [timedelta(days=3650), timedelta(days=1095), timedelta(days=1095)] == lives
    assert AS_DOCKER.timestamp == timedelta(days=14)
    assert NOW + 2 * DAY == other.targets[TARGETS].expires


def test_a_receipt_is_the_next_edits_start():
    server = published(snapshot=OURS)
    before = opened(server)
    after = publish(server, before, tagged(before, "v2"), OWNER, OURS)
    publish(server, after, tagged(after, "v3"), OWNER, OURS)

    assert {"v1", "v2", "v3"} == set(tags(server))
    assert 3 == opened(server).targets[TARGETS].version == opened(server).snapshot.version


def test_what_the_server_has_not_is_no_collection():
    with pytest.raises(NoTrustDataError):
        opened(TrustServer())


def test_a_collection_of_no_image_has_targets_and_no_tags():
    server = TrustServer()
    name = "acme"
    key = with_pem(ec_private("root"), pem_of(certificate(ec_private("root"), name)))
    keys = {role: Authority.of(server.key(role)) for role in (SNAPSHOT, TIMESTAMP)}
    before = NotaryRepository.create(
        name, root=Authority.of(key.key), targets=Authority.of(OWNER.key), **keys
    )

    assert "notes" in before.with_target("notes", Target.of(b"x")).targets[TARGETS].targets
    with pytest.raises(NotFoundError, match="named after no image"):
        before.with_tag("acme:v1", digest=DIGEST["v1"], size=1)
    assert "notes" in str(
        NotaryPlan.between(before, before.with_target("notes", Target.of(b"x")), now=NOW)
    )


# -- plans ------------------------------------------------------------------------------


def test_a_plan_says_what_changes_and_who_must_sign():
    server = published()
    before = opened(server)
    open_plan = NotaryPlan.between(before, tagged(before, "v2"), now=NOW)
    done = open_plan.signed_by(OWNER)

    assert "docker.io/acme/app:v2" in str(open_plan) or "acme/app:v2 is new" in str(open_plan)
    assert "snapshot, once the rest is signed" in str(open_plan)
    assert "snapshot version 2" in str(done)
    assert "delegations" not in str(open_plan)
    assert [TARGETS] == [request.role for request in open_plan.requests]
    assert "v2" in str(open_plan.requests[0])
    assert "expires" not in str(open_plan.requests[0])
    assert "root is at version unsaid" in str(done.requests[0])
    assert "nothing changes" == str(NotaryPlan.between(before, before, now=NOW))
    assert () == NotaryPlan.between(before, before, now=NOW).changes


def test_signatures_come_from_other_machines():
    server = published()
    before = opened(server)
    open_plan = NotaryPlan.between(before, tagged(before, "v2"), now=NOW)
    (request,) = open_plan.requests
    made = OWNER.sign(request.payload)
    bare = Signature(made.keyid, made.value)  # what a small file says of one

    assert open_plan.with_signature(made) == open_plan.with_signature(bare)
    open_plan.with_signature(bare).publication().apply(server)
    assert {"v1", "v2"} == set(tags(server))
    for wrong in (ALICE.sign(request.payload), OWNER.sign(b"else"), Signature("0" * 64, b"")):
        with pytest.raises(SigningError, match="fits nothing in this plan"):
            open_plan.with_signature(wrong)


def test_a_file_whose_hash_is_listed_gets_no_more_signatures():
    server = published()
    before = opened(server)
    both = before.with_keys(TARGETS, ALICE.key)
    open_plan = plan(before, tagged(both, "v2"), ROOTED, OWNER)
    late = ALICE.sign(open_plan.drafts[TARGETS].document.payload)

    assert SNAPSHOT in open_plan.drafts
    assert open_plan == open_plan.with_signature(late)


def test_who_is_asked_nothing_is_told():
    server = published()
    before = opened(server)
    with pytest.raises(SigningError, match="nobody asked it"):
        plan(before, tagged(before, "v2"), ALICE)
    with pytest.raises(SigningError, match="nobody asked it to sign targets"):
        NotaryPlan.between(before, tagged(before, "v2"), now=NOW).requests[0].sign(ALICE)


def test_a_signature_of_tufs_form_is_none_here(tmp_path):
    """The same key, and another spelling of what it signs."""
    private = ec.generate_private_key(ec.SECP256R1())
    ours = NotarySigner.of(private)
    server = published()
    before = opened(server)
    after = before.with_authority(TARGETS, Authority.of(ours.key))

    with pytest.raises(SigningError, match="none of this format"):
        plan(before, after, ROOTED, ours.modern())
    publish(server, before, after, ROOTED, ours)
    assert {"v1": TARGETS} == tags(server)


def test_a_plan_is_between_two_states_of_one_collection():
    server = published()
    before = opened(server)
    publish(server, before, tagged(before, "v2"), OWNER)
    for after, terms, said in (
        (opened(server), {}, "one state of one server"),
        (before, {"renewing": ["targets/nobody"]}, "no role 'targets/nobody'"),
        (before, {"waiting": [TARGETS]}, "cannot wait"),
        (before, {"waiting": ["targets/nobody"]}, "cannot wait"),
    ):
        with pytest.raises(ValueError, match=said):
            NotaryPlan.between(before, after, now=NOW, **terms)
    with pytest.raises(ValueError, match="time zone"):
        NotaryPlan.between(before, before, now=NOW.replace(tzinfo=None))


def test_without_signatures_nothing_is_published():
    server = published()
    before = opened(server)
    with pytest.raises(ThresholdError):
        NotaryPlan.between(before, tagged(before, "v2"), now=NOW).publication()


def test_what_clients_would_refuse_is_not_sent():
    server = published(snapshot=OURS)
    before = opened(server)
    ready = plan(before, tagged(before, "v2"), OWNER, OURS)

    with pytest.raises(ExpiredError, match="targets"):
        ready.publication(now=NOW + 4 * 365 * DAY)
    with pytest.raises(TooLongError):
        ready.publication(Limits(targets=100))
    with pytest.raises(TooLongError):
        ready.publication(Limits(snapshot=100))
    short = Expiry(root=DAY, targets=9 * DAY, snapshot=2 * DAY, timestamp=DAY)
    with pytest.raises(ExpiredError, match="snapshot"):
        plan(before, before, OWNER, OURS, renewing=[TARGETS], expiry=short).publication(
            now=NOW + 3 * DAY
        )
    with pytest.raises(ExpiredError, match="root"):
        plan(before, before, ROOTED, OURS, renewing=[ROOT], expiry=short).publication(
            now=NOW + 2 * DAY
        )


def test_of_two_publishers_one_wins_and_a_lost_answer_is_no_conflict():
    server = published()
    before = opened(server)
    first, second = (plan(before, tagged(before, tag), OWNER).publication() for tag in ("v2", "v3"))
    first.apply(server)

    assert (TARGETS,) == first.apply(server).written
    with pytest.raises(ConflictError):
        second.apply(server)
    assert {"v1", "v2"} == set(tags(server))


def test_a_server_that_sends_ever_more_is_not_believed_to_have_ours():
    class Endless(TrustServer):
        def fetch(self, request):
            return iter(lambda: b"x" * 1000, None)

    server = published()
    before = opened(server)
    ready = plan(before, tagged(before, "v2"), OWNER).publication()
    ready.apply(server)
    endless = Endless()
    endless.files, endless.newest, endless.numbers = server.files, server.newest, server.numbers
    with pytest.raises(ConflictError):
        ready.apply(endless)


def test_where_nothing_was_sent_a_conflict_is_one():
    class Contrary(TrustServer):
        def post(self, files):
            raise ConflictError("the server")

    before = opened(published())
    renewing = NotaryPlan.between(before, before, now=NOW, renewing=[SNAPSHOT])
    with pytest.raises(ConflictError):
        renewing.publication().apply(Contrary())


def test_after_the_last_version_comes_none():
    before = opened(published())
    last = attrs.evolve(before.targets[TARGETS], version=2**53 - 1)
    before = attrs.evolve(before, targets=before.targets.including({TARGETS: last}))
    with pytest.raises(SigningError, match="no version comes after"):
        NotaryPlan.between(before, tagged(before, "v2"), now=NOW)


def test_under_a_certificate_that_ended_nothing_is_sent():
    server = TrustServer()
    private = ec_private("short")
    short = with_pem(private, pem_of(certificate(private, ends=NOW + 5 * DAY)))
    before = created(server).with_authority(ROOT, Authority.of(short.key))
    ready = plan(before, tagged(before), short, OWNER)

    ready.publication(now=NOW + 4 * DAY)
    with pytest.raises(CertificateError):
        ready.publication(now=NOW + 6 * DAY)


def test_a_collection_is_opened_under_a_pinned_authority():
    server = TrustServer()
    by, private = ec_private("authority"), ec_private("issued")
    ca = certificate(by, "authority", ca=True)
    issued = with_pem(private, pem_of(certificate(private, issuer=(ca, by))))
    before = created(server).with_authority(ROOT, Authority.of(issued.key))
    publish(server, before, tagged(before), issued, OWNER)
    stranger = pem_of(certificate(ec_private("stranger"), "authority", ca=True))

    assert opened(server, TrustPinning(authorities={"docker.io/": pem_of(ca)}))
    with pytest.raises(PinError):
        opened(server, TrustPinning(authorities={"docker.io/": stranger}))


def test_a_plan_without_files_has_the_server_sign_again():
    server = published()
    before = opened(server)
    NotaryPlan.between(before, before, now=NOW, renewing=[SNAPSHOT]).publication().apply(server)

    assert {} == server.posts[-1]
    assert 2 == server.numbers[SNAPSHOT]


# -- keys -------------------------------------------------------------------------------


def test_every_key_is_replaced_and_clients_go_along():
    server, store = published(), MemoryStorage()
    client(dict(server.files), anchor=PIN, storage=store).refresh()
    new = with_pem(ec_private("new"), pem_of(certificate(ec_private("new"))))
    steps = [
        (ROOT, new, (ROOTED, new)),
        (TARGETS, BOB, (new, BOB)),
        (SNAPSHOT, OURS, (new, OURS)),
        (SNAPSHOT, server.signers[SNAPSHOT], (new,)),
    ]
    for role, key, by in steps:
        before = opened(server)
        publish(server, before, before.with_authority(role, Authority.of(key.key)), *by)
        client(dict(server.files), anchor=PIN, storage=store).refresh()
    server.signers[TIMESTAMP] = signer("another")
    before = opened(server)
    after = before.with_authority(TIMESTAMP, Authority.of(server.key(TIMESTAMP)))
    publish(server, before, after, new)

    assert (
        6 == client(dict(server.files), anchor=PIN, storage=store).refresh().roles[0].role.version
    )
    assert {"v1": TARGETS} == tags(server)


def test_a_new_root_is_signed_by_the_old_one_too():
    server = published()
    before = opened(server)
    new = with_pem(ec_private("new"), pem_of(certificate(ec_private("new"))))
    after = before.with_authority(ROOT, Authority.of(new.key))

    for by in (ROOTED, new):
        half = plan(before, after, by)
        assert "1 more of" in str(half)
        with pytest.raises(ThresholdError):
            half.publication()
    assert "the old root's" in str(half)


def test_one_key_under_a_new_certificate_signs_for_both():
    server = published()
    before = opened(server)
    private = ec_private("root")
    renewed = with_pem(private, pem_of(certificate(private, ends=NOW + 4000 * DAY)))
    after = before.with_authority(ROOT, Authority.of(renewed.key))
    ready = plan(before, after, renewed)
    ready.publication().apply(server)

    assert {ROOTED.key.id, renewed.key.id} == set(ready.drafts[ROOT].signatures)
    assert 2 == opened(server).root.version


def rooted_as(cn=NAME, **more):
    return with_pem(ec_private("x"), pem_of(certificate(ec_private("x"), cn, **more))).key


WEAK = with_pem(rsa_private("weak", 1024), pem_of(certificate(rsa_private("weak", 1024)))).key
UNFIT = {
    "bare": (ROOT, signer("bare").key, "is no certificate"),
    "for another": (ROOT, rooted_as("docker.io/acme/other"), "is for 'docker.io/acme/other'"),
    "authority": (ROOT, rooted_as(ca=True), "issues none"),
    "weak": (ROOT, WEAK, "1024 bits"),
    "weak signer": (RELEASES, WEAK, "1024 bits"),
    "weak targets": (TARGETS, WEAK, "1024 bits"),
}


@pytest.mark.parametrize(("role", "key", "said"), UNFIT.values(), ids=UNFIT)
def test_a_key_that_readers_would_not_take_is_refused(role, key, said):
    server = TrustServer()
    before = created(server).with_delegation(RELEASES, keys=Authority.of(ALICE.key))

    for edit in (
        lambda: before.with_authority(role, Authority.of(key)),
        lambda: before.with_keys(role, key),
    ):
        with pytest.raises(SigningError, match=said):
            edit()
    if role == ROOT:
        with pytest.raises(SigningError, match=said):
            NotaryRepository.create(
                NAME,
                root=Authority.of(key),
                **{one: Authority.of(OWNER.key) for one in (TARGETS, SNAPSHOT, TIMESTAMP)},
            )


def test_a_key_of_tuf_is_none_of_this_format(tmp_path):
    tuf = KeyFile.generate(tmp_path / "key", "a passphrase").unlock("a passphrase")
    before = created(TrustServer())
    for edit in (
        lambda: before.with_keys(TARGETS, tuf.key),
        lambda: before.with_delegation(RELEASES, keys=Authority.of(tuf.key)),
    ):
        with pytest.raises(SigningError, match="none of this format"):
            edit()


@pytest.mark.parametrize("by", [ed_signer("ed"), rsa_signer("rsa"), signer("p", ec.SECP521R1)])
def test_signers_of_every_kind_publish(by):
    server = TrustServer()
    before = created(server).with_authority(TARGETS, Authority.of(by.key))
    publish(server, before, tagged(before), ROOTED, by)

    assert {"v1": TARGETS} == tags(server)


# -- delegations ------------------------------------------------------------------------


def test_signers_come_and_go_as_docker_has_them():
    server = published()
    before = opened(server)
    after = before.with_signer("alice", ALICE.key).with_signer("bob", BOB.key)
    after = tagged(tagged(after, "v2", RELEASES), "v2", "targets/bob")
    publish(server, before, after, OWNER, ALICE, BOB)
    before = opened(server)

    assert {ALICE.key.id, BOB.key.id} == set(before.targets[TARGETS].authority(RELEASES).keys)
    assert 0 == before.targets["targets/alice"].version  # said nothing, signed nothing
    gone = before.without_signer("bob")
    assert {RELEASES, "targets/alice", TARGETS} == set(gone.targets)
    assert [ALICE.key.id] == list(gone.targets[TARGETS].authority(RELEASES).keys)
    assert {TARGETS} == set(gone.without_signer("alice").targets)
    assert {TARGETS, RELEASES, "targets/alice"} == set(before.without_key(BOB.key).targets)
    for name in ("carol", "releases"):
        with pytest.raises(NotFoundError, match="is no signer"):
            before.without_signer(name)
    for name in ("releases", "a/b", "Alice", ""):
        with pytest.raises(ValueError, match=r"role|signer"):
            before.with_signer(name, ALICE.key)
    with pytest.raises(SigningError, match="may sign for no delegated role"):
        before.without_key(signer("carol").key)


def test_who_holds_a_key_under_two_names_keeps_it():
    before = created(TrustServer()).with_signer("alice", ALICE.key).with_signer("al", ALICE.key)

    assert ALICE.key.id in before.without_signer("al").targets[TARGETS].authority(RELEASES).keys


def test_a_role_without_one_of_its_keys_is_signed_again_by_the_others():
    server = published(edit=lambda before: before.with_signer("alice", ALICE.key, BOB.key))
    before = opened(server)
    publish(server, before, tagged(before, "v2", RELEASES), ALICE)
    before = opened(server)
    after = before.without_keys(RELEASES, ALICE.key)
    open_plan = plan(before, after, OWNER)

    assert {TARGETS, RELEASES} == set(open_plan.drafts)
    with pytest.raises(ThresholdError):
        open_plan.publication()
    open_plan.signed_by(BOB).publication().apply(server)
    assert {"v1": TARGETS, "v2": RELEASES} == tags(server)


def test_whose_new_holders_sign_later_waits_for_them():
    server = published(ALICE, edit=releases)
    before = opened(server)
    after = before.with_authority(RELEASES, Authority.of(BOB.key))
    publish(server, before, after, OWNER, waiting=[RELEASES])
    with pytest.raises(ThresholdError):
        tags(server)
    late = opened(server)

    assert {TARGETS} == set(late.targets)
    assert ["v2"] == list(late.unvouched[RELEASES].targets)
    witnessed = late.with_witness(RELEASES)
    publish(server, late, witnessed, BOB)
    assert {"v1": TARGETS, "v2": RELEASES} == tags(server)
    assert 2 == opened(server).targets[RELEASES].version
    with pytest.raises(NotFoundError):
        opened(server).with_witness(RELEASES)
    edited = tagged(after, "v3", RELEASES)
    with pytest.raises(ValueError, match="cannot wait"):
        NotaryPlan.between(before, edited, now=NOW, waiting=[RELEASES])


def test_what_is_taken_over_is_what_the_snapshot_lists():
    """A role whose last key a Go program removed, and a server that shows another file of it."""
    server = published(ALICE, edit=releases)
    role = opened(server).targets[TARGETS]
    (grant,) = role.delegations.roles
    nobody = attrs.evolve(role.delegations, roles=(attrs.evolve(grant, keyids=()),))
    server.replaced(TARGETS, attrs.evolve(role, delegations=nobody), OWNER)
    late = opened(server)
    assert ["v2"] == list(late.unvouched[RELEASES].targets)
    after = late.with_authority(RELEASES, Authority.of(BOB.key)).with_witness(RELEASES)
    ready = plan(late, after, OWNER, BOB).publication()

    for path in [path for path in server.files if path.startswith(f"{RELEASES}.")]:
        server.files[path] = server.files[path].replace(b'"length":7', b'"length":8')
    with pytest.raises(MismatchError):
        opened(server)
    ready.apply(server)
    assert {"v1": TARGETS, "v2": RELEASES} == tags(server)


def test_a_role_nobody_vouches_for_can_be_given_to_others():
    server = published(ALICE, edit=releases)
    before = opened(server)
    after = before.with_authority(RELEASES, Authority.of(BOB.key))
    publish(server, before, after, OWNER, waiting=[RELEASES])
    late = opened(server)
    again = late.with_authority(RELEASES, Authority.of(ALICE.key))
    publish(server, late, again, OWNER)

    assert {"v1": TARGETS, "v2": RELEASES} == tags(server)
    with pytest.raises(NotFoundError, match="no such role"):
        late.with_keys("targets/nobody", BOB.key)


def test_paths_are_beginnings_and_those_above_must_have_them():
    before = created(TrustServer())
    with_paths = before.with_delegation(
        "targets/alice", keys=Authority.of(ALICE.key), paths=("b", "a", "b")
    )
    deeper = with_paths.with_delegation("targets/alice/x", keys=Authority.of(BOB.key))
    file = Target.of(b"x")

    def prefixes(collection, name="targets/alice", by=TARGETS):
        return collection.targets[by].delegations.by_name[name].grant

    assert PathPrefixes(("a", "b")) == prefixes(with_paths)
    assert PathPrefixes(("",)) == prefixes(deeper, "targets/alice/x", "targets/alice")
    assert deeper.with_target("abc", file, role="targets/alice/x")
    for path in ("c", "x/a"):
        with pytest.raises(ValueError, match="no delegation lets"):
            deeper.with_target(path, file, role="targets/alice/x")
    assert PathPrefixes(("a", "b", "c")) == prefixes(with_paths.with_paths("targets/alice", "c"))
    assert PathPrefixes(("b",)) == prefixes(with_paths.without_paths("targets/alice", "a", "z"))
    for edit in (with_paths.with_paths, with_paths.without_paths):
        with pytest.raises(NotFoundError, match="no such delegation"):
            edit("targets/bob", "a")
    assert {TARGETS} == set(deeper.without_delegation("targets/alice").targets)


@pytest.mark.parametrize(
    "name", ["alice", "targets", "targets/", "targets/A", "targets//a", "root"]
)
def test_a_role_is_named_below_targets(name):
    with pytest.raises(ValueError, match="role"):
        created(TrustServer()).with_delegation(name, keys=Authority.of(ALICE.key))


def test_there_is_one_delegation_of_a_name_below_one_that_is_there():
    before = created(TrustServer()).with_delegation(RELEASES, keys=Authority.of(ALICE.key))
    with pytest.raises(ValueError, match="already"):
        before.with_delegation(RELEASES, keys=Authority.of(ALICE.key))
    with pytest.raises(NotFoundError, match="no such role"):
        before.with_delegation("targets/bob/x", keys=Authority.of(ALICE.key))
    with pytest.raises(ValueError, match="no delegation"):
        before.without_delegation("targets/bob")


# -- versions of roles that come back ---------------------------------------------------


@pytest.mark.parametrize("current", [True, False], ids=["gone", "there, unlisted"])
@pytest.mark.parametrize("snapshot", [None, OURS], ids=["server", "ours"])
def test_a_role_that_comes_back_goes_on_where_it_was(snapshot, current):
    server = published(ALICE, edit=releases, snapshot=snapshot)
    for _ in range(2):
        before = opened(server)
        by = (ALICE,) if snapshot is None else (ALICE, OURS)
        publish(server, before, before, *by, renewing=[RELEASES])
    before = opened(server)
    by = (OWNER,) if snapshot is None else (OWNER, OURS)
    publish(server, before, before.without_delegation(RELEASES), *by)
    if snapshot is None:
        server.forget(RELEASES, current=current)
    before = opened(server)
    after = before.with_delegation(RELEASES, keys=Authority.of(BOB.key))
    publish(server, before, after, BOB, *by)

    assert 3 == before.numbers[RELEASES]
    assert 4 == opened(server).targets[RELEASES].version
    assert {"v1": TARGETS} == tags(server)


def test_a_role_removed_and_brought_back_in_one_edit_goes_on_too():
    server = published(ALICE, edit=releases)
    before = opened(server)
    after = before.without_delegation(RELEASES)
    after = after.with_delegation(RELEASES, keys=Authority.of(BOB.key))
    publish(server, before, after, OWNER, BOB)

    assert 2 == opened(server).targets[RELEASES].version
    assert {"v1": TARGETS} == tags(server)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 2), (2, 7), (3, 40), (5, 9)])
def test_numbers_are_found_where_nobody_says_what_is_current(first, last):
    """As at servers with a database, which fail there. One that begins later was never seen."""
    server = published()
    role = opened(server).targets[TARGETS]
    for version in range(first, last + 1):
        raw = APP.render(attrs.evolve(role, version=version))
        server.files[f"{version}.{RELEASES}.json"] = raw

    assert (last if first < 5 else 0) == opened(server).numbers[RELEASES]


def test_what_a_server_says_of_numbers_is_believed_within_reason():
    """Else it could use up all the numbers there are."""
    server = published()
    role = attrs.evolve(opened(server).targets[TARGETS], version=2**52)
    server.files[f"{RELEASES}.json"] = APP.render(role)
    server.files["targets/bob.json"] = b"<html>"
    before = opened(server).knowing(server, "targets/bob", "targets/carol")

    assert {0} == set(before.numbers.values())
    server.files[f"{RELEASES}.json"] = APP.render(attrs.evolve(role, version=999_999))
    assert 999_999 == opened(server).numbers[RELEASES]


# -- what breaks Go programs ------------------------------------------------------------


POISON = {
    "less than": {"a": "x<y"},
    "greater than": {"a": ["x>y"]},
    "ampersand": {"a": {"b": "x&y"}},
    "in a name": {"a<b": 1},
    "line separator": {"a": "\u2028"},
    "paragraph separator": {"a": "\u2029"},
    "control": {"a": "\n"},
    "surrogate": {"a": "\ud800"},
    "large": {"a": 2**53 + 1},
    "small": {"a": -(2**53) - 1},
}
HARMLESS = {"a": 'quo"te \\ \x7f é 🐋', "b": [True, False, None, -1, 2**53, {}], "z": {"": ""}}


@pytest.mark.parametrize("custom", POISON.values(), ids=POISON)
def test_custom_data_that_breaks_go_is_refused_before_anybody_signs(custom):
    before = created(TrustServer())
    with pytest.raises(SigningError, match="Go programs"):
        before.with_tag("acme/app:v1", digest=DIGEST["v1"], size=1, custom=custom)


def test_custom_data_that_does_not_is_written():
    server = TrustServer()
    before = created(server)
    after = before.with_tag("acme/app:v1", digest=DIGEST["v1"], size=1, custom=HARMLESS)
    publish(server, before, after, ROOTED, OWNER)

    assert freeze(HARMLESS) == opened(server).targets[TARGETS].targets["v1"].custom


def test_a_float_is_none_of_json_here():
    with pytest.raises(TypeError):
        created(TrustServer()).with_tag("a/b:c", digest=DIGEST["v1"], size=1, custom={"a": 1.5})


@pytest.mark.parametrize("where", ["custom", "extra"])
def test_what_others_wrote_into_a_role_is_not_signed_again(where):
    server = published()
    role = opened(server).targets[TARGETS]
    said = FrozenMap({"a": "x<y"}) if where == "custom" else None
    extra = FrozenMap({"custom": "x<y"}) if where == "extra" else FrozenMap()
    bad = attrs.evolve(role.targets["v1"], custom=said, extra=extra)
    server.replaced(TARGETS, attrs.evolve(role, targets=role.targets.including({"v1": bad})), OWNER)
    before = opened(server)

    with pytest.raises(SigningError, match="targets: v1: its custom data"):
        NotaryPlan.between(before, tagged(before, "v2"), now=NOW)
    publish(server, before, tagged(before.without_tag("acme/app:v1"), "v2"), OWNER)
    assert {"v2": TARGETS} == tags(server)


def test_members_that_go_would_drop_are_dropped_and_told():
    server = published(ALICE, edit=releases)
    role = opened(server).targets[TARGETS]
    grants = role.delegations
    odd = FrozenMap({"odd": 1})
    key = attrs.evolve(grants.keys[ALICE.key.id], extra=FrozenMap({"scheme": "ecdsa"}))
    role = attrs.evolve(
        role,
        extra=odd,
        targets=role.targets.including({"v1": attrs.evolve(role.targets["v1"], extra=odd)}),
        delegations=attrs.evolve(
            grants,
            extra=odd,
            keys=FrozenMap({ALICE.key.id: key}),
            roles=tuple(attrs.evolve(one, extra=odd) for one in grants.roles),
        ),
    )
    server.replaced(TARGETS, role, OWNER)
    before = opened(server)
    ready = plan(before, tagged(before, "v3"), OWNER)

    assert b"odd" in before.files[TARGETS]
    assert b"odd" not in ready.drafts[TARGETS].raw
    assert b"scheme" not in ready.drafts[TARGETS].raw
    assert "odd is gone" in str(ready).replace("odd = 1 is gone", "odd is gone")
    assert ready.drafts[TARGETS].raw.startswith(b'{"signed":{"_type":"Targets","delegations":{"ke')


def test_a_root_and_a_snapshot_lose_what_go_would_drop():
    server = published(snapshot=OURS)
    root = attrs.evolve(opened(server).root, extra=FrozenMap({"spec_version": "1.0"}))
    before = opened(server)
    after = attrs.evolve(before, root=root)
    snapshot = attrs.evolve(before.snapshot, extra=FrozenMap({"spec_version": "1.0"}))
    ready = plan(attrs.evolve(before, snapshot=snapshot), after, ROOTED, OURS)

    assert all(b"spec_version" not in draft.raw for draft in ready.drafts.values())


@pytest.mark.parametrize(
    ("length", "hashes", "said"),
    [
        (1, {"sha512": "0" * 128}, "sha256"),
        (1, {"sha256": "00"}, "sha256"),
        (1, {"sha256": "Z" * 64}, "sha256"),
        (-1, {"sha256": "0" * 64}, "length"),
        (2**53, {"sha256": "0" * 64}, "length"),
    ],
)
def test_what_docker_could_not_pull_is_refused(length, hashes, said):
    target = Target(length=length, hashes=FrozenMap(hashes))
    with pytest.raises(ValueError, match=said):
        created(TrustServer()).with_target("v1", target)


def test_a_collection_may_begin_with_delegations_alone():
    server = TrustServer()
    before = created(server).with_signer("alice", ALICE.key)
    after = before.with_delegation("targets/alice/x", keys=Authority.of(BOB.key))
    publish(server, created(server), after, ROOTED, OWNER, ALICE)

    assert {ROOT, TARGETS, "targets/alice"} == set(server.posts[0])
    assert 4 == len(opened(server).targets)


# -- tags -------------------------------------------------------------------------------


def test_a_tag_is_removed_wherever_it_is_signed():
    """Else what targets said years ago would come back."""
    server = published(ALICE, edit=lambda before: tagged(releases(before), "v1", RELEASES))
    before = opened(server)
    once = before.without_tag("acme/app:v1", role=RELEASES)
    publish(server, before, once, ALICE)
    assert TARGETS == tags(server)["v1"]
    before = opened(server)
    publish(server, before, before.without_tag_anywhere("acme/app:v1"), OWNER)

    assert {"v2": RELEASES} == tags(server)
    with pytest.raises(NotFoundError, match="no role lists it"):
        opened(server).without_tag_anywhere("acme/app:v1")


# -- a server that is not honest --------------------------------------------------------


def test_an_older_state_is_not_signed_on_top_of():
    server, memory = published(), MemoryStorage()
    old = dict(server.files)
    before = opened(server, memory=memory)
    publish(server, before, tagged(before, "v2"), OWNER)
    opened(server, memory=memory)
    server.files = old

    with pytest.raises(RollbackError):
        opened(server, memory=memory)
    assert opened(server).targets  # whoever remembers nothing cannot know


def test_a_program_that_awaits_opens_and_publishes_alike():
    asked = set()

    class Blocking:
        def fetch(self, request):
            asked.add(threading.get_ident())
            return server.fetch(request)

        def post(self, files):
            asked.add(threading.get_ident())
            server.post(files)

    server, blocking, memory = published(), Blocking(), MemoryStorage()
    told = {"anchor": first(server), "name": NAME}
    old = dict(server.files)

    async def published_once():
        before = await NotaryRepository.aopen(blocking, memory=memory, **told)
        ready = plan(before, tagged(before, "v2"), OWNER).publication()
        receipt = await ready.aapply(blocking)
        assert receipt == await ready.aapply(blocking)  # whoever was cancelled applies it again
        assert before == await NotaryRepository.aopen(Served(old), **told)
        with pytest.raises(ConflictError):
            await plan(before, tagged(before, "v3"), OWNER).publication().aapply(blocking)
        return await NotaryRepository.aopen(blocking, memory=memory, **told)

    after = asyncio.run(published_once())
    assert asked
    assert threading.get_ident() not in asked

    assert after == opened(server)
    assert {"v1", "v2"} == set(tags(server))
    late = NOW + 5000 * DAY
    assert after == asyncio.run(NotaryRepository.aopen(server, **told))
    with pytest.raises(ExpiredError):
        asyncio.run(NotaryRepository.aopen(server, now=late, **told))
    server.files = old
    with pytest.raises(RollbackError):
        asyncio.run(NotaryRepository.aopen(server, memory=memory, **told))


def test_what_has_expired_is_opened_unless_a_time_is_said():
    server = published()
    late = NOW + 5000 * DAY
    before = opened(server)
    with pytest.raises(ExpiredError):
        opened(server, now=late)
    assert opened(server, now=NOW)
    due = NotaryPlan.between(before, before, now=NOW + 1100 * DAY)
    assert {TARGETS} == set(due.drafts)


def test_a_collection_that_somebody_else_signed_is_not_opened():
    server = TrustServer()
    other = with_pem(ec_private("thief"), pem_of(certificate(ec_private("thief"))))
    before = NotaryRepository.create(
        NAME,
        root=Authority.of(other.key),
        targets=Authority.of(OWNER.key),
        snapshot=Authority.of(server.key(SNAPSHOT)),
        timestamp=Authority.of(server.key(TIMESTAMP)),
    )
    publish(server, before, tagged(before), other, OWNER)
    with pytest.raises(PinError):
        opened(server, PIN)


def test_a_delegated_role_that_is_withheld_is_not_overwritten():
    server = published(ALICE, edit=releases)
    for path in [path for path in server.files if path.startswith("targets/")]:
        del server.files[path]
    with pytest.raises(NotFoundError, match="withheld"):
        opened(server)


def test_no_more_roles_are_read_than_may_be():
    server = published(ALICE, edit=releases)
    with pytest.raises(LimitError, match="delegated roles in one collection"):
        opened(server, limits=Limits(delegations=0))


def test_no_more_roles_are_asked_for_than_may_be():
    """A server that signs snapshots may list any number of roles that are none."""
    server = published()
    for number in range(70):
        server.newest[f"targets/x{number}"] = b"{}"
    server._sign(SNAPSHOT)
    server._sign(TIMESTAMP)

    with pytest.raises(LimitError, match="in one snapshot"):
        opened(server)


def test_what_a_server_refuses_is_an_error_with_advice():
    server = published(snapshot=OURS)
    before = opened(server)
    with pytest.raises(RefusedUpdateError, match="snapshot's key"):
        plan(before, tagged(before, "v2"), OWNER).publication().apply(server)
