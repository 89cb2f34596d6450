"""The first twelve roots of Sigstore, as they were published: ``sigstore-roots/<n>.root.json``.

In them are keys of legacy types and in hex, a key whose id is the hash of
something else, empty signatures, ``spec_version`` "1.0", and times with fractions.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from trustlib import (
    ROOT,
    TUF_JSON,
    TUF_JSON_RFC3339,
    Anchor,
    AsyncUpdater,
    ExpiredError,
    MalformedError,
    MemoryStorage,
    NoTrustDataError,
    Root,
    ThresholdError,
    TrustError,
    Updater,
)
from trustlib.trust import RootTrusted

VALID = datetime(2025, 8, 1, tzinfo=UTC)  # after the twelfth was signed, before it expired
EXPIRED = datetime(2025, 8, 19, 14, 33, 9, tzinfo=UTC)
LATEST = 12


@pytest.fixture
def roots(wild):
    folder = wild("sigstore-roots")
    return {n: (folder / f"{n}.root.json").read_bytes() for n in range(1, LATEST + 1)}


class Roots:
    """A repository of which only the roots are left."""

    def __init__(self, roots):
        self.files = {f"{n}.root.json": raw for n, raw in roots.items()}

    def fetch(self, request):
        raw = self.files.get(request.path)
        return None if raw is None else iter([raw])


def bootstrapped(raw, format, now=VALID):
    return RootTrusted.bootstrap(raw, now=now, format=format)


WALKS = [(4, TUF_JSON), (4, TUF_JSON_RFC3339), (1, TUF_JSON_RFC3339)]


@pytest.mark.parametrize(("first", "format"), WALKS)
def test_every_root_is_accepted_on_the_word_of_the_one_before(roots, first, format):
    stage = bootstrapped(roots[first], format)
    for number in range(first + 1, LATEST + 1):
        stage = stage.accept_root(roots[number])

        assert number == stage.root.role.version
        assert len(stage.root.signed_by) >= stage.root.role.authority(ROOT).threshold == 3


@pytest.mark.parametrize(("first", "format"), WALKS)
@pytest.mark.parametrize("kind", [Updater, AsyncUpdater])
def test_a_client_walks_to_the_latest_root_and_keeps_it(roots, first, format, kind):
    store = MemoryStorage()
    client = kind(
        anchor=Anchor.root(roots[first]),
        transport=Roots(roots),
        storage=store,
        format=format,
        clock=lambda: VALID,
    )

    with pytest.raises(NoTrustDataError) as error:  # the roots are all there is
        asyncio.run(client.refresh()) if kind is AsyncUpdater else client.refresh()

    assert "timestamp.json" == error.value.name
    assert roots[LATEST] == store.load("root.json")


def test_the_latest_root_is_good_until_it_expires(roots):
    """No timestamp is left to be accepted: one that is none is looked at after the root's expiry."""
    for now, refused in (
        (VALID, MalformedError),
        (EXPIRED - timedelta(seconds=1), MalformedError),
        (EXPIRED, ExpiredError),
    ):
        with pytest.raises(refused):
            bootstrapped(roots[LATEST], TUF_JSON, now).accept_timestamp(b"{}")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_first_three_want_the_wider_reader(roots, number):
    """P18."""
    role = bootstrapped(roots[number], TUF_JSON_RFC3339).root.role

    said = json.loads(roots[number])["signed"]["expires"]
    signed_at = datetime.fromisoformat(said)
    assert role.expires <= signed_at < role.expires + timedelta(seconds=1)
    with pytest.raises(MalformedError) as error:
        bootstrapped(roots[number], TUF_JSON)
    assert "$.signed.expires" == error.value.path


@pytest.mark.parametrize("number", range(2, LATEST + 1))
def test_no_root_is_accepted_out_of_turn_or_changed(roots, number):
    """T-31, P19: the tolerance is for how things are written, and for nothing else."""
    stage = bootstrapped(roots[number - 1], TUF_JSON_RFC3339)
    value = json.loads(roots[number])
    changed = {**value, "signed": {**value["signed"], "expires": "2999-01-01T00:00:00Z"}}

    assert stage.accept_root(json.dumps(value, indent=4).encode()).root.role.version == number
    with pytest.raises(ThresholdError):
        stage.accept_root(json.dumps(changed).encode())
    for other in set(roots) - {number}:
        with pytest.raises(TrustError):
            stage.accept_root(roots[other])


@pytest.mark.parametrize("number", range(2, LATEST + 1))
def test_two_of_its_signatures_are_not_enough_for_a_root(roots, number):
    """T-95: every one of them asks for three."""
    stage = bootstrapped(roots[number - 1], TUF_JSON_RFC3339)
    value = json.loads(roots[number])
    two = {**value, "signatures": value["signatures"][:2]}

    with pytest.raises(ThresholdError):
        stage.accept_root(json.dumps(two).encode())


def test_the_oddities_are_there(roots):
    """Or accepting these files would prove little."""
    values = {number: json.loads(raw) for number, raw in roots.items()}
    read = {n: TUF_JSON_RFC3339.parse(Root, raw).unverified for n, raw in roots.items()}

    assert {"1.0"} == {value["signed"]["spec_version"] for value in values.values()}
    legacy = {n for n, role in read.items() for k in role.keys.values() if k.keytype != "ecdsa"}
    in_hex = {n for n, role in read.items() for k in role.keys.values() if k.keyval["public"][:2] == "04"}  # fmt: skip
    misnamed = {n for n, role in read.items() for keyid, k in role.keys.items() if keyid != k.id}
    unsigned = {n for n, value in values.items() for s in value["signatures"] if s["sig"] == ""}
    assert set(range(1, 10)) >= legacy >= set(range(1, 5))
    assert {1, 2, 3, 4} == in_hex
    assert 11 in misnamed
    assert 12 in unsigned
    assert all(k.material for role in read.values() for k in role.keys.values())
