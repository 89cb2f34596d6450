"""What a tag stands for: a digest, a size, a media type, and until when.

The answer comes from verified metadata and from nothing else. It names the
bytes by digest, so what is pulled afterwards cannot be what a registry would
rather send.
"""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from trustlib._frozen import FrozenMap, Json
from trustlib._types import ROOT, CollectionName, RoleName, TargetPath
from trustlib.content.digest import Digest
from trustlib.content.naming import Naming
from trustlib.content.reference import ImageReference
from trustlib.effects import Workflow
from trustlib.errors import MalformedError, MismatchError, WrongCollectionError, shortened
from trustlib.limits import Limits
from trustlib.roles import MEDIA_TYPE
from trustlib.sources import Source
from trustlib.trust import Trusted
from trustlib.trust.agreeing import HASHES
from trustlib.workflow import Evidence, Explanation, Found, Known, find


@frozen(kw_only=True)
class TagBinding:
    """A reference, the content it stands for, and until when that may be believed.

    Attributes:
        reference: what was asked.
        digest: of the manifest or index that the tag stands for.
        size: of that manifest in bytes, or None where nobody was asked.
        media_type: of that manifest, or None where the publisher did not say.
        via: the roles that led to the answer, the most trusted first; empty
            where the reference itself was a digest and nobody was asked.
        valid_until: the earliest expiry (UTC) of all roles that were looked at,
            or None where nobody was asked: a digest does not expire.
        collection: what the repository that answered calls itself, if it does.
        custom: what else the publisher says of the tag.
        digests: the digest in every algorithm the publisher listed.
        source: who answered, and as of when; None where nobody was asked.
        evidence: the proofs behind the answer; None where nobody was asked.
    """

    reference: ImageReference
    digest: Digest
    size: int | None = None
    media_type: str | None = None
    via: tuple[RoleName, ...] = ()
    valid_until: datetime | None = None
    collection: CollectionName | None = None
    custom: FrozenMap[str, Json] = field(factory=FrozenMap[str, Json], repr=False)
    digests: tuple[Digest, ...] = field(repr=False)
    source: Source | None = None
    evidence: Evidence | None = field(default=None, eq=False, repr=False)

    @digests.default
    def _only(self) -> tuple[Digest, ...]:
        return (self.digest,)

    @property
    def pinned(self) -> str:
        """The reference to hand to a container runtime: name and digest, no tag."""
        return f"{self.reference.familiar_name}@{self.digest}"

    def __repr__(self) -> str:
        if self.valid_until is None:
            return f"<TagBinding {self.pinned}, which nobody needs to vouch for>"
        until = self.valid_until.isoformat(" ", "minutes")
        said = f"{self.reference} is {self.digest}, says {self.via[-1] if self.via else 'nobody'}"
        return f"<TagBinding {said}, until {until}>"

    def explain(self) -> Explanation:
        """Return who signed what, until when, and what was checked; ``str()`` is for people."""
        size = "" if self.size is None else f" ({self.size} bytes)"
        kind = "" if self.media_type is None else f", {shortened(self.media_type, str)}"
        by = "nobody needed to be asked" if not self.via else f"says {shortened(self.via[-1], str)}"
        return Explanation(
            answer=f"{self.reference.familiar} is {self.digest}{size}{kind}, {by}",
            source=self.source,
            valid_until=self.valid_until,
            roles=() if self.evidence is None else self.evidence.roles,
        )

    def agreeing_with(self, digest: Digest) -> TagBinding:
        """Return this binding if it stands for *digest*.

        Raises:
            MismatchError: the tag stands for something else.
        """
        if digest not in self.digests:
            raise MismatchError(
                self.via[-1] if self.via else RoleName(self.reference.familiar),
                f"{self.reference.familiar} to be",
                self.digest,
                digest,
            )
        return self


def resolve(
    trusted: Trusted,
    reference: ImageReference,
    *,
    names: Naming,
    limits: Limits,
    known: Known,
) -> Workflow[TagBinding]:
    """Find what the tag of *reference* stands for.

    Raises:
        NotFoundError: the collection does not speak for that image, or lists
            no such tag.
        WrongCollectionError: the collection has a name that *names* is not for.
        MismatchError: *reference* has a digest as well, and the tag stands for
            another one; or the publisher lists none that can be checked.
        TrustError: as :func:`~trustlib.workflow.find`.
        ValueError: *reference* has no tag.
    """
    path = target_path(trusted, reference, names)
    found = yield from find(trusted, path, limits=limits, known=known)
    return bound(reference, found)


def target_path(trusted: Trusted, reference: ImageReference, names: Naming) -> TargetPath:
    """Return the path at which *trusted* would list *reference*.

    Raises:
        NotFoundError: *names* does not speak for that image.
        WrongCollectionError: the collection has a name that *names* is not for.
        ValueError: *reference* has no tag.
    """
    path = names.target_path(reference)
    collection = trusted.snapshot.root.root.role.collection
    if collection is not None and not names.speaks_for(collection):
        raise WrongCollectionError(ROOT, CollectionName(reference.repository), collection)
    return path


def by_digest(reference: ImageReference) -> TagBinding:
    """Return the binding of a *reference* by digest alone: nobody needs to be asked.

    Raises:
        ValueError: *reference* has no digest.
    """
    if reference.digest is None:
        raise ValueError(f"{reference}: expected a digest")
    return TagBinding(reference=reference, digest=reference.digest)


def bound(reference: ImageReference, found: Found) -> TagBinding:
    """Return the binding that *found* makes for *reference*.

    Raises:
        MismatchError: *reference* names another digest, or *found* none.
        MalformedError: the media type is not one.
    """
    hashes = found.target.hashes
    digests = tuple(
        Digest(algorithm, hashes[algorithm]) for algorithm in HASHES if algorithm in hashes
    )
    if not digests:
        raise MismatchError(found.via[-1], "a digest by", " or ".join(HASHES), ", ".join(hashes))
    custom = found.target.custom or FrozenMap[str, Json]()
    media_type = custom.get(MEDIA_TYPE)
    if media_type is not None and not isinstance(media_type, str):
        where = f"$.signed.targets[{found.path!r}].custom.{MEDIA_TYPE}"
        raise MalformedError(f"{found.via[-1]}.json", where, "a media type", media_type)
    binding = TagBinding(
        reference=reference,
        digest=digests[0],
        size=found.target.length,
        media_type=media_type,
        via=found.via,
        valid_until=found.valid_until,
        collection=found.collection,
        custom=custom.excluding(MEDIA_TYPE),
        digests=digests,
        source=found.source,
        evidence=found.evidence,
    )
    return binding if reference.digest is None else binding.agreeing_with(reference.digest)
