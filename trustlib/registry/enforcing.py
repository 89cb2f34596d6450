"""A policy at work: each name is answered by whoever speaks for it, or not at all.

There is no switch that turns this off. What is to be done without anybody's
word has another name (:func:`trustlib.registry.untrusted_pull`), or is a rule
that somebody wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import TypeAlias

from attrs import define, field

from trustlib._clock import utcnow
from trustlib._paths import private, stored
from trustlib._types import ROOT, CollectionName, StoredName, UrlPath, Version
from trustlib.anchors import Anchor
from trustlib.content import ImageReference, TagBinding
from trustlib.content.binding import by_digest
from trustlib.drive import ignored
from trustlib.errors import NotFoundError, NoTrustDataError, StorageError, WrongCollectionError
from trustlib.events import Event, TrustedOnFirstUse, Untrusted
from trustlib.limits import Limits
from trustlib.metering import Meter
from trustlib.ports import Request, Storage, Transport
from trustlib.registry.client import Registry
from trustlib.registry.policy import NobodySpeaksFor, Policy, Rule, SpokenFor, TrustOnFirstUse
from trustlib.registry.reading import RegistryTransport
from trustlib.roles import Root
from trustlib.storage import MemoryStorage
from trustlib.transport._pieces import close
from trustlib.updater import Updater
from trustlib.updater.journal import told_to
from trustlib.wire import TUF_JSON

Resolver: TypeAlias = Callable[[ImageReference], TagBinding]
"""Returns what a tag stands for, or raises a TrustError: ``updater.resolve``, for example."""


@define(kw_only=True, eq=False)
class Enforcer:
    """Answers for every name that a policy knows.

    Safe to share between threads.

    Attributes:
        policy: who speaks for which names.
        registry: returns the registry of a domain; asked once for each.
        store: returns where is remembered what was seen of a collection, given
            its name. Each collection has one of its own.
        limits: how much a collection may make us read.
        clock: returns the time, with its time zone.
        on_event: is told what happens, as for :class:`~trustlib.Updater`.
    """

    policy: Policy
    registry: Callable[[str], Registry] = Registry
    store: Callable[[CollectionName], Storage]
    limits: Limits = field(factory=Limits)
    clock: Callable[[], datetime] = utcnow
    on_event: Callable[[Event], None] = ignored
    _lock: Lock = field(factory=Lock, init=False, repr=False)
    _registries: dict[str, Registry] = field(factory=dict[str, Registry], init=False, repr=False)
    _updaters: dict[tuple[SpokenFor, CollectionName], Updater] = field(
        factory=dict[tuple[SpokenFor, CollectionName], Updater], init=False, repr=False
    )

    def resolve(self, reference: str | ImageReference) -> TagBinding:
        """Return what the tag of *reference* stands for; no tag means ``latest``.

        A reference by digest alone needs nobody's word, and is returned as it is.

        Raises:
            ValueError: *reference* is no image reference.
            NoTrustDataError: no rule is for it, or its collection is not there
                or withheld.
            NotFoundError: its collection does not vouch for that tag.
            ThresholdError: fewer keys than the policy wants vouch for it.
            WrongCollectionError: its collection is another one, or does not say which.
            TrustError: as :meth:`trustlib.Updater.resolve`.
        """
        (binding,) = self.resolve_all((reference,))
        return binding

    def resolve_all(self, references: Iterable[str | ImageReference]) -> tuple[TagBinding, ...]:
        """Return what each tag stands for, in order; each collection is refreshed once.

        Raises:
            TrustError: as :meth:`resolve`, for one that cannot be answered.
        """
        asked = tuple(map(_tagged, references))
        together: dict[Updater, list[ImageReference]] = {}
        for one in asked:
            rule = self._rule(one)
            if isinstance(rule, SpokenFor):
                together.setdefault(self._updater(rule, one), []).append(one)
        spoken = {
            one: binding
            for updater, ones in together.items()
            for one, binding in zip(ones, updater.resolve_all(ones), strict=True)
        }
        return tuple(self._answered(one, spoken) for one in asked)

    def updater(self, image: str | ImageReference) -> Updater:
        """Return the updater of the collection that speaks for *image*.

        It is for looking: what it answers was not asked for ``signers``, as
        :meth:`resolve` is.

        Raises:
            NoTrustDataError: nobody speaks for it.
            TrustError: the collection was to be met for the first time, and
                something was wrong with it.
        """
        reference = _tagged(image)
        rule = self.policy.rule(reference)
        if isinstance(rule, NobodySpeaksFor):
            raise NoTrustDataError(
                reference.familiar_name,
                "the policy says that nobody speaks for it; pull it untrusted, or change the rule",
            )
        return self._updater(rule, reference)

    def registry_of(self, image: ImageReference) -> Registry:
        """Return the registry that *image* is in."""
        with self._lock:
            if image.domain not in self._registries:
                self._registries[image.domain] = self.registry(image.domain)
            return self._registries[image.domain]

    def _rule(self, reference: ImageReference) -> Rule | None:
        """Return the rule for *reference*, or None if nobody's word is needed."""
        return None if reference.tag is None else self.policy.rule(reference)

    def _answered(
        self, reference: ImageReference, spoken: Mapping[ImageReference, TagBinding]
    ) -> TagBinding:
        """Return the answer for *reference*, given what the collections said."""
        match self._rule(reference):
            case None:
                return by_digest(reference)
            case NobodySpeaksFor(prefix):
                why = f"the policy says that nobody speaks for {prefix}"
                return unvouched(self.registry_of(reference), reference, why, self.on_event)
            case SpokenFor() as rule:
                return rule.satisfied(spoken[reference])

    def _updater(self, rule: SpokenFor, image: ImageReference) -> Updater:
        name = rule.collection(image)
        with self._lock:
            known = self._updaters.get((rule, name))
        if known is not None:
            return known
        transport = rule.transport or RegistryTransport(
            self.registry_of(image), rule.repository or image.path
        )
        made = self._made(rule, name, image, transport)
        with self._lock:
            return self._updaters.setdefault((rule, name), made)

    def _made(
        self, rule: SpokenFor, name: CollectionName, image: ImageReference, transport: Transport
    ) -> Updater:
        store = self.store(name)

        def updater(anchor: Anchor, storage: Storage = store) -> Updater:
            return Updater(
                anchor=anchor,
                transport=transport,
                storage=storage,
                names=rule.naming(image),
                limits=self.limits,
                policy=rule.freshness,
                clock=self.clock,
                on_event=self.on_event,
            )

        if not isinstance(rule.anchor, TrustOnFirstUse):
            return updater(rule.anchor)
        met = first_met(rule.anchor, name)
        if met is not None:
            return updater(Anchor.root(met))
        if store.load(stored(ROOT)) is not None:
            raise StorageError(
                name,
                "was seen from here before, and the root that it was met with is not kept any"
                " more; whoever answers now is not met for the first time: restore that root, or"
                " give an anchor",
            )
        raw = _first_root(transport, name, self.limits)
        updater(Anchor.root(raw), MemoryStorage()).refresh()  # what cannot be used is not kept
        kept = _kept(rule.anchor, name, raw)
        if kept == raw:
            sha256 = hashlib.sha256(raw).hexdigest()
            met_now = TrustedOnFirstUse(sha256=sha256, version=Version(1), collection=name)
            told_to(self.on_event, met_now)
        return updater(Anchor.root(kept))


def at_home(image: ImageReference, registry: Registry) -> ImageReference:
    """Return *image*, which is in *registry*: no other one is asked about it.

    Raises:
        ValueError: it is in another one.
    """
    if image.domain != registry.domain:
        raise ValueError(
            f"{image}: expected an image of {registry.domain}; write the registry's domain before"
            " its name, or ask the registry that it is in"
        )
    return image


def unvouched(
    registry: Registry, reference: ImageReference, why: str, tell: Callable[[Event], None]
) -> TagBinding:
    """Return what the registry says that the tag of *reference* stands for, and tell of it.

    Raises:
        NotFoundError: the registry does not know the tag.
        TrustError: as :meth:`trustlib.registry.Registry.manifest`.
        ValueError: *registry* is another one.
    """
    tagged = at_home(reference.tagged(), registry)
    wanted = tagged.digest or tagged.tag
    manifest = None if wanted is None else registry.manifest(tagged.path, wanted)
    if manifest is None:
        raise NotFoundError(tagged.familiar, "the registry does not have it; check the name")
    digest = str(manifest.digest)
    told_to(tell, Untrusted(reference=tagged.familiar, digest=digest, why=why))
    return TagBinding(
        reference=tagged,
        digest=manifest.digest,
        size=len(manifest.raw),
        media_type=manifest.media_type,
    )


# -- the first time -----------------------------------------------------------------------


def first_met(anchor: TrustOnFirstUse, collection: CollectionName) -> bytes | None:
    """Return the root under which *collection* was met for the first time, or None: it was not."""
    return anchor.store.load(_name(collection))


def _name(collection: CollectionName) -> StoredName:
    return private(f"met.{hashlib.sha256(collection.encode()).hexdigest()[:32]}")


def _kept(anchor: TrustOnFirstUse, collection: CollectionName, raw: bytes) -> bytes:
    """Keep *raw* as the first root of *collection*, and return it; or what is kept already."""
    name = _name(collection)
    if anchor.store.save(name, raw, replacing=None):
        return raw
    kept = anchor.store.load(name)
    if kept is None:
        raise StorageError(name, "could be neither written nor read; remove it, and start again")
    return kept


def _first_root(transport: Transport, collection: CollectionName, limits: Limits) -> bytes:
    """Return the first root of a collection, which calls itself *collection* if anything."""
    path = UrlPath("1.root.json")
    pieces = transport.fetch(Request(path=path))
    if pieces is None:
        raise NoTrustDataError(collection)
    meter = Meter(path, limits.root, limits)
    try:
        for piece in pieces:
            meter.take(piece)
    finally:
        close(pieces)
    raw = bytes(meter.data)
    called = TUF_JSON.parse(Root, raw).unverified.collection
    if called not in (None, collection):
        raise WrongCollectionError(ROOT, collection, called)
    return raw


def _tagged(reference: str | ImageReference) -> ImageReference:
    parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
    return parsed.tagged()
