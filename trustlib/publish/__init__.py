"""Editing, signing and publishing a repository."""

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
    "Detail",
    "Draft",
    "Edit",
    "Expiry",
    "ExpiryPolicy",
    "Gathered",
    "Publication",
    "Published",
    "Publisher",
    "Receipt",
    "Repository",
    "SigningPlan",
    "SigningRequest",
    "Terms",
    "Write",
    "gathered",
]
