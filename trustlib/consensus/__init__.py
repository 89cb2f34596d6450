"""Several repositories must say the same thing (TAP 4).

A :class:`TrustMap` says which repositories must agree on which targets, and
:class:`Consensus` or :class:`AsyncConsensus` asks them: an updater each, every
one with an anchor and a store of its own.
"""

from trustlib.consensus.answers import AgreedBinding
from trustlib.consensus.clients import AsyncConsensus, Consensus
from trustlib.consensus.maps import MapEntry, TrustMap
from trustlib.workflow import Agreed, RolesAgree
from trustlib.workflow.counting import Statement
from trustlib.workflow.dissent import DisagreementError, UnheardError

__all__ = [
    "Agreed",
    "AgreedBinding",
    "AsyncConsensus",
    "Consensus",
    "DisagreementError",
    "MapEntry",
    "RolesAgree",
    "Statement",
    "TrustMap",
    "UnheardError",
]
