"""What a renewer signs, python-tuf's client accepts, over HTTP, from one renewal to the next."""

import attrs
from core.worlds import DAY, SECOND, signer
from interop.kinds import our_signer
from interop.test_interop_published import NOW, created, listing, of, publish

from trustlib import BY_HAND, RENEWED, Anchor, FileStorage, MemoryStorage, SigningPlan
from trustlib.publish import HASHES, Renewer


def renewer(*signers, **more):
    return Renewer(signers=signers or (signer("timestamp"), signer("snapshot")), **more)


def renewed(site, memory, robot, now=NOW):
    anchor = Anchor.root((site / "1.root.json").read_bytes())
    return robot.renewed(FileStorage.public(site), anchor=anchor, memory=memory, now=now).written


def test_every_renewal_is_followed_by_a_client_that_saw_the_last_one(judge, tmp_path):
    site, memory = tmp_path / "site", MemoryStorage()
    before = created()
    publish(site, before, listing(before, "app"))
    judge(site, known="old").refresh()
    eager = renewer(expiry=attrs.evolve(BY_HAND, snapshot=30 * DAY), ahead=0.99)
    for number in range(2, 6):
        written = renewed(site, memory, eager, NOW + number * DAY / 24)
        if number == 2:
            assert ("2.snapshot.json", "timestamp.json") == written
        client = judge(site, known="old")
        assert client.get_targetinfo("app").length
        eager = attrs.evolve(eager, ahead=0.9999)

    assert judge(site, known="new").get_targetinfo("app").length


def test_what_lists_hashes_is_renewed_with_hashes(judge, tmp_path):
    site = tmp_path / "site"
    before = created(detail=HASHES)
    after = listing(before, "app")
    plan = SigningPlan.between(
        before, after, now=NOW - DAY / 2, expiry=attrs.evolve(RENEWED, snapshot=DAY)
    )
    names = ("root", "targets", "snapshot", "timestamp")
    plan.signed_by(*map(signer, names)).publication().apply(FileStorage.public(site))
    judge(site, known="old").refresh()

    written = renewed(site, MemoryStorage(), renewer(), NOW + SECOND)

    assert ("2.snapshot.json", "timestamp.json") == written
    assert b'"hashes":{"sha256"' in (site / "timestamp.json").read_bytes()
    assert judge(site, known="old").get_targetinfo("app").length


def test_keys_whose_signatures_are_never_the_same_twice_renew_as_well(judge, tmp_path):
    """ECDSA and RSA-PSS roll dice."""
    site = tmp_path / "site"
    keys = [our_signer(kind) for kind in ("ecdsa-sha2-nistp256", "rsassa-pss-sha256")]
    before = created(timestamp=of(*keys, threshold=2), snapshot=of(*keys, threshold=2))
    publish(site, before, listing(before, "app"), *keys)

    robot = renewer(*keys, expiry=BY_HAND, ahead=0.9)

    assert ("2.snapshot.json", "timestamp.json") == renewed(site, MemoryStorage(), robot)
    assert judge(site).get_targetinfo("app").length
