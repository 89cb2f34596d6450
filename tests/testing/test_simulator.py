"""The simulator: steps return new values, and the attacker can do what he holds and no more."""

import pytest

from trustlib import ExpiredError, MismatchError, NotFoundError, RollbackError, ThresholdError
from trustlib.testing import Possession, Simulator
from trustlib.testing.worlds import paths_of, signer

APP = "acme/app:1.4"
NETWORK = Possession.NETWORK


@pytest.fixture
def published():
    return Simulator.create().publishing({APP: b"old"}).publishing({APP: b"new"})


def forging(simulator, role="targets", **changes):
    return simulator.forging(role, **(changes or {"targets": paths_of("evil")}))


def test_a_client_finds_what_was_published(published):
    answer = published.finding("ann", APP)

    assert answer.refused is None
    assert 3 == answer.got.target.length
    assert {"ann"} == {*answer.after.memories}


def test_a_step_leaves_what_it_began_with(published):
    before = (published.files, published.memories, published.now)

    published.publishing({APP: b"newer"}).later(days=1).giving(NETWORK).withholding(
        "timestamp.json"
    )
    published.finding("ann", APP)

    assert before == (published.files, published.memories, published.now)


def test_a_replay_is_noticed_by_those_who_remember(published):
    seen = published.finding("ann", APP).after
    replayed = seen.giving(NETWORK).replaying(-1)

    assert isinstance(replayed.finding("ann", APP).refused, RollbackError)
    assert replayed.finding("bob", APP).refused is None
    assert replayed.calming().finding("ann", APP).refused is None


def test_what_is_withheld_is_missed(published):
    withheld = published.giving(NETWORK).withholding("timestamp.json")

    assert isinstance(withheld.finding("ann", APP).refused, NotFoundError)


def test_what_nobody_renews_expires(published):
    assert isinstance(published.later(days=31).finding("ann", APP).refused, ExpiredError)
    assert published.later(days=31).renewing().finding("ann", APP).refused is not None  # root
    assert published.later(days=20).renewing().finding("ann", APP).refused is None


@pytest.mark.parametrize(
    ("held", "signed"),
    [
        ((), {}),
        ((Possession.SNAPSHOT_KEY,), {"snapshot": "snapshot"}),
        ((Possession.ONE_TARGETS_KEY,), {"targets": "targets"}),
        (
            (Possession.ONE_TARGETS_KEY, Possession.SNAPSHOT_KEY),
            {"targets": "targets", "snapshot": "snapshot"},
        ),
    ],
)
def test_nothing_is_signed_with_a_key_that_he_does_not_hold(published, held, signed):
    forged = forging(published.giving(NETWORK, *held))

    said = {signer(who).key.id for who in signed.values()}
    changed = {path: raw for path, raw in forged.files.items() if published.files.get(path) != raw}
    found = {one.key.id for name in ("targets", "snapshot", "timestamp")
             for one in forged.shown.by[name] if forged.shown.raw(name) in changed.values()}  # fmt: skip
    assert said == found
    assert isinstance(forged.finding("ann", "evil").refused, NotFoundError)
    assert 3 == forged.finding("bob", APP).got.target.length  # the honest is there as well


def test_whoever_holds_the_online_keys_and_targets_is_believed(published):
    keys = (Possession.ONE_TARGETS_KEY, Possession.SNAPSHOT_KEY, Possession.TIMESTAMP_KEY)

    assert forging(published.giving(NETWORK, *keys)).finding("ann", "evil").refused is None


def test_one_of_two_keys_of_targets_is_not_enough():
    keys = (Possession.SNAPSHOT_KEY, Possession.TIMESTAMP_KEY)
    two = Simulator.create(keys_of_targets=2).publishing({APP: b"old"}).giving(NETWORK, *keys)

    one = forging(two.giving(Possession.ONE_TARGETS_KEY)).finding("ann", "evil").refused
    assert (ThresholdError, 1) == (type(one), len(one.signed_by))
    both = forging(two.giving(Possession.ALL_TARGETS_KEYS)).finding("ann", "evil")
    assert both.refused is None


def test_a_stolen_timestamp_key_is_worth_nothing_after_recovery(published):
    thief = published.giving(NETWORK, Possession.TIMESTAMP_KEY)
    ahead = thief.forging("timestamp", version=9_000).finding("ann", APP).after
    recovered = ahead.calming().recovering("timestamp", key="fresh")

    assert recovered.finding("ann", APP).refused is None


def test_whoever_moves_a_tag_in_the_registry_deceives_nobody(published):
    moved = published.giving(Possession.REGISTRY_CREDENTIALS).retagging(APP, b"evil")

    assert published.pulling("ann", APP).refused is None
    assert isinstance(moved.pulling("ann", APP).refused, MismatchError)


def test_what_he_does_not_hold_he_cannot_use(published):
    with pytest.raises(ValueError, match="needs NETWORK"):
        published.replaying(-1)
    with pytest.raises(ValueError, match="needs NETWORK"):
        published.forging("timestamp")
    with pytest.raises(ValueError, match="needs REGISTRY_CREDENTIALS"):
        published.giving(NETWORK).retagging(APP, b"evil")


def test_a_key_of_root_alone_makes_the_next_root(published):
    """One key is the threshold here: whoever has it is believed, and says so in the chain."""
    thief = published.giving(NETWORK, Possession.ONE_ROOT_KEY)

    assert thief.forging("root").finding("ann", APP).refused is None
    stranger = published.giving(NETWORK).forging("root").finding("ann", APP).refused
    assert (ThresholdError, "root") == (type(stranger), stranger.role)
