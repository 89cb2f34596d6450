"""Requests and signatures that travel as files, and what happens to them on the way."""

import json
import sys

import attrs
import pytest
from core.worlds import NOW, SECOND, p256_signer, signed_json, signer
from hypothesis import given
from hypothesis import strategies as st
from publish.desks import authority, created, key, planned, signed, tagged
from publish.mutations import mutations

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    Authority,
    FrozenMap,
    Key,
    KeyId,
    MalformedError,
    MemoryStorage,
    PathPatterns,
    Signature,
    SigningError,
    SigningRequest,
    StorageError,
    Targets,
)

TEAM = "acme/releases"


def plan():
    before = created(targets=authority("alice", "bob", threshold=2))
    after = tagged(before).with_delegation(
        TEAM, keys=authority("team"), grant=PathPatterns(("acme/*",))
    )
    return signed(planned(before, after, now=NOW), "alice")


def rotation():
    """A plan with a request to which two authorities must say yes."""
    storage = MemoryStorage()
    before = signed(planned(created(), created(), now=NOW)).publication().apply(storage).repository
    after = before.with_keys(ROOT, key("root2")).without_keys(ROOT, key("root"))
    return planned(before, after, now=NOW)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "request.json"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One file, written again and again."""
    return tmp_path_factory.mktemp("scratch") / "file.json"


# -- there and back ---------------------------------------------------------------------


@pytest.mark.parametrize("role", [ROOT, TARGETS, SNAPSHOT, TIMESTAMP, TEAM])
def test_a_request_comes_out_of_its_file_as_it_went_in(file, role):
    request = plan().drafts[role].request

    request.write(file)

    assert request == SigningRequest.read(str(file))
    assert request.payload == SigningRequest.read(file).payload


def test_a_new_root_takes_both_authorities_along(file):
    request = rotation().drafts[ROOT].request
    request.write(file)

    read = SigningRequest.read(file)

    assert (authority("root"), authority("root2")) == read.authorities
    assert read.asks(key("root"))
    assert read.asks(key("root2"))
    assert not read.asks(key("alice"))


def test_a_request_says_who_signed_already(file):
    plan().drafts[TARGETS].request.write(file)

    assert {key("alice").id} == SigningRequest.read(file).signed_by


def test_a_file_written_over_another_leaves_nothing_of_it(file):
    file.write_text("x" * 100_000)

    plan().drafts[TARGETS].request.write(file)

    assert SigningRequest.read(file)


def test_a_signature_comes_out_of_its_file_as_it_went_in(tmp_path):
    made = plan().drafts[TARGETS].request.sign(signer("bob"))

    made.write(tmp_path / "bob.sig")

    assert made == Signature.read(str(tmp_path / "bob.sig"))


def test_names_that_are_not_ascii_travel_unharmed(file):
    after = created().with_delegation(
        "équipe/発", keys=authority("team"), grant=PathPatterns(("acme/*",))
    )
    request = planned(created(), after, now=NOW).drafts["équipe/発"].request

    request.write(file)

    assert request == SigningRequest.read(file)


def test_a_file_that_is_not_there_is_the_machines_fault(tmp_path):
    request = plan().drafts[TARGETS].request
    for attempt in (
        lambda: SigningRequest.read(tmp_path / "none"),
        lambda: SigningRequest.read(tmp_path),
        lambda: request.write(tmp_path / "none" / "request.json"),
        lambda: Signature.read(tmp_path / "none"),
        lambda: Signature.read(tmp_path),
        lambda: request.sign(signer("bob")).write(tmp_path),
    ):
        with pytest.raises(StorageError):
            attempt()


# -- who signs --------------------------------------------------------------------------


class Counting:
    """A signer that knows how often it was used."""

    def __init__(self, name):
        self.signer, self.used = signer(name), 0

    @property
    def key(self):
        return self.signer.key

    def sign(self, payload):
        self.used += 1
        return self.signer.sign(payload)


def test_a_key_that_nobody_asked_does_not_even_sign():
    """P83."""
    carol = Counting("carol")

    with pytest.raises(SigningError, match="nobody asked it to sign targets"):
        plan().drafts[TARGETS].request.sign(carol)
    assert 0 == carol.used


def test_a_key_that_is_unusable_is_never_asked():
    """Two of them have no material in common; "none" is nobody's fingerprint."""
    broken = Key(keytype="quantum", scheme="q", keyval=FrozenMap({"public": "a"}))
    request = attrs.evolve(
        plan().drafts[TARGETS].request, authorities=(Authority.of(broken, key("alice")),)
    )

    assert not request.asks(broken)
    assert not request.asks(attrs.evolve(broken, keyval=FrozenMap()))


def test_a_signature_goes_by_the_id_under_which_the_key_is_listed():
    listed = Authority(FrozenMap({KeyId("bobs"): key("bob")}), 1)
    plan = planned(created(targets=listed), created(targets=listed), now=NOW)

    signature = plan.drafts[TARGETS].request.sign(signer("bob"))

    assert "bobs" == signature.keyid
    assert (0,) == plan.with_signature(signature).drafts[TARGETS].missing
    assert {"bobs"} == set(plan.with_signature(signature).drafts[TARGETS].signatures)


def test_other_kinds_of_keys_sign_as_well(tmp_path):
    p256 = p256_signer("alice")
    before = created(targets=Authority.of(p256.key))
    plan = signed(planned(before, before, now=NOW), "root", "online")
    (request,) = plan.requests
    request.write(tmp_path / "r")
    SigningRequest.read(tmp_path / "r").sign(p256).write(tmp_path / "s")

    assert plan.with_signature(Signature.read(tmp_path / "s")).publication()


def test_a_request_is_about_the_bytes_it_shows_and_no_others(file):
    """What is signed is what was parsed for the statement; a changed file, another payload."""
    request = plan().drafts[TARGETS].request
    request.write(file)
    file.write_text(file.read_text().replace("a" * 64, "b" * 64))

    changed = SigningRequest.read(file)

    assert "b" * 64 in str(changed)
    assert b"b" * 64 in changed.payload
    with pytest.raises(SigningError, match="earlier request"):
        plan().with_signature(changed.sign(signer("bob")))


def test_a_signature_for_last_years_request_is_refused():
    before = created()
    earlier = planned(before, tagged(before), now=NOW - SECOND).drafts[TARGETS].request

    with pytest.raises(SigningError, match="earlier request"):
        planned(before, tagged(before), now=NOW).with_signature(earlier.sign(signer("alice")))


# -- hostile files ----------------------------------------------------------------------


def refuse_or_read(path, raw, read):
    """What is read can be shown; everything else is refused in words that can be shown."""
    path.write_bytes(raw)
    try:
        said = str(read(path))
    except (MalformedError, StorageError) as error:
        said = str(error)
    for line in said.splitlines():
        assert line.isprintable()
    assert said


@given(st.binary(max_size=200))
def test_bytes_that_are_no_request_are_malformed(scratch, raw):
    refuse_or_read(scratch, raw, SigningRequest.read)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_signature_are_malformed(scratch, raw):
    refuse_or_read(scratch, raw, Signature.read)


def test_a_request_with_any_one_node_replaced_is_read_or_malformed(scratch):
    """T-23."""
    for request in (plan().drafts[TARGETS].request, rotation().drafts[ROOT].request):
        request.write(scratch)
        for mutation in mutations(json.loads(scratch.read_bytes())):
            refuse_or_read(scratch, json.dumps(mutation).encode(), SigningRequest.read)


def test_a_document_with_any_one_node_replaced_is_read_or_malformed(scratch):
    """T-23: inside the document that the request holds."""
    request = plan().drafts[TARGETS].request
    request.write(scratch)
    outer = json.loads(scratch.read_bytes())
    for mutation in mutations(json.loads(outer["document"])):
        inner = json.dumps(mutation)
        refuse_or_read(
            scratch, json.dumps({**outer, "document": inner}).encode(), SigningRequest.read
        )


def test_a_signature_with_any_one_node_replaced_is_read_or_malformed(scratch):
    for mutation in mutations({"keyid": "a" * 64, "sig": "00" * 64}):
        refuse_or_read(scratch, json.dumps(mutation).encode(), Signature.read)


@pytest.mark.parametrize(
    ("role", "type_"),
    [
        (ROOT, TARGETS),
        (SNAPSHOT, TIMESTAMP),
        (TIMESTAMP, SNAPSHOT),
        (TARGETS, ROOT),
        ("team", ROOT),
        ("team", SNAPSHOT),
        ("team", "team"),
    ],
)
def test_a_request_cannot_call_a_role_what_it_is_not(file, role, type_):
    """T-98: what a signer is told must be what is signed."""
    request = plan().drafts[TARGETS].request
    request.write(file)
    value = json.loads(file.read_bytes())
    file.write_text(json.dumps({**value, "role": role, "type": type_}))

    with pytest.raises(MalformedError):
        SigningRequest.read(file)


@pytest.mark.parametrize("threshold", [0, -1, True, "1", None, 1.0])
def test_a_request_cannot_ask_for_no_signatures(file, threshold):
    """T-24."""
    plan().drafts[TARGETS].request.write(file)
    value = json.loads(file.read_bytes())
    value["authorities"][0]["threshold"] = threshold
    file.write_text(json.dumps(value))

    with pytest.raises(MalformedError):
        SigningRequest.read(file)


@pytest.mark.parametrize("read", [SigningRequest.read, Signature.read])
@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b"\xff\xfe", b'"\\ud800"', b"1" * 50_000, b"{}", b"null", b""]
)
def test_hostile_json_is_malformed(file, read, raw):
    """P22, P26, P27, T-10."""
    file.write_bytes(raw)

    with pytest.raises(MalformedError):
        read(file)


def test_a_file_without_end_is_not_read_to_its_end(file):
    """T-60: a sparse file of a terabyte takes no room on a stick."""
    with file.open("wb") as sparse:
        sparse.truncate(2**40 if sys.platform == "linux" else 2**27)

    for read in (SigningRequest.read, Signature.read):
        with pytest.raises(MalformedError):
            read(file)


def test_a_file_that_is_longer_than_any_request_is_refused_unread(file):
    """Blanks after a request that would be read otherwise."""
    plan().drafts[TARGETS].request.write(file)
    with file.open("ab") as padded:
        padded.write(b" " * 64_000_000)

    with pytest.raises(MalformedError, match="at most 64000000 bytes"):
        SigningRequest.read(file)


@pytest.mark.parametrize("kind", ["trustlib signing request 2", "", None, 1])
def test_a_request_of_another_kind_is_refused(file, kind):
    """A later version may ask for something that this one does not understand."""
    plan().drafts[TARGETS].request.write(file)
    value = json.loads(file.read_bytes())
    file.write_text(json.dumps({**value, "kind": kind}))

    with pytest.raises(MalformedError, match="signing request 1"):
        SigningRequest.read(file)


@pytest.mark.parametrize("role", [ROOT, SNAPSHOT, TIMESTAMP])
def test_a_root_cannot_be_asked_for_under_another_name(file, role):
    """T-98: the file says "root", and the request calls it a team's targets."""
    plan().drafts[role].request.write(file)
    value = json.loads(file.read_bytes())
    file.write_text(json.dumps({**value, "role": TEAM}))

    with pytest.raises(MalformedError, match="the type of the role 'acme/releases'"):
        SigningRequest.read(file)


# -- what the signer is told ------------------------------------------------------------


def told(role, name=None):
    raw = TUF_JSON.render(role)
    document = TUF_JSON.parse(type(role), raw, name=name)
    return str(SigningRequest(role=document.name, document=document, authorities=()))


def foreign(**changes):
    """What a request for targets with any JSON in it says."""
    value = json.loads(TUF_JSON.render(plan().outcome.targets[TARGETS]))["signed"]
    raw = signed_json({**value, **changes}, ())
    document = TUF_JSON.parse(Targets, raw)
    return str(SigningRequest(role=TARGETS, document=document, authorities=()))


def test_the_statement_of_targets_says_each_fact():
    after = tagged(
        created(), media_type="application/x", custom={"built": {"by": "ci"}, "n": 1}
    ).with_delegation(
        TEAM,
        keys=authority("team", "team2", threshold=2),
        grant=PathPatterns(("acme/*", "acme/team/*")),
        terminating=True,
    )

    said = 'with built = {"by":"ci"}, n = 1'
    who = f"2 of 2 keys ({key('team').id[:16]}, {key('team2').id[:16]})"
    keys = sorted(f"  key {key(name).id}, ed25519" for name in ("team", "team2"))

    text = str(planned(created(), after, now=NOW).drafts[TARGETS].request)

    assert [
        "targets of docker.io/acme, version 1, valid until 2031-01-01 12:00Z",
        f"  acme/app:1.4 is sha256:{'a' * 64}, 1573 bytes, application/x, {said}",
        f"  acme/releases may speak for acme/*, acme/team/*, and nobody after it: {who}",
        *keys,
    ] == text.splitlines()


def test_the_statement_of_a_root_says_who_signs():
    text = str(rotation().drafts[ROOT].request)

    assert "root of docker.io/acme, version 2, valid until 2031-01-01 12:00Z" in text
    assert f"  root: 1 of 1 keys ({key('root2').id[:16]})" in text.splitlines()
    assert f"  targets: 1 of 1 keys ({key('alice').id[:16]})" in text.splitlines()
    assert "consistent" not in text
    in_place = attrs.evolve(created().root, version=1, consistent_snapshot=False)
    assert "no consistent snapshots" in told(in_place)


def test_the_statements_of_snapshot_and_timestamp_say_what_they_list():
    snapshot = str(plan().drafts[SNAPSHOT].request).splitlines()[1:]
    timestamp = str(plan().drafts[TIMESTAMP].request).splitlines()[1:]

    assert ["  acme/releases is at version 1", "  targets is at version 1"] == sorted(snapshot)
    assert ["  the latest snapshot is version 1"] == timestamp


def test_the_statement_follows_the_bytes_and_not_what_the_request_says_of_them(file):
    """The name apart, nothing outside of what is signed is shown."""
    request = plan().drafts[TARGETS].request
    request.write(file)
    value = json.loads(file.read_bytes())
    document = json.loads(value["document"])
    document["extra"] = "acme/app:1.4 is harmless"
    file.write_text(
        json.dumps({**value, "document": json.dumps(document), "statement": "harmless"})
    )

    assert str(request) == str(SigningRequest.read(file))


def test_a_key_is_shown_by_its_fingerprint_and_not_by_what_it_is_called():
    """Ids are opaque: a request could list a thief's key under the id of the right one."""
    honest, thief = key("root"), key("carol")
    root = created(root=Authority(FrozenMap({honest.id: thief}), 1)).root

    text = told(attrs.evolve(root, version=1))

    assert f"root: 1 of 1 keys ({thief.id[:16]} listed as {honest.id})" in text
    assert f"({honest.id[:16]}" not in text


def test_a_key_that_never_counts_is_shown_as_one():
    broken = Key(keytype="quantum", scheme="q", keyval=FrozenMap({"public": "a"}))
    root = created().root
    root = attrs.evolve(
        root,
        version=1,
        keys=root.keys.including({broken.id: broken}),
        roles=root.roles.including(
            {ROOT: attrs.evolve(root.roles[ROOT], keyids=(key("root").id, broken.id))}
        ),
    )

    assert f"1 of 2 keys ({key('root').id[:16]}, {broken.id[:16]} that never counts)" in told(root)


def test_bins_and_hash_prefixes_are_put_into_words():
    bins = {
        "keys": {},
        "succinct_roles": {"keyids": [], "threshold": 1, "bit_length": 4, "name_prefix": "b"},
    }
    prefix = {
        "keys": {},
        "roles": [
            {"name": "r", "keyids": [], "threshold": 1, "path_hash_prefixes": ["0a", ""]},
            {"name": "n", "keyids": [], "threshold": 1, "paths": []},
            {"name": "m", "keyids": [], "threshold": 1, "path_hash_prefixes": []},
        ],
    }

    assert "16 bins b-… may speak for everything: 1 of 0 keys" in foreign(delegations=bins)
    text = foreign(delegations=prefix)
    assert "r may speak for paths whose hash begins with '0a', '': 1 of 0 keys" in text
    assert "n may speak for nothing" in text
    assert "m may speak for paths whose hash begins with nothing" in text


def test_the_largest_number_of_bins_is_put_into_words_at_once():
    bins = {"keyids": [], "threshold": 1, "bit_length": 32, "name_prefix": "b"}

    assert "4294967296 bins" in foreign(delegations={"keys": {}, "succinct_roles": bins})


def test_members_that_nobody_knows_are_named_wherever_they_stand():
    alice = json.loads(TUF_JSON.render(created().root))["signed"]["keys"][key("alice").id]
    grant = {"name": "r", "keyids": [key("alice").id], "threshold": 1, "paths": [], "x-grant": 1}
    delegations = {
        "keys": {key("alice").id: {**alice, "x-key": 1}},
        "roles": [grant],
        "x-delegations": 1,
    }
    target = {"length": 1, "hashes": {"sha256": "a" * 64}, "x-target": 1}

    text = foreign(delegations=delegations, targets={"t": target}, **{"x-top": 1})

    for name in ("x-grant", "x-key", "x-delegations", "x-target", "x-top"):
        assert name in text
    meta = attrs.evolve(
        plan().outcome.timestamp.snapshot,
        length=7,
        hashes=FrozenMap({"sha256": "b" * 64}),
        extra=FrozenMap({"x-meta": 1}),
    )
    assert f"version 1, 7 bytes, sha256:{'b' * 64}, and unknown x-meta" in told(
        attrs.evolve(plan().outcome.timestamp, snapshot=meta)
    )


HOSTILE = "\x1b[2J\r\n\u202e\u2028\x00\x9bx"


def test_no_text_in_the_bytes_can_garble_a_terminal_or_fake_a_line():
    grants = [
        {"name": HOSTILE, "keyids": [HOSTILE], "threshold": 1, "paths": [HOSTILE], HOSTILE: 1},
    ]
    hostile_key = {"keytype": HOSTILE, "scheme": HOSTILE, "keyval": {}, HOSTILE: 1}
    target = {
        "length": 1,
        "hashes": {HOSTILE: HOSTILE},
        "custom": {HOSTILE: HOSTILE, "mediaType": HOSTILE},
        HOSTILE: 1,
    }

    text = foreign(
        delegations={"keys": {HOSTILE: hostile_key}, "roles": grants, HOSTILE: 1},
        targets={HOSTILE: target},
        **{HOSTILE: 1, "x-trustlib-collection": HOSTILE},
    )

    assert 6 == len(text.splitlines())
    assert all(line.isprintable() for line in text.splitlines())


def test_no_text_in_a_root_or_snapshot_can_garble_a_terminal():
    root = created(root=Authority(FrozenMap({HOSTILE: key("root")}), 1)).root
    root = attrs.evolve(root, version=1, roles=root.roles.including({HOSTILE: root.roles[ROOT]}))
    snapshot = plan().outcome.snapshot
    snapshot = attrs.evolve(snapshot, meta=FrozenMap({HOSTILE: plan().outcome.timestamp.snapshot}))

    for text, lines in ((told(root), 9), (told(snapshot), 2), (told(tagged_team(), HOSTILE), 2)):
        assert lines == len(text.splitlines())
        assert all(line.isprintable() for line in text.splitlines())


def tagged_team():
    return plan().outcome.targets[TEAM]


def test_a_name_without_end_is_shown_from_both_ends():
    """The tag is at the end of a path."""
    text = foreign(targets={f"acme/{'x' * 9_000}:1.4": {"length": 1, "hashes": {"h": "1" * 9_000}}})

    assert len(text) < 2_000
    assert "acme/xxx" in text
    assert "xxx:1.4 (9009 characters, sha256 " in text


def test_the_longest_names_and_digests_that_images_have_are_shown_whole():
    path = "/".join(["a" * 60] * 4) + ":" + "t" * 128
    after = created().with_tag(path, digest="sha512:" + "0123456789abcdef" * 8, size=1)

    text = str(planned(created(), after, now=NOW).drafts[TARGETS].request)

    assert path in text
    assert "0123456789abcdef" * 8 in text
