"""A wrong or a late signer is told so before signing, and so is one who is shown another world."""

import json

import attrs
import pytest
from core.worlds import DAY, NOW, SECOND, signer
from publish.desks import authority, created, digest, key, planned, publish, signed, tagged

from trustlib import (
    ROOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    FrozenMap,
    MalformedError,
    MemoryStorage,
    PathPatterns,
    SigningError,
    SigningRequest,
)

TEAM = "acme/releases"
YEAR = 365 * DAY


def before_team():
    before = created(
        root=authority("root", "root2", "root3", threshold=2),
        targets=authority("alice", "bob", "carol", threshold=2),
    )
    return before.with_delegation(TEAM, keys=authority("team"), grant=PathPatterns(("acme/*",)))


@pytest.fixture
def before():
    """A published repository: root and targets need two of three, a team one."""
    return publish(MemoryStorage(), created(), before_team(), now=NOW).repository


@pytest.fixture
def plan(before):
    return planned(before, tagged(before), now=NOW)


def request_of(plan, role=TARGETS):
    return plan.drafts[role].request


# -- before a passphrase is asked for ---------------------------------------------------


def test_a_key_that_is_wanted_is(plan):
    request = request_of(plan)

    assert request == request.wanted_of(key("alice"), now=NOW)
    once = request_of(signed(plan, "alice"))
    assert once == once.wanted_of(key("bob"), now=NOW + YEAR - DAY)


def test_a_key_that_nobody_asked_is_not_wanted(plan):
    with pytest.raises(SigningError, match="nobody asked it to sign targets"):
        request_of(plan).wanted_of(key("team"), now=NOW)


def test_a_key_that_signed_already_is_told_so(plan):
    with pytest.raises(SigningError, match="signed targets version 2 already"):
        request_of(signed(plan, "alice")).wanted_of(key("alice"), now=NOW)


def test_a_key_that_is_too_late_is_told_so(plan):
    with pytest.raises(SigningError, match="too late for targets version 2: enough others"):
        request_of(signed(plan, "alice", "bob")).wanted_of(key("carol"), now=NOW)


def test_who_would_sign_what_has_expired_is_told_so(plan):
    request = request_of(plan)

    assert request.wanted_of(key("alice"), now=NOW + YEAR - SECOND)
    with pytest.raises(SigningError, match="it expired 2031-01-01 12:00Z, and it is 2031-01-01"):
        request.wanted_of(key("alice"), now=NOW + YEAR)


def test_of_two_authorities_each_has_keys_that_it_still_wants(before):
    """The old root's people suffice; the newcomers have not signed yet."""
    after = before.with_keys(ROOT, key("bob"), key("carol")).without_keys(
        ROOT, key("root"), key("root2")
    )
    request = request_of(signed(planned(before, after, now=NOW), "root", "root2"), ROOT)

    for name in ("bob", "carol", "root3"):  # root3 counts for the new root as well
        assert request.wanted_of(key(name), now=NOW)
    old = request_of(signed(planned(before, after, now=NOW), "root2", "root3"), ROOT)
    with pytest.raises(SigningError, match="too late"):
        old.wanted_of(key("root"), now=NOW)  # what lacks are keys of the new root
    late = request_of(signed(planned(before, after, now=NOW), "root", "root3", "bob"), ROOT)
    for name in ("root2", "carol"):
        with pytest.raises(SigningError, match="too late"):
            late.wanted_of(key(name), now=NOW)


def test_signatures_by_keys_that_never_count_do_not_suffice(plan):
    """Whoever writes a request can list what they like; a person is asked all the same."""
    quantum = [attrs.evolve(key("bob"), keytype="quantum", scheme=f"q{n}") for n in range(2)]
    asked = request_of(plan)
    keys = asked.authorities[0].keys.including({one.id: one for one in quantum})
    request = attrs.evolve(
        asked,
        authorities=(attrs.evolve(asked.authorities[0], keys=keys),),
        signed_by=frozenset(one.id for one in quantum),
    )

    assert request.wanted_of(key("alice"), now=NOW)


def test_what_is_late_is_said_on_one_line(plan):
    request = attrs.evolve(request_of(signed(plan, "alice")), role="\x1b[2J\n")

    with pytest.raises(SigningError) as error:
        request.wanted_of(key("alice"), now=NOW)

    assert str(error.value).isprintable()


# -- since the last time ----------------------------------------------------------------


def test_a_request_is_told_as_what_changes_since_the_last_one(before, plan):
    held = before.published.files[TARGETS]

    said = [str(change) for change in request_of(plan).since(held)]

    assert [
        f"targets: acme/app:1.4 is new: {digest()}, 1573 bytes",
        "targets: version 2, valid until 2031-01-01 12:00Z, follows 1, valid until"
        " 2031-01-01 12:00Z",
    ] == said


def test_the_request_that_was_signed_last_can_be_what_is_held(plan):
    """Its bytes are at hand, whether or not they were ever published."""
    held = request_of(plan).document.raw
    request = version(request_of(plan), 3, targets=FrozenMap())

    assert f"targets: acme/app:1.4 is gone; it was {digest()}, 1573 bytes" in map(
        str, request.since(held)
    )


@pytest.mark.parametrize("role", [ROOT, TARGETS, "snapshot", TIMESTAMP, TEAM])
def test_what_is_held_already_needs_no_signature(before, role):
    plan = planned(before, before, now=NOW, renewing=[role])
    request = request_of(plan, role)

    assert request.since(before.published.files[role])
    with pytest.raises(SigningError, match="is what you hold already"):
        request.since(request.document.raw)


def version(request, number, **changes):
    role = attrs.evolve(request.document.unverified, version=number, **changes)
    document = TUF_JSON.parse(type(role), TUF_JSON.render(role), name=request.role)
    return attrs.evolve(request, document=document)


def test_a_request_that_goes_back_is_refused(plan):
    held = version(request_of(plan), 3).document.raw

    with pytest.raises(SigningError, match="targets version 2: goes back: you hold version 3"):
        request_of(plan).since(held)


def test_two_files_of_one_version_are_not_both_signed(plan):
    held = version(request_of(plan), 2, expires=NOW).document.raw

    with pytest.raises(SigningError, match="says something else than the file of that version"):
        request_of(plan).since(held)


def test_a_file_of_another_collection_is_no_earlier_one(before, plan):
    for other in ("docker.io/other", None):
        held = version(request_of(plan), 1, collection=other).document.raw
        with pytest.raises(SigningError, match=r"is of docker\.io/acme, and what you hold is of"):
            request_of(plan).since(held)


def test_a_file_of_another_role_is_no_earlier_one(before, plan):
    with pytest.raises(SigningError, match="what you hold is a file of acme/releases"):
        request_of(plan).since(before.published.files[TEAM])
    with pytest.raises(MalformedError):
        request_of(plan).since(before.published.files[ROOT])
    with pytest.raises(MalformedError):
        request_of(plan).since(b"[" * 100_000)


def test_a_root_that_leaves_one_out_is_refused(before):
    """Clients walk from each root to the next (§5.3.5)."""
    request = request_of(planned(before, before.with_keys(ROOT, key("bob")), now=NOW), ROOT)
    held = before.published.files[ROOT]

    assert request.since(held)
    assert version(request_of(planned(before, tagged(before), now=NOW)), 9).since(
        before.published.files[TARGETS]
    )
    with pytest.raises(SigningError, match="does not follow version 1, which you hold"):
        version(request, 3).since(held)


# -- who says who signs -----------------------------------------------------------------


@pytest.mark.parametrize("role", [ROOT, TARGETS, TEAM])
def test_a_request_is_compared_with_what_the_signer_holds(before, role):
    plan = planned(before, before, now=NOW, renewing=[role])
    holder = before.published.files[TARGETS if role == TEAM else ROOT]

    request = request_of(plan, role).under(holder)

    assert request.authorities[0] == before.authorities(role)[0]
    assert request.document == request_of(plan, role).document


@pytest.mark.parametrize(
    "lie",
    [
        authority("alice", "bob", "carol", threshold=1),
        authority("alice", "bob", threshold=2),
        authority("alice", "bob", "root", threshold=2),
        authority("alice", "bob", "carol", "root", threshold=2),
    ],
)
def test_a_request_under_another_root_is_refused(before, plan, lie):
    """It may ask anybody for anything: the signer's own root says who signs."""
    request = attrs.evolve(request_of(plan), authorities=(lie,))

    with pytest.raises(SigningError, match="asks others than what you hold says"):
        request.under(before.published.files[ROOT])


def test_a_key_that_never_counts_is_not_compared(before, plan):
    """Real roots list such keys; whether a request repeats them changes nothing."""
    quantum = attrs.evolve(key("bob"), keytype="quantum", scheme="q")
    root = before.root
    targets = attrs.evolve(root.roles[TARGETS], keyids=(*root.roles[TARGETS].keyids, quantum.id))
    root = attrs.evolve(
        root,
        keys=root.keys.including({quantum.id: quantum}),
        roles=root.roles.including({TARGETS: targets}),
    )

    assert request_of(plan).under(TUF_JSON.render(root)).wanted_of(key("alice"), now=NOW)


def test_only_those_are_asked_whom_the_signer_knows(before, plan):
    """An honest authority beside a lie does not make the lie true."""
    asked = request_of(plan)
    request = attrs.evolve(asked, authorities=(authority("root"), *asked.authorities))

    known = request.under(before.published.files[ROOT])

    assert asked.authorities == known.authorities
    assert known.wanted_of(key("alice"), now=NOW)
    with pytest.raises(SigningError, match="nobody asked"):
        known.wanted_of(key("root"), now=NOW)


def test_a_new_root_is_asked_of_its_own_people_as_well(before):
    after = before.with_keys(ROOT, key("bob")).without_keys(ROOT, key("root"))
    request = request_of(planned(before, after, now=NOW), ROOT)

    known = request.under(before.published.files[ROOT])

    assert known == request
    assert known.wanted_of(key("bob"), now=NOW)


def test_what_is_held_must_know_the_role(before, plan):
    stranger = attrs.evolve(request_of(plan), role="acme/strangers")

    with pytest.raises(SigningError, match="what you hold knows no such role"):
        stranger.under(before.published.files[TARGETS])
    with pytest.raises(MalformedError):
        request_of(plan).under(before.published.files[TARGETS])


# -- what a request may not say ---------------------------------------------------------


def rewritten(path, request, **changes):
    request.write(path)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))
    return path


def test_a_request_that_asks_nobody_is_malformed(tmp_path, plan):
    path = rewritten(tmp_path / "r", request_of(plan), authorities=[])

    with pytest.raises(MalformedError, match="at least one authority"):
        SigningRequest.read(path)


@pytest.mark.parametrize("threshold", [1, 3])
def test_a_request_cannot_say_of_a_root_what_the_root_does_not(tmp_path, before, threshold):
    request = request_of(planned(before, before.with_keys(ROOT, key("bob")), now=NOW), ROOT)
    request.write(tmp_path / "r")
    said = json.loads((tmp_path / "r").read_bytes())["authorities"]
    said[-1]["threshold"] = threshold

    with pytest.raises(MalformedError, match="the root's own keys and threshold"):
        SigningRequest.read(rewritten(tmp_path / "r", request, authorities=said))


def test_a_request_says_who_signed_in_any_case(tmp_path, plan):
    """A lie about it can only keep somebody from signing."""
    path = rewritten(tmp_path / "r", request_of(plan), signed_by=[key("bob").id, "x"])

    request = SigningRequest.read(path)

    assert request.wanted_of(key("alice"), now=NOW)
    assert request.sign(signer("bob"))
