"""Checking what is published: :func:`fsck`, and every kind of finding."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
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

__all__ = [
    "LONG",
    "SOON",
    "AlikeNames",
    "BrokenChain",
    "BrokenSignature",
    "Dangling",
    "EmptySignature",
    "Examination",
    "Expired",
    "Expiring",
    "Finding",
    "Forked",
    "FragileNames",
    "HighVersion",
    "InPlace",
    "Interchangeable",
    "LeftOver",
    "LongChain",
    "LongLived",
    "LongWay",
    "MisnamedKey",
    "MissingRoots",
    "NoSpareKey",
    "NotDelegated",
    "NotPlain",
    "OneKeyEnough",
    "OneKeyTwice",
    "OnlineKey",
    "OtherRoot",
    "OutOfReach",
    "Overruled",
    "Refused",
    "Severity",
    "SignedTwice",
    "StrangeSignature",
    "Superseded",
    "TooManyRoles",
    "Uncheckable",
    "Unexamined",
    "UnknownFiles",
    "Unlisted",
    "UnlistedKey",
    "Unsatisfiable",
    "UnusableKey",
    "UnusedKey",
    "WaitingRoot",
    "Work",
    "afsck",
    "fsck",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.publish.examining.chain": "BrokenChain Forked LongWay MissingRoots",
            "trustlib.publish.examining.examination": "Examination afsck fsck",
            "trustlib.publish.examining.files": (
                "AlikeNames FragileNames InPlace LeftOver OtherRoot Superseded "
                "UnknownFiles WaitingRoot"
            ),
            "trustlib.publish.examining.finding": "Finding Severity",
            "trustlib.publish.examining.keys": (
                "MisnamedKey NoSpareKey OneKeyEnough OneKeyTwice OnlineKey UnlistedKey "
                "Unsatisfiable UnusableKey UnusedKey"
            ),
            "trustlib.publish.examining.lifetimes": "LONG SOON Expired Expiring LongLived",
            "trustlib.publish.examining.reach": (
                "HighVersion Interchangeable NotDelegated OutOfReach Overruled "
                "TooManyRoles Uncheckable"
            ),
            "trustlib.publish.examining.refusals": "Dangling LongChain Refused Unexamined Unlisted",
            "trustlib.publish.examining.signatures": (
                "BrokenSignature EmptySignature NotPlain SignedTwice StrangeSignature"
            ),
            "trustlib.publish.examining.surveying": "Work",
        },
    )
