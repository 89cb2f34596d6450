"""One collection on its way: who goes on, what is listed by whom, and what stays behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import define, field

from trustlib._frozen import FrozenMap, Json
from trustlib._types import ROOT, TARGETS, RoleName, TargetPath
from trustlib.content import MEDIA_TYPE, Digest, ImageReference, PerRepository
from trustlib.errors import NotFoundError, shortened
from trustlib.notary.bridges import Succession
from trustlib.notary.granting import Granted, answer, granted, image_can_have, prefix_patterns
from trustlib.notary.inspecting import canonical_id
from trustlib.notary.leaving import Departing
from trustlib.notary.reports import Moves, Report, Stays
from trustlib.notary.searching import RELEASES, Listed
from trustlib.publish import Repository
from trustlib.publish.reach import speaking_for
from trustlib.publish.words import text
from trustlib.roles import PathPatterns, Target
from trustlib.trust.agreeing import HASHES

WAS: Final = "x-trustlib-was"
"""The member of a target's ``custom`` that says where it was before, who signed, and as of when."""

_FIRST: Final = (
    "moves to targets, which is asked first from now on: releases cannot change what it means"
)
_REVOKED: Final = (
    "look at it: a tag that was revoked in releases falls back to what targets still says;"
    " without_tag() removes it, and with_tag(role=...) has another role say it"
)
_INSTEAD: Final = "delegate to its keys yourself, if that is meant"


@define
class Moving:
    """One collection on its way.

    Attributes:
        old: the collection.
        after: the repository, as far as it is edited.
        types: media types by digest.
        without: delegated roles that are left out.
    """

    old: Departing
    after: Repository
    types: Mapping[Digest, str]
    without: frozenset[RoleName]
    moves: list[Moves] = field(factory=list[Moves])
    stays: list[Stays] = field(factory=list[Stays])
    asked: list[str] = field(factory=list[str])

    def report(self, before: Repository) -> Report:
        """Return what became of the collection, in *before*'s place."""
        last = Succession.of(self.old.collection, self.old.root)
        keys = self.old.root.role.authority(ROOT)
        ids = ", ".join(sorted(canonical_id(key)[:8] for key in keys.keys.values()))
        bridging = f"the old root: {keys.threshold} of its keys ({ids}) must sign the new one"
        return Report(
            collection=last.collection,
            successor=before.collection or last.collection,
            verified=self.old.verified,
            root=last.version,
            sha256=last.sha256,
            moves=tuple(self.moves),
            stays=tuple(self.stays),
            asked=(bridging, *self.asked),
        )

    def moved(self) -> Repository:
        """Return the repository with all of the collection that can be in it."""
        for name, error in self.old.heard.refused:
            self.stays.append(Stays(text(name), f"could not be verified: {error}"))
        image = self._image()
        if image is None:
            return self.after
        roles = self._roles(image)
        listed: dict[RoleName, dict[TargetPath, Target]] = {}
        answers = {one.tag: one for one in self.old.answers}
        for one in answers.values():
            role = roles.get(one.role, TARGETS)
            if role == TARGETS and RELEASES in roles:
                self.stays.append(Stays(f"{text(one.tag)} in {text(one.role)}", _FIRST, _REVOKED))
            self._list(listed, image, one, role)
        for name, role in roles.items():
            if name != RELEASES:
                for one in self.old.said.get(name, ()):
                    if (said := answers.get(one.tag)) is None or not _alike(said, one):
                        what = f"{text(one.tag)} in {text(name)}"
                        self.stays.append(Stays(what, "is not what a pull went by"))
                    else:
                        self._list(listed, image, one, role)
        self._unheard(answers, roles)
        for role, targets in listed.items():
            heard = {
                str(path): target
                for path, target in targets.items()
                if role in speaking_for(self.after.targets, path)
            }
            self.after = self.after.with_targets(heard, role=role)
        self._compare(listed, answers, image, roles)
        names = ", ".join(sorted({RoleName(TARGETS), *roles.values()}))
        self.asked.append(f"the new collection: root, timestamp, snapshot, and {names}")
        return self.after

    # -- who ----------------------------------------------------------------------------

    def _image(self) -> ImageReference | None:
        """Return the image that the collection is about, or None: the new one cannot have it."""
        name = self.old.collection
        try:
            image = ImageReference.parse(PerRepository(name).repository)
            self.after.names.target_path(image.with_tag("latest"))
        except (NotFoundError, ValueError) as error:
            why = f"the new collection cannot speak for it: {error}"
            self.stays.append(Stays(text(name), why, "move it to one that is named for it"))
            return None
        return image

    def _roles(self, image: ImageReference) -> dict[RoleName, RoleName]:
        """Delegate to the roles that can go on, and return what they are called now."""
        found: dict[RoleName, RoleName] = {}
        releases: Granted | None = None
        grants = [
            (proof, grant)
            for proof in self.old.heard.roles
            for grant in granted(proof.role, prefix_patterns(self.after.names, image))
        ]
        for delegator, grant in sorted(grants, key=lambda pair: pair[1].name != RELEASES):
            above = found.get(delegator.name, None if delegator.name != TARGETS else TARGETS)
            why = grant.unfit or self._why_not(grant, above, releases)
            for problem in grant.problems:
                self.stays.append(Stays(text(grant.name), problem))
            name = _renamed(grant.name, self.after, image)
            if why is None and name in self.after.targets:
                why = f"there is a role {name} already"
            if why is not None or above is None:
                self.stays.append(Stays(text(grant.name), why or "", _INSTEAD))
                continue
            self.after = self.after.with_delegation(
                name,
                keys=grant.authority,
                grant=PathPatterns(grant.patterns),
                by=above,
            )
            releases = grant if grant.name == RELEASES else releases
            found[grant.name] = name
            ids = ", ".join(sorted(key[:8] for key in grant.old))
            patterns = " ".join(grant.patterns)
            self.moves.append(Moves(text(grant.name), f"{name}, for {patterns}"))
            self.asked.append(f"{name}: {grant.authority.threshold} of the keys {ids}")
        return found

    def _why_not(
        self, grant: Granted, above: RoleName | None, releases: Granted | None
    ) -> str | None:
        """Return why *grant* cannot go on, or None: it can."""
        if grant.name in self.without:
            return "is left out, as you said"
        if above is None:
            return "is below a role that does not move"
        if grant.name == RELEASES:
            return None
        if releases is None or not grant.within(releases):
            return (
                "was never asked what a tag means, and here it would be; its keys could not say"
                " all of that in targets/releases"
            )
        return None

    # -- what ---------------------------------------------------------------------------

    def _list(
        self,
        listed: dict[RoleName, dict[TargetPath, Target]],
        image: ImageReference,
        one: Listed,
        role: RoleName,
    ) -> None:
        what = f"{text(one.tag)} in {text(one.role)}"
        if not image_can_have(one.tag):
            self.stays.append(Stays(what, "is no tag that an image can have"))
            return
        path = self.after.names.target_path(image.with_tag(one.tag))
        target, problem = self._target(one)
        if target is None:
            self.stays.append(Stays(what, problem or "", "sign the tag anew"))
            return
        before = self.after.targets[role].targets.get(path)
        if before is not None and before.hashes != target.hashes:
            why = f"{role} of the new collection says something else of {path}"
            self.stays.append(Stays(what, why, "decide which of the two it is"))
            return
        if problem is not None:
            self.stays.append(Stays(what, problem))
        listed.setdefault(role, {})[path] = target
        digest = next(target.hashes[name] for name in HASHES if name in target.hashes)
        self.moves.append(Moves(what, f"{path} in {role}, {digest[:16]}…, {target.length} bytes"))

    def _target(self, one: Listed) -> tuple[Target | None, str | None]:
        """Return the target as it is listed now, and what was wrong with it."""
        old = one.target
        hashes = {name: old.hashes[name] for name in HASHES if name in old.hashes}
        if not hashes:
            return None, f"has no hash by {' or '.join(HASHES)}"
        if old.length < 1:
            return None, "has no length"
        custom: dict[str, Json] = dict(old.custom or {})
        problem = None
        if "custom" in old.extra:
            custom["custom"] = old.extra["custom"]
        kind = custom.pop(MEDIA_TYPE, None)
        if kind is not None and not isinstance(kind, str):
            problem = f"its custom data says {MEDIA_TYPE} and means something else: left out"
            kind = None
        digest = Digest("sha256", hashes["sha256"]) if "sha256" in hashes else None
        known = None if digest is None else self.types.get(digest)
        if known is not None and kind not in (None, known):
            problem = f"its custom data calls it {shortened(kind)}, and it is {shortened(known)}"
        if (known or kind) is not None:
            custom[MEDIA_TYPE] = known or kind
        custom[WAS] = FrozenMap[str, Json](
            {
                "collection": self.old.collection,
                "role": one.role,
                "signers": self._signers(one),
                "verified": self.old.verified.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
        target = Target(length=old.length, hashes=FrozenMap(hashes), custom=FrozenMap(custom))
        return target, problem

    def _signers(self, one: Listed) -> tuple[str, ...]:
        """Return the other roles that said the same of a tag, as Docker shows them."""
        return tuple(
            name.removeprefix(f"{TARGETS}/")
            for name, said in self.old.said.items()
            if name not in (one.role, TARGETS, RELEASES)
            and any(other.tag == one.tag and _alike(other, one) for other in said)
        )

    def _unheard(
        self, answers: Mapping[TargetPath, Listed], roles: Mapping[RoleName, RoleName]
    ) -> None:
        """Report what roles say that no pull went by, and that nobody says any more."""
        for name, said in self.old.said.items():
            for one in said:
                what, answer = f"{text(one.tag)} in {text(name)}", answers.get(one.tag)
                if answer is None and name not in roles:
                    why = "was no answer to anybody: no pull asked that role"
                    self.stays.append(Stays(what, why))
                elif answer is not None and name == TARGETS and answer.role != TARGETS:
                    same = _alike(answer, one)
                    why = f"{answer.role} had the say" + ("" if same else ", and says otherwise")
                    self.stays.append(Stays(what, why))

    def _compare(
        self,
        listed: Mapping[RoleName, Mapping[TargetPath, Target]],
        answers: Mapping[TargetPath, Listed],
        image: ImageReference,
        roles: Mapping[RoleName, RoleName],
    ) -> None:
        """Report where the new collection would not answer as the old one did."""
        paths = {path for targets in listed.values() for path in targets}
        meant = {}
        for tag, one in answers.items():
            if image_can_have(tag):
                path = self.after.names.target_path(image.with_tag(tag))
                meant[path] = listed.get(roles.get(one.role, TARGETS), {}).get(path)
        for path in sorted(paths | meant.keys()):
            got, expected = answer(self.after.targets, path), meant.get(path)
            if got != expected and (expected is not None or path not in meant):
                self.stays.append(
                    Stays(
                        path,
                        "the new collection has roles of its own that come first, and gives"
                        " another answer",
                        "move to a repository where nobody else speaks for it",
                    )
                )


def _alike(one: Listed, other: Listed) -> bool:
    return one.target.hashes == other.target.hashes


def _renamed(name: RoleName, repository: Repository, image: ImageReference) -> RoleName:
    """Return what a delegated role is called now; in a collection of many images, whose it is."""
    own = name.removeprefix(f"{TARGETS}/")
    if isinstance(repository.names, PerRepository):
        return RoleName(own)
    return RoleName(f"{own}@{image.path}")
