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
from trustlib.publish.plan import SigningPlan
from trustlib.publish.publication import Publication, Receipt, Write
from trustlib.publish.repository import Repository
from trustlib.publish.request import SigningRequest
from trustlib.publish.retrying import AsyncPublisher, Edit, Publisher

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
    "Expiry",
    "ExpiryPolicy",
    "Gathered",
    "GrantChanged",
    "ListingChanged",
    "MembersChanged",
    "OrderChanged",
    "Publication",
    "Published",
    "Publisher",
    "Receipt",
    "Repository",
    "SignersChanged",
    "SigningPlan",
    "SigningRequest",
    "TargetChanged",
    "Terms",
    "Write",
    "changes",
    "gathered",
    "told",
]
