"""Collections of a trust server: made, edited, signed, and published to it."""

from trustlib.notary.publishing.draft import NotaryDraft, NotaryRequest
from trustlib.notary.publishing.edits import EVERYTHING
from trustlib.notary.publishing.plan import AS_DOCKER, NotaryPlan
from trustlib.notary.publishing.publication import NotaryPublication, NotaryReceipt, TrustServer
from trustlib.notary.publishing.repository import NotaryRepository

__all__ = [
    "AS_DOCKER",
    "EVERYTHING",
    "NotaryDraft",
    "NotaryPlan",
    "NotaryPublication",
    "NotaryReceipt",
    "NotaryRepository",
    "NotaryRequest",
    "TrustServer",
]
