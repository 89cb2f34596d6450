"""Who speaks for which names: a value, and refusal is what nobody has to ask for.

A name is spoken for by the rule with the longest prefix, counted in whole
components: ``docker.io/acme`` is a prefix of ``docker.io/acme/app`` and not of
``docker.io/acme-evil``. No rule, no answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from attrs import field, frozen

from trustlib._types import ROOT, CollectionName, RoleName
from trustlib.anchors import Anchor
from trustlib.content import ImageReference, Naming, PerOrganisation, PerRepository, TagBinding
from trustlib.content._grammar import require_domain, require_path
from trustlib.errors import NoTrustDataError, ThresholdError, WrongCollectionError
from trustlib.ports import Storage, Transport
from trustlib.updater.freshness import Freshness


@frozen
class TrustOnFirstUse:
    """Believe whoever is met first, and nobody else afterwards. Never a default.

    What was met is kept in *store*, under the collection's name. Once it is
    there, a collection that is gone, or that begins with another root, is
    refused as for any other anchor. Everything depends on the first time: use
    it where a person can compare what the event says with what they were told.

    Attributes:
        store: where first roots are kept; not the store of the collection itself.
    """

    store: Storage = field(repr=False)


def _prefix(_: object, __: object, value: str) -> None:
    domain, slash, path = value.partition("/")
    require_domain(domain)
    if slash:
        require_path(path)


@frozen
class SpokenFor:
    """The names that a collection speaks for, and why it is believed.

    Attributes:
        prefix: of the fully qualified names, ``"docker.io/acme"``.
        anchor: what is trusted to begin with.
        repository: the repository of the registry that has the collection of all
            these images; None: each image's own repository has one of its own.
        transport: how the collection is read, where that is not in the registry.
        names: what images are called in it; by default the name below the
            domain, and the tag alone where each image has a collection.
        signers: how many distinct keys must have signed every role that vouches
            for a tag, whatever the collection itself says. Root, which names
            those keys, is what *anchor* trusts, and is not counted.
        freshness: how old an answer may be.

    Raises:
        ValueError: *prefix* is not the beginning of a name; *repository* and
            *transport* are both given; or *signers* is below 1.
    """

    prefix: str = field(validator=_prefix)
    anchor: Anchor | TrustOnFirstUse = field(kw_only=True)
    repository: str | None = field(default=None, kw_only=True)
    transport: Transport | None = field(default=None, kw_only=True)
    names: Naming | None = field(default=None, kw_only=True)
    signers: int = field(default=1, kw_only=True)
    freshness: Freshness = field(factory=Freshness, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.repository is not None:
            require_path(self.repository)
            if self.transport is not None:
                raise ValueError("a collection is read in one place: repository= or transport=")
        if self.signers < 1:
            raise ValueError(f"signers: expected at least 1, got {self.signers}")

    def collection(self, image: ImageReference) -> CollectionName:
        """Return what this computer calls the collection that speaks for *image*."""
        return CollectionName(image.repository if self._own else self.prefix)

    def naming(self, image: ImageReference) -> Naming:
        """Return what images are called in the collection that speaks for *image*."""
        if self.names is not None:
            return self.names
        return PerRepository(image.repository) if self._own else PerOrganisation(image.domain)

    def satisfied(self, binding: TagBinding) -> TagBinding:
        """Return *binding* if enough keys vouch for it, and for that image.

        Raises:
            ThresholdError: too few do.
            WrongCollectionError: the collection does not say whose it is, and
                would be believed of more images than one.
        """
        image = binding.reference.repository
        if binding.collection is None and self._alike and image != self.prefix:
            # Its paths are tags: whoever has the registry could serve it for each of them.
            raise WrongCollectionError(ROOT, CollectionName(image), None)
        told = () if binding.evidence is None else binding.evidence.roles
        signed = {role.role: role.signed_by for role in told}
        for name in binding.via:
            by = frozenset(key.keyid for key in signed.get(name, ()))
            if len(by) < self.signers:
                raise ThresholdError(RoleName(name), self.signers, by)
        return binding

    @property
    def _own(self) -> bool:
        return self.repository is None and self.transport is None

    @property
    def _alike(self) -> bool:
        """Whether the collections of several images begin with one root, and list tags alone."""
        return self._own and self.names is None and isinstance(self.anchor, Anchor)


@frozen
class NobodySpeaksFor:
    """Names of which the registry alone says what they stand for. Loud: each answer is an event.

    For what comes from elsewhere and is signed by nobody, such as a vendor's
    base images; never the empty prefix: each registry is named.

    Attributes:
        prefix: of the fully qualified names.

    Raises:
        ValueError: *prefix* is not the beginning of a name.
    """

    prefix: str = field(validator=_prefix)


Rule: TypeAlias = SpokenFor | NobodySpeaksFor


def _rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: (-len(rule.prefix), rule.prefix)))


@frozen
class Policy:
    """Rules, of which the one with the longest prefix counts.

    Attributes:
        rules: the longest prefix first.

    Raises:
        ValueError: two rules have one prefix.
    """

    rules: tuple[Rule, ...] = field(converter=_rules)

    def __attrs_post_init__(self) -> None:
        prefixes = [rule.prefix for rule in self.rules]
        for prefix in prefixes:
            if prefixes.count(prefix) > 1:
                raise ValueError(f"rules: two of them are for {prefix}")

    def rule(self, image: ImageReference) -> Rule:
        """Return the rule for *image*.

        Raises:
            NoTrustDataError: there is none.
        """
        for rule in self.rules:
            if f"{image.repository}/".startswith(f"{rule.prefix}/"):
                return rule
        raise NoTrustDataError(
            image.familiar_name,
            "no rule of the policy says who speaks for it; add one, or pull it untrusted",
        )

    def knows(self, collection: str) -> bool:
        """Return whether a rule is about the collection of that name, or some of its images."""
        return any(
            isinstance(rule, SpokenFor)
            and (
                f"{collection}/".startswith(f"{rule.prefix}/")
                if rule.repository is None and rule.transport is None
                else collection == rule.prefix
            )
            for rule in self.rules
        )
