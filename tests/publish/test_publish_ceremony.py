"""Three people, three machines, two of three must sign: root and targets, in one journey.

A machine is a process with a directory of its own. What reaches it is a request,
and what leaves it a signature; each was copied.
"""

import itertools
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen
from core.worlds import DAY, SECOND, signer
from interop.peers import Theirs
from plain.environment import PLAINLY
from publish import machine
from publish.desks import created, digest, opened, planned, signed, tagged
from signing.kinds import light_file

from trustlib import (
    ROOT,
    TARGETS,
    Anchor,
    Authority,
    ConflictError,
    DirectoryTransport,
    FileStorage,
    MalformedError,
    MemoryStorage,
    Signature,
    SigningError,
    SigningPlan,
    SigningRequest,
    ThresholdError,
    TrustError,
    Updater,
)
from trustlib.signing import KeyFile

PEOPLE = ("alice", "bob", "carol")
NOW = datetime.now(UTC)
"""The machines and python-tuf look at the clock of this one."""


@frozen
class Machine:
    """Somebody's: a key under a passphrase that is theirs, and nobody's files but their own."""

    directory: Path
    name: str

    @classmethod
    def of(cls, directory, name):
        made = cls(directory, name)
        light_file(directory / "my.key", made.passphrase)
        return made

    @property
    def passphrase(self):
        return f"the passphrase of {self.name}"

    @property
    def key(self):
        return KeyFile(self.directory / "my.key").key

    def sign(self, *requests, typed=None, now=NOW):
        """Carry requests there, sign, and return what was printed and the signatures' files."""
        for old in (*self.directory.glob("*.request"), *self.directory.glob("*.sig")):
            old.unlink()
        for request in requests:
            shutil.copy(request, self.directory)
        done = subprocess.run(
            [sys.executable, machine.__file__, now.isoformat()],
            cwd=self.directory,
            env={**PLAINLY, "HOME": str(self.directory)},
            input=f"{self.passphrase}\n" if typed is None else typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done, {path.stem: path for path in self.directory.glob("*.sig")}


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    return {name: Machine.of(tmp_path_factory.mktemp(name), name) for name in (*PEOPLE, "stranger")}


@pytest.fixture(scope="module")
def before(machines):
    three = Authority.of(*(machines[name].key for name in PEOPLE), threshold=2)
    return created(root=three, targets=three)


@pytest.fixture(scope="module")
def plan(before):
    """What the desk wants signed: its own key signed already what it signs."""
    return signed(planned(before, tagged(before), now=NOW), "online")


@pytest.fixture(scope="module")
def requests(plan, tmp_path_factory):
    return written(plan, tmp_path_factory.mktemp("stick"))


def written(plan, directory):
    """The requests for root and targets as files, which say who signed so far."""
    paths = []
    for role in (ROOT, TARGETS):
        paths.append(directory / f"{role}.request")
        plan.drafts[role].request.write(paths[-1])
    return paths


@pytest.fixture(scope="module")
def signatures(machines, requests, tmp_path_factory):
    """What each of the three brings back from one journey: two files."""
    stick = tmp_path_factory.mktemp("answers")
    brought = {}
    for name in PEOPLE:
        done, files = machines[name].sign(*requests)
        assert (0, "") == (done.returncode, done.stderr)
        assert {ROOT, TARGETS} == set(files)
        for role, path in files.items():
            brought[name, role] = Path(shutil.copy(path, stick / f"{name}.{role}.sig"))
    return brought


def taking(plan, *paths):
    return plan.with_signature(*map(Signature.read, paths))


# -- on the machines --------------------------------------------------------------------


def test_who_signs_reads_first_what_the_bytes_say(machines, requests):
    done, _ = machines["alice"].sign(*requests)

    lines = done.stdout.splitlines()
    assert f"  acme/app:1.4 is {digest()}, 1573 bytes" in lines
    assert "  root: 2 of 3 keys (" in done.stdout
    for name in PEOPLE:
        assert f"  key {machines[name].key.id}, ed25519" in lines


def test_a_stranger_is_told_before_they_type_anything(machines, requests):
    done, files = machines["stranger"].sign(*requests, typed="")

    assert (0, "", {}) == (done.returncode, done.stderr, files)
    assert [
        f"refused: key {machines['stranger'].key.id[:8]}: nobody asked it to sign {role};"
        " check the key"
        for role in (ROOT, TARGETS)
    ] == done.stdout.splitlines()


def test_who_is_too_late_is_told_before_they_type_anything(machines, plan, signatures, tmp_path):
    two = [signatures[name, role] for name in ("carol", "alice") for role in (ROOT, TARGETS)]
    late = written(taking(plan, *two), tmp_path)

    done, files = machines["bob"].sign(*late, typed="")

    assert (0, "", {}) == (done.returncode, done.stderr, files)
    assert 2 == done.stdout.count("is too late for ")
    assert 2 == done.stdout.count("enough others signed it")


def test_who_has_signed_is_told_before_they_type_anything(machines, plan, signatures, tmp_path):
    again = written(taking(plan, signatures["alice", ROOT]), tmp_path)

    done, files = machines["alice"].sign(again[0], typed="")

    assert (0, {}) == (done.returncode, files)
    assert "signed root version 1 already" in done.stdout


def test_who_waited_for_years_is_told_before_they_type_anything(machines, requests):
    done, files = machines["alice"].sign(*requests, typed="", now=NOW + 366 * DAY)

    assert (0, {}) == (done.returncode, files)
    assert 2 == done.stdout.count("it expired")


def test_of_two_requests_only_the_one_that_lacks_signatures_is_signed(
    machines, plan, signatures, tmp_path
):
    half = taking(plan, signatures["carol", ROOT], signatures["alice", ROOT])

    done, files = machines["bob"].sign(*written(half, tmp_path))

    assert 1 == done.stdout.count("refused: ")
    assert {TARGETS} == set(files)
    half = taking(half, files[TARGETS], signatures["carol", TARGETS])
    assert half.publication(now=NOW)


def test_without_the_right_passphrase_nothing_is_signed(machines, requests):
    done, files = machines["alice"].sign(*requests, typed="the passphrase of bob\n")

    assert done.returncode
    assert {} == files
    assert "WrongPassphraseError" in done.stderr


# -- at the desk ------------------------------------------------------------------------


@pytest.mark.parametrize("pair", list(itertools.permutations(PEOPLE, 2)), ids="-".join)
def test_any_two_suffice_in_any_order_of_their_files(plan, signatures, pair):
    files = [signatures[name, role] for name in pair for role in (ROOT, TARGETS)]
    for order in itertools.permutations(files):
        gathering = plan
        for path in order:
            with pytest.raises(ThresholdError):
                gathering.publication(now=NOW)
            gathering = taking(gathering, path)
        assert () == gathering.requests
    assert gathering.publication(now=NOW)


def test_copies_of_the_plan_are_merged_in_any_order(plan, signatures):
    copies = [taking(plan, signatures[name, role]) for name in PEOPLE for role in (ROOT, TARGETS)]
    whole = taking(plan, *signatures.values())

    for seed in range(20):
        order = random.Random(seed).sample(copies, len(copies))
        merged = order[0].merged(*order[1:])
        assert whole == merged
        assert whole == plan.merged(*order)
    assert whole.publication(now=NOW)


def test_all_three_may_sign(plan, signatures):
    assert taking(plan, *signatures.values()).publication(now=NOW)


def test_the_same_signature_twice_is_one(plan, signatures):
    path = signatures["alice", ROOT]
    twice = taking(plan, path, path, signatures["alice", TARGETS])

    assert (1,) == twice.drafts[ROOT].missing
    with pytest.raises(ThresholdError):
        twice.publication(now=NOW)
    assert twice == taking(taking(plan, signatures["alice", TARGETS]), path)


def test_a_signature_for_one_role_counts_for_no_other(plan, signatures):
    gathering = taking(plan, *(signatures[name, ROOT] for name in PEOPLE))

    assert (0,) == gathering.drafts[ROOT].missing
    assert (2,) == gathering.drafts[TARGETS].missing


def damaged(raw):
    yield raw[:-3]
    yield raw[: len(raw) // 2]
    yield b""
    yield raw + raw
    yield raw.replace(b'"sig":"', b'"sig":"00')
    yield raw.replace(b'"keyid":"', b'"keyid":"0')
    yield raw.upper()
    value = raw.index(b'"sig":"') + 7
    for at in range(value, value + 64, 7):
        yield raw[:at] + (b"1" if raw[at : at + 1] == b"0" else b"0") + raw[at + 1 :]


def test_a_damaged_signature_is_refused_and_changes_nothing(plan, signatures, tmp_path):
    path = tmp_path / "damaged.sig"
    for raw in damaged(signatures["alice", ROOT].read_bytes()):
        path.write_bytes(raw)
        with pytest.raises((MalformedError, SigningError)):
            taking(plan, path)
    assert taking(plan, signatures["alice", ROOT])


def test_one_damaged_file_among_good_ones_is_the_one_that_is_named(plan, signatures, tmp_path):
    path = tmp_path / "damaged.sig"
    path.write_bytes(b"{}")

    with pytest.raises(MalformedError, match=r"damaged\.sig"):
        taking(plan, signatures["alice", ROOT], path)


def test_a_signature_for_another_request_is_refused(before, signatures):
    """The desk planned again in between: those who signed the first plan sign anew."""
    again = planned(before, tagged(before, letter="b"), now=NOW + SECOND)

    for role in (ROOT, TARGETS):
        with pytest.raises(SigningError, match="earlier request"):
            taking(again, signatures["alice", role])


# -- from one day to the next -----------------------------------------------------------


def test_the_desk_is_switched_off_between_any_two_signatures(before, plan, signatures, tmp_path):
    kept, site = tmp_path / "release.plan", FileStorage.public(tmp_path / "site")
    plan.write(kept)
    for name, role in (("carol", ROOT), ("bob", TARGETS), ("alice", ROOT), ("carol", TARGETS)):
        resumed = SigningPlan.read(kept, before=before)
        with pytest.raises(ThresholdError):
            resumed.publication(now=NOW)
        taking(resumed, signatures[name, role]).write(kept)

    receipt = SigningPlan.read(kept, before=before).publication(now=NOW).apply(site)

    root = (site.directory / "1.root.json").read_bytes()
    updater = Updater(
        anchor=Anchor.root(root),
        transport=DirectoryTransport(site.directory),
        storage=MemoryStorage(),
    )
    assert digest() == str(updater.resolve("acme/app:1.4").digest)
    files = {path.name: path.read_bytes() for path in site.directory.glob("*.json")}
    (tmp_path / "theirs").mkdir()
    told = Theirs(root, tmp_path / "theirs").ask(files, ["acme/app:1.4"])
    assert (1573, {"sha256": "a" * 64}) == told["acme/app:1.4"]
    # Whoever comes to the desk now is too late: the plan is over.
    with pytest.raises(ConflictError):
        SigningPlan.read(kept, before=seen(site, root))
    assert receipt.repository == seen(site, root)


def seen(site, root):
    return opened(site, Anchor.root(root))


def test_a_second_journey_shows_what_changed_since_the_first(
    machines, before, plan, signatures, tmp_path
):
    """Each machine keeps what it signed: of the next request its owner sees the difference."""
    site = MemoryStorage()
    first = taking(plan, *signatures.values()).publication(now=NOW).apply(site).repository
    held = {role: plan.drafts[role].document.raw for role in (ROOT, TARGETS)}
    newcomer = signer("team").key
    after = tagged(first, "1.4", "b").with_keys(ROOT, newcomer)
    following = planned(first, after, now=NOW + timedelta(days=1))
    said = {}
    for path in written(following, tmp_path):
        request = SigningRequest.read(path)
        request.under(held[ROOT]).wanted_of(machines["alice"].key, now=NOW)
        said[request.role] = [str(change) for change in request.since(held[request.role])]

    assert f"root: root may be signed by {newcomer.id[:16]} as well;" in said[ROOT][0]
    assert f"targets: acme/app:1.4 moves from {digest()} to {digest('b')}" == said[TARGETS][0]
    for path in written(plan, tmp_path):
        with pytest.raises(SigningError, match="is what you hold already"):
            SigningRequest.read(path).since(held[SigningRequest.read(path).role])


def test_a_request_from_somebody_elses_repository_is_refused(machines, plan, tmp_path):
    """Same names, same collection, same people asked: but a root that Alice does not know."""
    stranger = Authority.of(machines["stranger"].key, machines["alice"].key)
    theirs = created(root=stranger, targets=stranger)
    for path in written(planned(theirs, tagged(theirs), now=NOW), tmp_path):
        request = SigningRequest.read(path)
        assert request.wanted_of(machines["alice"].key, now=NOW)
        with pytest.raises(TrustError, match="asks others than what you hold says"):
            request.under(plan.drafts[ROOT].document.raw)
