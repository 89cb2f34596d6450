"""Editing, signing and publishing a repository."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.publish.change import (
        BinsChanged,
        Change,
        Edition,
        EditionChanged,
        GrantChanged,
        ListingChanged,
        MembersChanged,
        OrderChanged,
        SignersChanged,
        TargetChanged,
    )
    from trustlib.publish.detail import HASHES, VERSIONS, Detail
    from trustlib.publish.differing import changes, told
    from trustlib.publish.drafting import Terms
    from trustlib.publish.drafts import Draft
    from trustlib.publish.examining.chain import BrokenChain, Forked, LongWay, MissingRoots
    from trustlib.publish.examining.examination import Examination, afsck, fsck
    from trustlib.publish.examining.files import (
        AlikeNames,
        FragileNames,
        InPlace,
        LeftOver,
        OtherRoot,
        Superseded,
        UnknownFiles,
        WaitingRoot,
    )
    from trustlib.publish.examining.finding import Finding, Severity
    from trustlib.publish.examining.keys import (
        MisnamedKey,
        NoSpareKey,
        OneKeyEnough,
        OneKeyTwice,
        OnlineKey,
        UnlistedKey,
        Unsatisfiable,
        UnusableKey,
        UnusedKey,
    )
    from trustlib.publish.examining.lifetimes import LONG, SOON, Expired, Expiring, LongLived
    from trustlib.publish.examining.reach import (
        HighVersion,
        Interchangeable,
        NotDelegated,
        OutOfReach,
        Overruled,
        TooManyRoles,
        Uncheckable,
    )
    from trustlib.publish.examining.refusals import (
        Dangling,
        LongChain,
        Refused,
        Unexamined,
        Unlisted,
    )
    from trustlib.publish.examining.signatures import (
        BrokenSignature,
        EmptySignature,
        NotPlain,
        SignedTwice,
        StrangeSignature,
    )
    from trustlib.publish.examining.surveying import Work
    from trustlib.publish.expiry import BY_HAND, RENEWED, Expiry, ExpiryPolicy
    from trustlib.publish.gathering import Gathered, gathered
    from trustlib.publish.migrating import Renamed, renamed_artifacts, with_consistent_snapshots
    from trustlib.publish.opening import BEGINNING, Published
    from trustlib.publish.partly import UnreadError
    from trustlib.publish.passes import Failed, Outcome, Passed, Progress, kept_in, renewals
    from trustlib.publish.plan import SigningPlan
    from trustlib.publish.pruning import Prunable, aprunable, aprune, prunable, prune
    from trustlib.publish.publication import Publication, Receipt, Write
    from trustlib.publish.renewal import Renewer
    from trustlib.publish.repository import Repository
    from trustlib.publish.request import SigningRequest
    from trustlib.publish.retrying import AsyncPublisher, Edit, Publisher
    from trustlib.publish.standing import Ending, LapsedError, Renewed, Standing, Unchanged

__all__ = [
    "BEGINNING",
    "BY_HAND",
    "HASHES",
    "LONG",
    "RENEWED",
    "SOON",
    "VERSIONS",
    "AlikeNames",
    "AsyncPublisher",
    "BinsChanged",
    "BrokenChain",
    "BrokenSignature",
    "Change",
    "Dangling",
    "Detail",
    "Draft",
    "Edit",
    "Edition",
    "EditionChanged",
    "EmptySignature",
    "Ending",
    "Examination",
    "Expired",
    "Expiring",
    "Expiry",
    "ExpiryPolicy",
    "Failed",
    "Finding",
    "Forked",
    "FragileNames",
    "Gathered",
    "GrantChanged",
    "HighVersion",
    "InPlace",
    "Interchangeable",
    "LapsedError",
    "LeftOver",
    "ListingChanged",
    "LongChain",
    "LongLived",
    "LongWay",
    "MembersChanged",
    "MisnamedKey",
    "MissingRoots",
    "NoSpareKey",
    "NotDelegated",
    "NotPlain",
    "OneKeyEnough",
    "OneKeyTwice",
    "OnlineKey",
    "OrderChanged",
    "OtherRoot",
    "OutOfReach",
    "Outcome",
    "Overruled",
    "Passed",
    "Progress",
    "Prunable",
    "Publication",
    "Published",
    "Publisher",
    "Receipt",
    "Refused",
    "Renamed",
    "Renewed",
    "Renewer",
    "Repository",
    "Severity",
    "SignedTwice",
    "SignersChanged",
    "SigningPlan",
    "SigningRequest",
    "Standing",
    "StrangeSignature",
    "Superseded",
    "TargetChanged",
    "Terms",
    "TooManyRoles",
    "Unchanged",
    "Uncheckable",
    "Unexamined",
    "UnknownFiles",
    "Unlisted",
    "UnlistedKey",
    "UnreadError",
    "Unsatisfiable",
    "UnusableKey",
    "UnusedKey",
    "WaitingRoot",
    "Work",
    "Write",
    "afsck",
    "aprunable",
    "aprune",
    "changes",
    "fsck",
    "gathered",
    "kept_in",
    "prunable",
    "prune",
    "renamed_artifacts",
    "renewals",
    "told",
    "with_consistent_snapshots",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.publish.change": (
                "BinsChanged Change Edition EditionChanged GrantChanged ListingChanged "
                "MembersChanged OrderChanged SignersChanged TargetChanged"
            ),
            "trustlib.publish.partly": "UnreadError",
            "trustlib.publish.detail": "HASHES VERSIONS Detail",
            "trustlib.publish.differing": "changes told",
            "trustlib.publish.drafting": "Terms",
            "trustlib.publish.drafts": "Draft",
            "trustlib.publish.examining.chain": "BrokenChain Forked LongWay MissingRoots",
            "trustlib.publish.examining.examination": "Examination afsck fsck",
            "trustlib.publish.examining.files": (
                "AlikeNames FragileNames InPlace LeftOver OtherRoot Superseded UnknownFiles "
                "WaitingRoot"
            ),
            "trustlib.publish.examining.finding": "Finding Severity",
            "trustlib.publish.examining.keys": (
                "MisnamedKey NoSpareKey OneKeyEnough OneKeyTwice OnlineKey UnlistedKey "
                "Unsatisfiable UnusableKey UnusedKey"
            ),
            "trustlib.publish.examining.lifetimes": "LONG SOON Expired Expiring LongLived",
            "trustlib.publish.examining.reach": (
                "HighVersion Interchangeable NotDelegated OutOfReach Overruled TooManyRoles "
                "Uncheckable"
            ),
            "trustlib.publish.examining.refusals": (
                "Dangling LongChain Refused Unexamined Unlisted"
            ),
            "trustlib.publish.examining.signatures": (
                "BrokenSignature EmptySignature NotPlain SignedTwice StrangeSignature"
            ),
            "trustlib.publish.examining.surveying": "Work",
            "trustlib.publish.expiry": "BY_HAND RENEWED Expiry ExpiryPolicy",
            "trustlib.publish.gathering": "Gathered gathered",
            "trustlib.publish.migrating": "Renamed renamed_artifacts with_consistent_snapshots",
            "trustlib.publish.opening": "BEGINNING Published",
            "trustlib.publish.passes": "Failed Outcome Passed Progress kept_in renewals",
            "trustlib.publish.plan": "SigningPlan",
            "trustlib.publish.pruning": "Prunable aprunable aprune prunable prune",
            "trustlib.publish.publication": "Publication Receipt Write",
            "trustlib.publish.renewal": "Renewer",
            "trustlib.publish.repository": "Repository",
            "trustlib.publish.request": "SigningRequest",
            "trustlib.publish.retrying": "AsyncPublisher Edit Publisher",
            "trustlib.publish.standing": "Ending LapsedError Renewed Standing Unchanged",
        },
    )
