"""Checking what is published: :func:`fsck`, and every kind of finding."""

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
from trustlib.publish.examining.refusals import Dangling, LongChain, Refused, Unexamined, Unlisted
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
