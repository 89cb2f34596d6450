"""Editing, signing and publishing a repository."""

from trustlib.publish.drafts import Draft
from trustlib.publish.expiry import BY_HAND, RENEWED, Expiry
from trustlib.publish.gathering import Gathered, gathered
from trustlib.publish.opening import BEGINNING, Published
from trustlib.publish.plan import SigningPlan
from trustlib.publish.publication import Publication, Receipt, Write
from trustlib.publish.repository import Repository
from trustlib.publish.request import SigningRequest

__all__ = [
    "BEGINNING",
    "BY_HAND",
    "RENEWED",
    "Draft",
    "Expiry",
    "Gathered",
    "Publication",
    "Published",
    "Receipt",
    "Repository",
    "SigningPlan",
    "SigningRequest",
    "Write",
    "gathered",
]
