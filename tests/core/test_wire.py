"""Reading TUF's JSON: strict, without loss, and nothing but MalformedError."""

import copy
import json

import attrs
import pytest
from core.worlds import (
    LATER,
    World,
    as_json,
    bogus,
    grant,
    keyids,
    keys,
    signed,
    signed_json,
    signer,
    signers,
    targets_role,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap, freeze
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.errors import MalformedError, ThresholdError
from trustlib.keys import Key, Signature
from trustlib.roles import (
    Authority,
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
from trustlib.verify import verify
from trustlib.wire import COLLECTION, TUF_JSON

KINDS = {ROOT: Root, TIMESTAMP: Timestamp, SNAPSHOT: Snapshot, TARGETS: Targets}


def full():
    """A repository that uses everything there is."""
    world = World.create().delegating(
        grant("a", "a/*", "b/?"), grant("b", prefixes=("00", "f")), a=targets_role("a/x")
    )
    for name in TOP_LEVEL:
        world = world.edited(name, collection="acme")
    listed = {"app": attrs.evolve(world.targets.targets["app"], custom=FrozenMap({"k": "v"}))}
    return world.edited(TARGETS, targets=FrozenMap(listed)).sealed()


FULL = full()
BINS = attrs.evolve(
    FULL.targets,
    delegations=Delegations(
        keys=keys("bins"),
        roles=SuccinctRoles(keyids=keyids("bins"), threshold=1, bit_length=4, name_prefix="bin"),
    ),
)
ROLES = {**{name: FULL.role(name) for name in TOP_LEVEL}, "bins": BINS}


def kind_of(name):
    return KINDS.get(name, Targets)


def parse(name, value, signatures=()):
    raw = compact({"signatures": list(signatures), "signed": value}).encode()
    return TUF_JSON.parse(kind_of(name), raw)


def edited(name, path, value):
    """The JSON of the role *name* with *value* at *path*; ``...`` removes what is there."""
    whole = json.loads(compact(as_json(ROLES[name])))
    at = whole
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return whole


def refused(name, path, value, says=None):
    with pytest.raises(MalformedError) as error:
        parse(name, edited(name, path, value))
    assert error.value.path.startswith("$.signed")
    if says:
        assert says == error.value.path
    return error.value


def accepted(name, path, value):
    return parse(name, edited(name, path, value)).unverified


# -- parse and render are inverse -------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
).map(freeze)


def maps(keys, values, **more):
    return st.dictionaries(keys, values, max_size=3, **more).map(FrozenMap)


extras = maps(texts.map("x-{}".format), jsons)
versions = st.integers(1, 2**53 - 1)
thresholds = st.integers(1, 9)
ids = st.lists(texts, unique=True, max_size=3).map(tuple)
dates = st.datetimes(
    min_value=LATER.replace(year=1000, tzinfo=None), timezones=st.just(LATER.tzinfo)
).map(lambda moment: moment.replace(microsecond=0))
hexes = {n: st.text("0123456789abcdef", min_size=n, max_size=n) for n in (64, 128)}
hashes = st.one_of(
    hexes[64].map(lambda h: {"sha256": h}),
    hexes[128].map(lambda h: {"sha512": h}),
    st.builds(lambda a, b, c: {"sha256": a, "sha512": b, "md5": c}, hexes[64], hexes[128], texts),
    texts.map(lambda t: {"unknown": t}),
).map(FrozenMap)
key_objects = st.builds(Key, keytype=texts, scheme=texts, keyval=maps(texts, jsons), extra=extras)
keysets = st.builds(KeySet, keyids=ids, threshold=thresholds, extra=extras)
metafiles = st.builds(
    MetaFile,
    version=versions,
    length=st.none() | st.integers(1, 2**53 - 1),
    hashes=st.just(FrozenMap()) | hashes,
    extra=extras,
)
targets = st.builds(
    Target,
    length=st.integers(0, 2**53 - 1),
    hashes=hashes,
    custom=st.none() | maps(texts, jsons),
    extra=extras,
)
names = texts.filter(lambda name: name and name not in TOP_LEVEL)
grants = st.builds(
    Delegation,
    name=names,
    keyids=ids,
    threshold=thresholds,
    grant=st.lists(texts, max_size=3).map(tuple).map(PathPatterns)
    | st.lists(st.text("0123456789abcdef", max_size=64), max_size=3).map(tuple).map(HashPrefixes),
    terminating=st.booleans(),
    extra=extras,
)
delegations = st.builds(
    Delegations,
    keys=maps(texts, key_objects),
    roles=st.lists(grants, unique_by=lambda one: one.name, max_size=3).map(tuple)
    | st.builds(
        SuccinctRoles,
        keyids=ids,
        threshold=thresholds,
        bit_length=st.integers(1, 32),
        name_prefix=texts,
        extra=extras,
    ),
    extra=extras,
)
heads = {
    "version": versions,
    "expires": dates,
    "collection": st.none() | texts,
    "spec_version": st.sampled_from(["1.0", "1.0.34", "1.999.0"]),
    "extra": extras,
}
roles = st.one_of(
    st.builds(
        Root,
        **heads,
        keys=maps(texts, key_objects),
        roles=st.builds(
            lambda most, more: FrozenMap({**more, **most}),
            st.fixed_dictionaries(dict.fromkeys(TOP_LEVEL, keysets)),
            st.dictionaries(texts, keysets, max_size=2),
        ),
        consistent_snapshot=st.booleans(),
    ),
    st.builds(Timestamp, **heads, snapshot=metafiles),
    st.builds(Snapshot, **heads, meta=maps(texts, metafiles)),
    st.builds(Targets, **heads, targets=maps(texts, targets), delegations=st.none() | delegations),
)
offers = st.lists(
    st.builds(Signature, texts, st.binary(max_size=8)), unique_by=lambda s: s.keyid, max_size=3
).map(tuple)


@settings(max_examples=150)
@given(roles, offers)
def test_what_is_rendered_is_what_is_parsed(role, signatures):
    raw = TUF_JSON.render(role, signatures)

    read = TUF_JSON.parse(type(role), raw)

    assert role == read.unverified
    assert signatures == read.signatures
    assert raw == read.raw
    assert TUF_JSON.payload(role) == read.payload
    assert raw == TUF_JSON.render(read.unverified, read.signatures)


def test_a_date_before_the_year_1000_is_rendered_as_it_is_read():
    value = edited(TIMESTAMP, ["expires"], "0999-01-01T00:00:00Z")
    role = parse(TIMESTAMP, value).unverified

    assert role == TUF_JSON.parse(Timestamp, TUF_JSON.render(role)).unverified


def test_a_document_is_called_by_its_role():
    raw = FULL.raw("a")

    assert TARGETS == TUF_JSON.parse(Targets, raw).name
    assert "a" == TUF_JSON.parse(Targets, raw, name="a").name
    with pytest.raises(MalformedError) as error:
        TUF_JSON.parse(Targets, b"", name="a")
    assert "a.json" == error.value.document


# -- what is under the signatures is what was received ----------------------------------


def every_object(value, path=()):
    if isinstance(value, dict):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            yield from every_object(inner, (*path, key))


OPEN = [  # objects that TUF lets anybody add members to
    (name, path)
    for name, role in ROLES.items()
    for path in every_object(json.loads(compact(as_json(role))))
    if path[-1:] not in ((("keys"),), ("roles",), ("meta",), ("hashes",), ("targets",))
    or path[-2:] == ("roles", "targets")  # root's entry for the role
]


@pytest.mark.parametrize(("name", "path"), OPEN, ids=str)
def test_members_nobody_knows_are_kept_and_signed_over(name, path):
    value = edited(name, (*path, "x-unknown"), {"deep": [1, None, True, "é\n"]})
    raw = signed_json(value, [signer("alice")])
    read = TUF_JSON.parse(kind_of(name), raw)

    assert value == json.loads(TUF_JSON.render(read.unverified))["signed"]
    assert canonical(value) == read.payload
    assert verify(read, Authority.of(signer("alice").key))
    other = raw.replace(b'"deep"', b'"deed"')
    with pytest.raises(ThresholdError):
        verify(TUF_JSON.parse(kind_of(name), other), Authority.of(signer("alice").key))


def test_a_pretty_printed_file_verifies():
    raw = json.dumps(json.loads(FULL.raw(ROOT)), indent=4, sort_keys=False).encode()
    read = TUF_JSON.parse(Root, raw)

    assert raw == read.raw
    assert verify(read, read.unverified.authority(ROOT))


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_an_equal_spelling_of_a_value_does_not_verify(name):
    """P19: signatures cover the value received, not our model of it."""
    who = Authority.of(signer(name).key)
    spellings = [("1.0.34", "1.0.033"), ("1.0.34", "1.0")]
    for old, new in spellings:
        raw = FULL.raw(name).replace(old.encode(), new.encode())
        with pytest.raises(ThresholdError):
            verify(TUF_JSON.parse(kind_of(name), raw), who)
    for new in (b"2030-01-31T12:00:00+00:00", b"2030-01-31t12:00:00z", b"2030-01-31T12:00:00.0Z"):
        raw = FULL.raw(name).replace(b"2030-01-31T12:00:00Z", new)
        assert raw != FULL.raw(name)
        with pytest.raises(MalformedError):
            TUF_JSON.parse(kind_of(name), raw)


def test_each_default_that_is_spelled_out_after_signing_spoils_the_signature():
    """P19 for other members: terminating false, and paths of none, mean what absence means."""
    value = edited(TARGETS, ["delegations", "roles", 0, "terminating"], ...)
    raw = signed_json(value, [signer("alice")])
    spelled = raw.replace(b'"threshold":1}', b'"terminating":false,"threshold":1}', 1)
    both = [TUF_JSON.parse(Targets, one) for one in (raw, spelled)]

    assert both[0].unverified == both[1].unverified
    assert verify(both[0], Authority.of(signer("alice").key))
    with pytest.raises(ThresholdError):
        verify(both[1], Authority.of(signer("alice").key))


@pytest.mark.parametrize("name", [ROOT, TIMESTAMP])
def test_a_flipped_byte_never_verifies_as_another_value(name):
    raw, kind = FULL.raw(name), kind_of(name)
    who = Authority.of(signer(name).key)
    good = TUF_JSON.parse(kind, raw).unverified

    for at in range(len(raw)):
        for flip in (0x01, 0x20, 0x80):
            spoilt = raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]
            try:
                assert good == verify(TUF_JSON.parse(kind, spoilt), who).role
            except (MalformedError, ThresholdError):
                continue


# -- members outside the signatures -----------------------------------------------------


def test_unsigned_members_are_ignored():
    """T-45."""
    value = json.loads(FULL.raw(TIMESTAMP))
    value["signatures"][0].update({"method": "none", "scheme": "none", "version": 9})
    value.update({"version": 9, "expires": "never", "signedx": {}, "_type": "root"})
    raw = compact(value).encode()

    assert (
        TUF_JSON.parse(Timestamp, FULL.raw(TIMESTAMP)).unverified
        == TUF_JSON.parse(Timestamp, raw).unverified
    )
    read = TUF_JSON.parse(Timestamp, raw)
    assert verify(read, Authority.of(signer(TIMESTAMP).key))


@pytest.mark.parametrize("gone", ["signed", "signatures"])
def test_a_file_without_a_part_is_refused(gone):
    value = json.loads(FULL.raw(TIMESTAMP))
    del value[gone]

    with pytest.raises(MalformedError) as error:
        TUF_JSON.parse(Timestamp, compact(value).encode())
    assert "$" == error.value.path


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (None, "$.signatures[0]"),
        ({}, "$.signatures[0]"),
        ({"keyid": "a"}, "$.signatures[0]"),
        ({"sig": "00"}, "$.signatures[0]"),
        ({"keyid": 1, "sig": "00"}, "$.signatures[0].keyid"),
        ({"keyid": "a", "sig": 0}, "$.signatures[0].sig"),
        ({"keyid": "a", "sig": None}, "$.signatures[0].sig"),
    ],
)
def test_what_is_no_signature_is_refused(entry, path):
    with pytest.raises(MalformedError) as error:
        parse(TIMESTAMP, as_json(FULL.timestamp), [entry])

    assert path == error.value.path


@pytest.mark.parametrize("sig", ["", "0", "zz", "0x00", "00 ", " 00", "00\n", "０0", "-1", "+1"])
def test_a_signature_that_is_no_hex_verifies_nothing_and_is_no_error(sig):
    read = parse(TIMESTAMP, as_json(FULL.timestamp), [{"keyid": "a", "sig": sig}])

    assert (Signature("a", b""),) == read.signatures


def test_a_signature_may_be_in_upper_case():
    read = parse(TIMESTAMP, as_json(FULL.timestamp), [{"keyid": "a", "sig": "AbcD"}])

    assert (Signature("a", b"\xab\xcd"),) == read.signatures


def test_one_key_id_signs_once():
    """T-02: not even an empty signature may come first or later."""
    for first, second in (("00", "00"), ("00", "01"), ("", "00"), ("00", "")):
        with pytest.raises(MalformedError) as error:
            parse(
                TIMESTAMP,
                as_json(FULL.timestamp),
                [
                    {"keyid": "a", "sig": first},
                    {"keyid": "b", "sig": "00"},
                    {"keyid": "a", "sig": second},
                ],
            )
        assert "$.signatures[2].keyid" == error.value.path


def test_4096_signatures_are_read_and_more_are_refused():
    """T-01."""
    many = tuple(bogus(str(n), 1) for n in range(4097))

    assert 4096 == len(
        TUF_JSON.parse(Timestamp, TUF_JSON.render(FULL.timestamp, many[:4096])).signatures
    )
    with pytest.raises(MalformedError) as error:
        TUF_JSON.parse(Timestamp, TUF_JSON.render(FULL.timestamp, many))
    assert "$.signatures" == error.value.path


# -- every node replaced ----------------------------------------------------------------


def every_node(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from every_node(inner, (*path, key))


@pytest.mark.parametrize("name", list(ROLES))
@pytest.mark.parametrize(
    "value", [None, [], {}, 1, -1, "", "a", True, [None], {"": None}], ids=repr
)
def test_whatever_stands_anywhere_nothing_but_malformed_escapes(name, value):
    """T-23; and what is accepted can be rendered, asked and verified."""
    whole = json.loads(signed(ROLES[name], signers("alice")))
    for path in every_node(whole):
        spoilt = copy.deepcopy(whole)
        at = spoilt
        for step in path[:-1]:
            at = at[step]
        if path:
            at[path[-1]] = value
        else:
            spoilt = value
        try:
            read = TUF_JSON.parse(kind_of(name), compact(spoilt).encode())
        except MalformedError:
            continue
        TUF_JSON.render(read.unverified, read.signatures)
        with pytest.raises(ThresholdError):
            verify(read, Authority.of(signer("nobody").key))
        if name == ROOT:
            for role in TOP_LEVEL:
                for key in read.unverified.authority(role).keys.values():
                    key.verifies(b"", b"")


MANDATORY = {
    ROOT: [
        ("keys",), ("roles",), *(("roles", name) for name in TOP_LEVEL),
        ("roles", "root", "keyids"), ("roles", "root", "threshold"),
        *(("keys", keyids("root")[0], member) for member in ("keytype", "scheme", "keyval")),
    ],
    TIMESTAMP: [("meta",), ("meta", "snapshot.json"), ("meta", "snapshot.json", "version")],
    SNAPSHOT: [("meta",), ("meta", "targets.json", "version")],
    TARGETS: [
        ("targets",), ("targets", "app", "length"), ("targets", "app", "hashes"),
        ("delegations", "keys"), ("delegations", "roles"),
        *(("delegations", "roles", 0, member) for member in ("name", "keyids", "threshold")),
    ],
    "bins": [
        ("delegations", "succinct_roles"),
        *(("delegations", "succinct_roles", member)
          for member in ("keyids", "threshold", "bit_length", "name_prefix")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", list(ROLES))
def test_what_must_be_there_must_be_there(name):
    head = [("_type",), ("spec_version",), ("version",), ("expires",)]
    for path in [*head, *MANDATORY[name]]:
        refused(name, path, ...)


# -- numbers ----------------------------------------------------------------------------

THRESHOLDS = [
    (ROOT, ("roles", "root", "threshold")),
    (TARGETS, ("delegations", "roles", 0, "threshold")),
    ("bins", ("delegations", "succinct_roles", "threshold")),
]
VERSIONS = [
    *((name, ("version",)) for name in ROLES),
    (TIMESTAMP, ("meta", "snapshot.json", "version")),
    (SNAPSHOT, ("meta", "targets.json", "version")),
]


@pytest.mark.parametrize(("name", "path"), [*THRESHOLDS, *VERSIONS], ids=str)
def test_thresholds_and_versions_are_integers_from_one(name, path):
    """T-24, P03 to P10, T-42."""
    for wrong in (0, -1, True, False, "1", None, [], {}, 2**53, 2**63 - 1):
        refused(name, path, wrong, "$.signed" + says(path))
    for right in (1, 2, 2**31, 2**53 - 1):
        accepted(name, path, right)


@pytest.mark.parametrize("spelled", ["1.0", "1.5", "1e0", "NaN", "Infinity", "-0", "9" * 25])
@pytest.mark.parametrize(("name", "path"), [*THRESHOLDS, *VERSIONS], ids=str)
def test_what_is_no_integer_in_json_is_refused(name, path, spelled):
    """T-24, T-10, P25, P10: 2**70 is one as well."""
    raw = compact({"signatures": [], "signed": edited(name, path, "HERE")})

    with pytest.raises(MalformedError):
        TUF_JSON.parse(kind_of(name), raw.replace('"HERE"', spelled).encode())


def says(path):
    return "".join(
        f"[{step}]"
        if isinstance(step, int)
        else f".{step}"
        if step.isidentifier()
        else f'["{step}"]'
        for step in path
    )


def test_lengths_of_targets_are_integers_from_zero():
    """P64, P51."""
    path = ("targets", "app", "length")
    for wrong in (-1, True, "5", None, 2**53):
        refused(TARGETS, path, wrong, "$.signed.targets.app.length")

    assert 0 == accepted(TARGETS, path, 0).targets["app"].length


@pytest.mark.parametrize(("name", "file"), [(TIMESTAMP, "snapshot.json"), (SNAPSHOT, "a.json")])
def test_lengths_of_metadata_are_integers_from_one_or_absent(name, file):
    """P51, P64."""
    path = ("meta", file, "length")
    for wrong in (0, -1, True, "5", None, 2**53):
        refused(name, path, wrong)

    accepted(name, path, 1)
    accepted(name, path, ...)


# -- the head ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ROLES))
def test_a_role_is_of_its_type(name):
    """T-98."""
    right = kind_of(name).NAME
    for wrong in {*TOP_LEVEL, "Root", "", "mirrors", "TIMESTAMP", "targets "} - {right}:
        refused(name, ("_type",), wrong, "$.signed._type")
    refused(name, ("_type",), None)
    refused(name, ("_type",), [right])


@pytest.mark.parametrize("name", list(ROLES))
def test_any_version_1_of_the_specification_is_read(name):
    """P13 to P17."""
    for right in ("1.0", "1.0.0", "1.0.34", "1.999.0", "1.1"):
        assert right == accepted(name, ("spec_version",), right).spec_version
    for wrong in (
        "2.0.0", "2.0", "0.9", "1", "1.", "1.0.", "1.0.0.0", "1.0.0-rc1", "1.0.0 ", " 1.0", "1.0\n",
        "١.٠", "1.०", "11.0", "v1.0", "", "1.-1", "1." + "9" * 10, "1.0." + "9" * 10, 1, None,
    ):  # fmt: skip
        refused(name, ("spec_version",), wrong, "$.signed.spec_version")


@pytest.mark.parametrize("name", list(ROLES))
def test_a_collection_is_a_string_if_it_is_there(name):
    for wrong in (None, 1, [], {}):
        refused(name, (COLLECTION,), wrong)

    assert "acme" == accepted(name, (COLLECTION,), "acme").collection
    assert None is accepted(name, (COLLECTION,), ...).collection


# -- root -------------------------------------------------------------------------------


def test_consistent_snapshot_is_true_or_false_and_absence_is_false():
    """P11."""
    for wrong in ("no", "false", "", 0, 1, None, []):
        refused(ROOT, ("consistent_snapshot",), wrong, "$.signed.consistent_snapshot")

    assert True is accepted(ROOT, ("consistent_snapshot",), True).consistent_snapshot
    assert False is accepted(ROOT, ("consistent_snapshot",), False).consistent_snapshot
    assert False is accepted(ROOT, ("consistent_snapshot",), ...).consistent_snapshot


def test_root_may_list_further_roles():
    """P40."""
    role = accepted(ROOT, ("roles", "mirrors"), {"keyids": [], "threshold": 1})

    assert Authority(FrozenMap(), 1) == role.authority("mirrors")


def test_keys_of_unknown_types_are_kept():
    """P41."""
    key = {"keytype": "x", "scheme": "y", "keyval": {"public": 1, "more": []}, "z": {}}
    role = accepted(ROOT, ("keys", "k"), key)

    assert None is role.keys["k"].material
    assert key == json.loads(TUF_JSON.render(role))["signed"]["keys"]["k"]


@pytest.mark.parametrize(
    ("name", "path"), [(name, (*path[:-1], "keyids")) for name, path in THRESHOLDS], ids=str
)
def test_a_role_names_every_key_id_once(name, path):
    refused(name, path, ["a", "a"], "$.signed" + says(path))
    refused(name, path, ["a", "b", "a"])
    refused(name, path, [1])
    refused(name, path, "ab")
    accepted(name, path, ["a", "A", "b"])
    accepted(name, path, [])


# -- timestamp and snapshot -------------------------------------------------------------


def test_a_timestamp_lists_the_snapshot_and_nothing_else():
    """P20."""
    for more in ("root.json", "targets.json", "", "snapshot"):
        refused(TIMESTAMP, ("meta", more), {"version": 1}, "$.signed.meta")


def test_a_snapshot_lists_files_that_end_in_json():
    for wrong in ("targets", "a.JSON", "a.json ", "json", ""):
        refused(SNAPSHOT, ("meta", wrong), {"version": 1}, "$.signed.meta")

    role = accepted(SNAPSHOT, ("meta", "a.json.json"), {"version": 7})
    assert MetaFile(version=7) == role.meta["a.json"]


HASHED = [
    (TIMESTAMP, ("meta", "snapshot.json", "hashes")),
    (SNAPSHOT, ("meta", "targets.json", "hashes")),
    (TARGETS, ("targets", "app", "hashes")),
]


@pytest.mark.parametrize(("name", "path"), HASHED, ids=str)
@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("sha512", 128)])
def test_a_hash_is_lower_case_hex_of_the_right_length(name, path, algorithm, digits):
    """T-44, P66."""
    for wrong in (
        "", "a" * 8, "a" * (digits - 2), "a" * (digits + 2), "A" * digits, "g" * digits,
        "../../evil?" + "a" * (digits - 11), "a" * (digits - 1) + "\n", "a" * digits + "\n", "٠" * digits,
        1, None,
    ):  # fmt: skip
        refused(name, path, {algorithm: wrong})
        refused(name, path, {"sha256": "a" * 64, "sha512": "a" * 128, algorithm: wrong})
    accepted(name, path, {algorithm: "a" * digits})


@pytest.mark.parametrize(("name", "path"), HASHED, ids=str)
def test_there_is_a_hash_where_there_are_hashes(name, path):
    """T-26."""
    refused(name, path, {}, "$.signed" + says(path))
    refused(name, path, None)
    refused(name, path, [])


@pytest.mark.parametrize(("name", "path"), HASHED, ids=str)
@pytest.mark.parametrize("algorithm", ["md5", "sha1", "SHA256", "blake2s"])
def test_hashes_of_unknown_algorithms_are_kept_and_anything(name, path, algorithm):
    """P30: whoever checks refuses what has no other."""
    accepted(name, path, {algorithm: "../whatever"})
    accepted(name, path, {algorithm: "A", "sha256": "a" * 64})
    refused(name, path, {algorithm: 1, "sha256": "a" * 64})


def test_metadata_may_be_listed_without_hashes():
    assert FrozenMap() == accepted(*HASHED[0], ...).snapshot.hashes


# -- targets ----------------------------------------------------------------------------


def test_custom_is_an_object_if_it_is_there():
    path = ("targets", "app", "custom")
    for wrong in (None, 1, "", []):
        refused(TARGETS, path, wrong, "$.signed.targets.app.custom")

    assert None is accepted(TARGETS, path, ...).targets["app"].custom
    assert FrozenMap() == accepted(TARGETS, path, {}).targets["app"].custom


@pytest.mark.parametrize("name", ["__proto__", "__class__", "constructor", "../x", "é", "\u0000"])
def test_names_are_nothing_special(name):
    """Prototype-like names, and those that file systems trip over."""
    entry = {"length": 1, "hashes": {"sha256": "a" * 64}}

    assert 1 == accepted(TARGETS, ("targets", name), entry).targets[name].length
    role = accepted(TARGETS, ("delegations", "roles", 0, "name"), name)
    assert name == role.delegations.roles[0].name


def test_delegations_have_one_kind_of_roles():
    both = {"keyids": [], "threshold": 1, "bit_length": 1, "name_prefix": "b"}

    refused(TARGETS, ("delegations", "succinct_roles"), both, "$.signed.delegations")
    refused(TARGETS, ("delegations", "roles"), ..., "$.signed.delegations")
    refused("bins", ("delegations", "roles"), [], "$.signed.delegations")
    refused(TARGETS, ("delegations",), None)
    assert None is accepted(TARGETS, ("delegations",), ...).delegations


def test_a_delegated_role_has_a_name_of_its_own():
    """T-99, P32."""
    for wrong in (*TOP_LEVEL, "", None, 1):
        refused(TARGETS, ("delegations", "roles", 0, "name"), wrong)
    for right in ("Root", "TARGETS", "root.json", "targets/releases", "n" * 300):
        accepted(TARGETS, ("delegations", "roles", 0, "name"), right)


def test_every_delegated_role_is_named_once():
    refused(TARGETS, ("delegations", "roles", 0, "name"), "b", "$.signed.delegations.roles")


def test_a_delegation_is_by_paths_or_by_prefixes():
    refused(TARGETS, ("delegations", "roles", 0, "path_hash_prefixes"), ["00"])
    refused(TARGETS, ("delegations", "roles", 1, "paths"), [])
    for member, at in (("paths", 0), ("path_hash_prefixes", 1)):
        for wrong in (None, "*", {}, [1]):
            refused(TARGETS, ("delegations", "roles", at, member), wrong)


def test_a_delegation_by_nothing_covers_nothing():
    """P43."""
    for at, member in ((0, "paths"), (1, "path_hash_prefixes")):
        for value in (..., []):
            path = ("delegations", "roles", at, member)
            one = accepted(TARGETS, path, value).delegations.roles[at]
            assert not any(map(one.covers, ("", "a", "a/x", "*")))


def test_terminating_is_true_or_false_and_absence_is_false():
    """P42."""
    path = ("delegations", "roles", 0, "terminating")
    for wrong in ("false", 0, 1, None, ""):
        refused(TARGETS, path, wrong)
    for value, expected in ((True, True), (False, False), (..., False)):
        assert expected is accepted(TARGETS, path, value).delegations.roles[0].terminating


@pytest.mark.parametrize("wrong", ["F", "0x", "g", " 0", "0\n", "٠", 0, None])
def test_hash_prefixes_are_lower_case_hex(wrong):
    refused(TARGETS, ("delegations", "roles", 1, "path_hash_prefixes"), ["00", wrong])


def test_hash_prefixes_may_have_an_odd_number_of_digits():
    accepted(
        TARGETS, ("delegations", "roles", 1, "path_hash_prefixes"), ["0", "abc", "0123456789abcdef"]
    )


def test_the_number_of_bins_is_a_power_of_two_up_to_32():
    path = ("delegations", "succinct_roles", "bit_length")
    for wrong in (0, -1, 33, 64, True, "4", None):
        refused("bins", path, wrong, "$.signed.delegations.succinct_roles.bit_length")
    for right in (1, 32):
        assert right == accepted("bins", path, right).delegations.roles.bit_length


def test_the_prefix_of_bins_is_a_string():
    for wrong in (1, None, []):
        refused("bins", ("delegations", "succinct_roles", "name_prefix"), wrong)


# -- arbitrary bytes --------------------------------------------------------------------


@settings(max_examples=200)
@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
)
def test_arbitrary_bytes_are_malformed(raw):
    for kind in KINDS.values():
        with pytest.raises(MalformedError):
            TUF_JSON.parse(kind, raw)


@settings(max_examples=200)
@given(st.data())
def test_cut_and_spliced_files_are_malformed_or_parsed(data):
    raw = FULL.raw(data.draw(st.sampled_from(TOP_LEVEL)))
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    spliced = raw[:start] + data.draw(st.binary(max_size=10)) + raw[end:]
    for kind in KINDS.values():
        try:
            TUF_JSON.parse(kind, spliced)
        except MalformedError:
            continue


# -- what is refused clearly ------------------------------------------------------------

MULTI_ROLE = {
    "name": "both",
    "paths": ["a/*"],
    "terminating": True,
    "min_roles_in_agreement": 2,
    "roleinfo": [
        {"rolename": "build", "keyids": [], "threshold": 1},
        {"rolename": "security", "keyids": [], "threshold": 1},
    ],
}


def multi_role_refused(path, value):
    sentence = str(refused(TARGETS, path, value))
    assert "this is a multi-role delegation (TAP 3), which is not supported in metadata" in sentence
    assert "RolesAgree" in sentence


def test_a_delegation_to_several_roles_at_once_is_refused_as_such():
    """TAP 3: whoever signed it wanted more than one of them; any one of them would be less."""
    roles = ("delegations", "roles", 0)
    one = json.loads(compact(as_json(FULL.targets)))["delegations"]["roles"][0]

    multi_role_refused(roles, MULTI_ROLE)
    multi_role_refused(roles, {**one, "min_roles_in_agreement": 1})
    multi_role_refused(roles, {**one, "roleinfo": []})
    multi_role_refused(("delegations",), [MULTI_ROLE])
    assert "$.signed.delegations" == refused(TARGETS, ("delegations",), [7, {}]).path
