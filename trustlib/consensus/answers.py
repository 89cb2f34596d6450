"""What several repositories agree on, in the words of a single one.

An answer holds nothing that too few of them say, and each one's own answer
beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, Json
from trustlib._types import RoleName
from trustlib.consensus.deciding import Outcome
from trustlib.content import Digest, ImageReference, TagBinding
from trustlib.roles import Target
from trustlib.sources import Source
from trustlib.workflow import Agreed, Evidence, Explanation, Found, Vouched
from trustlib.workflow.agreement import said_by_all
from trustlib.workflow.counting import Statement, shared

A = TypeVar("A", Found, TagBinding)


@frozen(kw_only=True)
class AgreedBinding(TagBinding):
    """A tag that enough repositories say the same of.

    ``digest`` and ``digests`` are what they say alike; ``via`` names each
    repository with its roles, ``"alpha:targets"``; ``collection`` is None where
    they call themselves differently.

    Attributes:
        by: what each repository that counts says itself, by its name; empty
            where the reference itself was a digest and nobody was asked.
    """

    by: FrozenMap[str, TagBinding] = field(factory=FrozenMap[str, TagBinding])

    def explain(self) -> Explanation:
        """Return who signed what, until when, and what was checked; ``str()`` is for people."""
        told = TagBinding.explain(self)
        return said_by_all(told, self.via, self.by) if self.by else told


def said_of_target(found: Found) -> Statement:
    """Return what *found* says that must be the same to agree."""
    return Statement.of(found.target)


def said_of_tag(binding: TagBinding) -> Statement:
    """Return what *binding* says that must be the same to agree."""
    return Statement(
        length=-1 if binding.size is None else binding.size,
        hashes=FrozenMap({digest.algorithm: digest.hex for digest in binding.digests}),
        media_type=None if binding.media_type is None else compact(binding.media_type),
    )


def agreed_target(outcome: Outcome, answers: Mapping[str, Found]) -> Agreed:
    """Return what *outcome* says of a target.

    It names no file: each repository keeps its own, and says where in ``by``.
    """
    by = FrozenMap({name: answers[name] for name in outcome.settled.by})
    statement = outcome.settled.statement
    customs = (found.target.custom or FrozenMap[str, Json]() for found in by.values())
    whole = {
        **_whole(outcome, by, answers),
        "target": Target(
            length=statement.length, hashes=statement.hashes, custom=shared(customs) or None
        ),
        "files": (),
    }
    return Agreed(**whole, by=by)


def agreed_binding(
    reference: ImageReference, outcome: Outcome, answers: Mapping[str, TagBinding]
) -> AgreedBinding:
    """Return what *outcome* says that the tag of *reference* stands for.

    Raises:
        MismatchError: *reference* has a digest as well, and it is another one.
    """
    by = FrozenMap({name: answers[name] for name in outcome.settled.by})
    digests = tuple(Digest(*named) for named in outcome.settled.statement.hashes.items())
    whole = {
        **_whole(outcome, by, answers),
        "reference": reference,
        "digest": digests[0],
        "digests": digests,
        "custom": shared(binding.custom for binding in by.values()),
    }
    binding = AgreedBinding(**whole, by=by)
    if reference.digest is not None:
        binding.agreeing_with(reference.digest)
    return binding


def _whole(outcome: Outcome, by: Mapping[str, A], answers: Mapping[str, A]) -> dict[str, Any]:
    """Return the fields of an answer: the first one's, but for what is everybody's."""
    first = answers[outcome.settled.by[0]]
    collections = {one.collection for one in by.values()}
    return {
        **attrs.asdict(first, recurse=False),
        "source": _oldest(one.source for one in by.values()),
        "evidence": Evidence(None, (), told=_told(by)),
        "via": tuple(RoleName(f"{name}:{role}") for name, one in by.items() for role in one.via),
        "valid_until": _earliest(answers[name].valid_until for name in outcome.resting_on),
        "collection": first.collection if len(collections) == 1 else None,
    }


def _earliest(moments: Iterable[datetime | None]) -> datetime:
    return min(moment for moment in moments if moment is not None)


def _oldest(sources: Iterable[Source | None]) -> Source:
    return min((one for one in sources if one is not None), key=lambda source: source.heard)


def _told(by: Mapping[str, Found] | Mapping[str, TagBinding]) -> tuple[Vouched, ...]:
    return tuple(
        attrs.evolve(
            vouched,
            role=RoleName(f"{name}:{vouched.role}"),
            named_by=RoleName(f"{name}:{vouched.named_by}"),
        )
        for name, one in by.items()
        for vouched in (() if one.evidence is None else one.evidence.roles)
    )
