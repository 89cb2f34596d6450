"""Editing, signing and publishing a repository."""

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
from trustlib.publish.changes import changes, told
from trustlib.publish.detail import HASHES, VERSIONS, Detail
from trustlib.publish.drafting import Terms
from trustlib.publish.drafts import Draft
from trustlib.publish.expiry import BY_HAND, RENEWED, Expiry, ExpiryPolicy
from trustlib.publish.gathering import Gathered, gathered
from trustlib.publish.opening import BEGINNING, Published
from trustlib.publish.passes import Failed, Outcome, Passed, Progress, kept_in, renewals
from trustlib.publish.plan import SigningPlan
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
    "RENEWED",
    "VERSIONS",
    "AsyncPublisher",
    "BinsChanged",
    "Change",
    "Detail",
    "Draft",
    "Edit",
    "Edition",
    "EditionChanged",
    "Ending",
    "Expiry",
    "ExpiryPolicy",
    "Failed",
    "Gathered",
    "GrantChanged",
    "LapsedError",
    "ListingChanged",
    "MembersChanged",
    "OrderChanged",
    "Outcome",
    "Passed",
    "Progress",
    "Publication",
    "Published",
    "Publisher",
    "Receipt",
    "Renewed",
    "Renewer",
    "Repository",
    "SignersChanged",
    "SigningPlan",
    "SigningRequest",
    "Standing",
    "TargetChanged",
    "Terms",
    "Unchanged",
    "Write",
    "changes",
    "gathered",
    "kept_in",
    "renewals",
    "told",
]
