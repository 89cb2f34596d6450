"""Who says what of an image's tags, and whose keys those are: for people.

It is read from verified metadata. What one role says and another one, that is
asked first, says otherwise is not shown as what the tag stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from trustlib._types import ROOT, TARGETS, KeyId, RoleName
from trustlib.content import ImageReference, TagBinding
from trustlib.errors import moment, shortened
from trustlib.updater import Updater
from trustlib.workflow import delegated_by


@frozen(kw_only=True)
class SignedTag:
    """A tag, and who vouches for it.

    Attributes:
        binding: what it stands for.
        signed_by: the keys whose signatures of the role that says so counted.
    """

    binding: TagBinding
    signed_by: tuple[KeyId, ...]

    @property
    def role(self) -> RoleName:
        """The role that says so."""
        return self.binding.via[-1]


@frozen(kw_only=True)
class Holders:
    """Who may sign for a role.

    Attributes:
        role: the role.
        threshold: how many distinct keys must sign.
        keys: ids of those that may.
    """

    role: RoleName
    threshold: int
    keys: tuple[KeyId, ...]

    def __str__(self) -> str:
        keys = ", ".join(shortened(keyid[:12], str) for keyid in self.keys)
        return f"{shortened(self.role, str)}: {self.threshold} of {len(self.keys)} ({keys})"


@frozen(kw_only=True)
class Inspection:
    """What a collection says of one image; ``str()`` of it is for people.

    Attributes:
        image: the image, without tag.
        tags: by name.
        signers: the delegated roles directly below ``targets``, in the order in which
            they are asked.
        administrators: root, and ``targets``.
    """

    image: ImageReference
    tags: tuple[SignedTag, ...]
    signers: tuple[Holders, ...]
    administrators: tuple[Holders, ...]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"Signatures for {self.image.familiar_name}"
        if not self.tags:
            yield "  none"
        width = max((len(str(tag.binding.reference.tag)) for tag in self.tags), default=0)
        for tag in self.tags:
            binding, until = tag.binding, tag.binding.valid_until
            says = f"{shortened(tag.role, str)}, until {'' if until is None else moment(until)}"
            yield f"  {binding.reference.tag!s:<{width}}  {binding.digest}  {says}"
        yield "Signers"
        yield from (f"  {holders}" for holders in self.signers)
        if not self.signers:
            yield "  nobody but those who administer it"
        yield "Administrative keys"
        yield from (f"  {holders}" for holders in self.administrators)


def inspected(image: str | ImageReference, updater: Updater) -> Inspection:
    """Return who says what of the tags of *image*.

    Raises:
        ValueError: *image* is no image reference, or has a tag or a digest.
        TrustError: as :meth:`trustlib.Updater.tags`.
    """
    parsed = ImageReference.parse(image) if isinstance(image, str) else image
    tags = tuple(map(_signed, updater.tags(parsed)))
    trusted = updater.refresh()
    root, targets = trusted.snapshot.root.root.role, trusted.targets.role
    return Inspection(
        image=parsed,
        tags=tags,
        signers=tuple(
            _holders(name, targets.authority(name).threshold, targets.authority(name).keys)
            for name in delegated_by(targets)
        ),
        administrators=tuple(
            _holders(name, root.authority(name).threshold, root.authority(name).keys)
            for name in (ROOT, TARGETS)
        ),
    )


def _signed(binding: TagBinding) -> SignedTag:
    told = () if binding.evidence is None else binding.evidence.roles
    by = [role.signed_by for role in told if role.role == binding.via[-1]]
    return SignedTag(binding=binding, signed_by=tuple(key.keyid for key in by[-1]) if by else ())


def _holders(role: RoleName, threshold: int, keys: Iterable[KeyId]) -> Holders:
    return Holders(role=role, threshold=threshold, keys=tuple(sorted(keys)))
