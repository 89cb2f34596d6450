"""A collection is created once, by somebody who says so.

That a registry has none proves nothing: whoever controls it can hide one. So
nothing here is done by the way, and a name that anything on this computer knows
is not created again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from attrs import field, frozen

from trustlib._paths import stored as stored_name
from trustlib._types import ROOT, TARGETS, RoleName
from trustlib.anchors import Anchor
from trustlib.content import Naming
from trustlib.errors import ConflictError, NoTrustDataError, moment
from trustlib.ports import RepositoryStorage, Storage
from trustlib.publish import BY_HAND, Receipt, Repository, SigningPlan
from trustlib.publish.expiry import ExpiryPolicy
from trustlib.publish.names import collection_name
from trustlib.registry.policy import Policy
from trustlib.roles import Authority
from trustlib.signing import KeyStore, Label
from trustlib.signing.passphrases.asking import PassphraseSource, Purpose, Question
from trustlib.signing.passphrases.opening import chosen, unlocked
from trustlib.signing.stored import StoredKey
from trustlib.signing.unlocked import UnlockedKey


@frozen(kw_only=True)
class Created:
    """A collection that was created just now.

    Attributes:
        receipt: what was published.
        anchor: what others must have to believe it: ``anchor.raw`` is the file to ship.
        root: the key that can replace all others, and that nobody can replace.
        repository: the key that signs what tags stand for.
        signers: both, open: for a :class:`~trustlib.publish.Publisher` who goes on
            at once, and asks nobody for a passphrase that was given a moment ago.
        keys: where both are.
    """

    receipt: Receipt
    anchor: Anchor
    root: StoredKey
    repository: StoredKey
    signers: tuple[UnlockedKey, ...] = field(repr=False)
    keys: KeyStore

    @property
    def backup(self) -> str:
        """What to do now, in words for people."""
        until = min(
            role.expires
            for role in (self.receipt.repository.timestamp, self.receipt.repository.snapshot)
            if role is not None
        )
        made = "Two keys were" if self.root.label.collection is not None else "A key was"
        return (
            f"{made} made in {self.keys.directory}. Back up both now, before anything"
            " else: store.export(path, passphrase) writes both into one encrypted file; keep"
            " three copies, in two buildings.\n"
            f"- The root key {self.root.id[:8]} can replace every other key. If it is lost, or"
            " its passphrase is, nothing can be changed any more, and everybody must be given a"
            " new anchor. Keep it off this computer, and bring it only when keys change.\n"
            f"- The repository key {self.repository.id[:8]} signs what tags stand for. If it is"
            " lost, the root key can name another.\n"
            f"Somebody must sign again before {moment(until)}, or everybody is refused."
        )


def create_collection(
    name: str,
    *,
    storage: RepositoryStorage,
    keys: KeyStore,
    passphrases: PassphraseSource,
    owner: str,
    now: datetime,
    names: Naming | None = None,
    expiry: ExpiryPolicy = BY_HAND,
    policy: Policy | None = None,
    memory: Storage | None = None,
    edit: Callable[[Repository], Repository] = lambda repository: repository,
) -> Created:
    """Create the collection *name*: two new keys, and a repository that they sign.

    One key is root's, the other one signs the rest. A root key of *owner*'s in
    *keys* that is for whichever collection is used again instead.

    Args:
        name: what the collection is called: a registry's domain, alone or with a
            path below it; an image's own repository, where *names* says so.
        storage: where it is published, :class:`~trustlib.registry.RegistryStorage`
            for example.
        keys: where the new keys are kept.
        passphrases: where their passphrases come from; each is asked for once,
            by name (a :class:`~trustlib.signing.passphrases.Prompt` asks twice).
        owner: who answers for the keys, for their labels.
        now: what time it is (UTC).
        names: what images are called in it, as for :meth:`Repository.create`.
        expiry: for how long is signed.
        policy: what this computer believes; a name that it knows is not created.
        memory: where this computer remembers what it saw of the collection.
        edit: what else to sign at once: the first tag.

    Raises:
        NoTrustDataError: the key store, the local store or the policy know that
            name already, and the registry shows no collection: somebody may
            withhold it.
        ConflictError: it is there already.
        SigningError: no passphrase was given, and no key was made; or one could
            not be written.
        StorageError: it could not be published.
        ValueError: *name* is no such name, or *names* is for another.

    Keys that were made stay, and whatever is raised then has a note that names them.
    """
    collection_name(name)
    if storage.read(_FIRST) is not None or storage.read(_LATEST) is not None:
        there = ConflictError(name)
        there.add_note(
            "It is there, and is created once: sign with its keys, or take another name."
        )
        raise there
    refuse_known(name, keys=keys, policy=policy, memory=memory)
    shared = _for_whichever(keys, owner)
    opened = [] if shared is None else [_opened(shared, passphrases, name)]
    # All of them before the first key is made: whoever gives up has made none.
    new = (ROOT, TARGETS) if shared is None else (TARGETS,)
    given = [(role, chosen(passphrases, _question(name, role))) for role in new]
    made: list[StoredKey] = []
    try:
        for role, passphrase in given:
            made.append(keys.generate(passphrase, Label(role=role, owner=owner, collection=name)))
            opened.append((made[-1], made[-1].unlock(passphrase)))
        (root, root_signer), (repository, signer) = opened
        by_root, by_repository = Authority.of(root.key), Authority.of(repository.key)
        before = Repository.create(
            name,
            root=by_root,
            targets=by_repository,
            snapshot=by_repository,
            timestamp=by_repository,
            names=names,
        )
        plan = SigningPlan.between(before, edit(before), now=now, expiry=expiry)
        receipt = plan.signed_by(root_signer, signer).publication().apply(storage)
    except BaseException as error:
        if made:
            error.add_note(_left(name, keys, made))
        raise
    anchor = Anchor.root(receipt.repository.published.files[ROOT])
    return Created(
        receipt=receipt,
        anchor=anchor,
        root=root,
        repository=repository,
        signers=(root_signer, signer),
        keys=keys,
    )


def refuse_known(
    name: str, *, keys: KeyStore, policy: Policy | None = None, memory: Storage | None = None
) -> None:
    """Find that nothing on this computer knows the collection *name*.

    Raises:
        NoTrustDataError: something does; then a registry that shows none is not
            to be believed.
    """
    knowing = []
    if any(stored.label.collection == name for stored in keys.list()):
        knowing.append(f"{keys.directory} has keys for it")
    if policy is not None and policy.knows(name):
        knowing.append("the policy has a rule for it")
    if memory is not None and memory.load(stored_name(ROOT)) is not None:
        knowing.append("it was seen from here before")
    if knowing:
        raise NoTrustDataError(
            name,
            f"the registry shows no trust data, but {' and '.join(knowing)}: somebody may"
            " withhold it, so it is not created again. Ask whoever runs the registry; if nothing"
            " was ever published under that name, remove what an earlier attempt has left here",
        )


_FIRST: Final = "1.root.json"
_LATEST: Final = "timestamp.json"


def _for_whichever(keys: KeyStore, owner: str) -> StoredKey | None:
    """Return a root key of *owner*'s that is for whichever collection, or None."""
    found = keys.find(role=ROOT, owner=owner)
    return next((stored for stored in found if stored.label.collection is None), None)


def _opened(
    stored: StoredKey, passphrases: PassphraseSource, name: str
) -> tuple[StoredKey, UnlockedKey]:
    return stored, unlocked(stored, passphrases, role=ROOT, why=f"to create {name}")


def _question(name: str, role: RoleName) -> Question:
    what = f"{_CALLED[role]} key of {name}"
    return Question(name=f"the new {what}", where=f"the {what}", purpose=Purpose.CREATE, role=role)


def _left(name: str, keys: KeyStore, made: Iterable[StoredKey]) -> str:
    listed = " and ".join(f"{stored.id} ({_CALLED[stored.label.role]})" for stored in made)
    return (
        f"What was made for {name} stays in {keys.directory}: {listed}. Look whether {name} was"
        " published all the same: then these are its keys, and nobody has others. If it was not,"
        " remove them before you try again."
    )


_CALLED: Final[Mapping[str, str]] = {ROOT: "root", TARGETS: "repository"}
