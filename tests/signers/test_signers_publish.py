"""A repository whose every role is signed from one source, published, and read by two clients."""

from datetime import UTC, datetime

import pytest
from interop.peers import Ours, Theirs

from trustlib import (
    RENEWED,
    Authority,
    MemoryStorage,
    PathPatterns,
    Repository,
    SigningPlan,
    Target,
)

pytestmark = pytest.mark.servers


def test_what_it_publishes_both_clients_accept(signer, tmp_path):
    own = Authority.of(signer.key)
    before = Repository.create(
        "docker.io/acme", root=own, targets=own, snapshot=own, timestamp=own
    ).with_delegation("team", keys=own, grant=PathPatterns(("team/*",)))
    after = before.with_target("team/app", Target.of(b"app"), role="team")
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=RENEWED)
    storage = MemoryStorage()
    plan.signed_by(signer).publication().apply(storage)

    anchor = storage.files["1.root.json"]
    asked = (storage.files, ["team/app", "nothing"])
    ours, theirs = Ours(anchor).ask(*asked), Theirs(anchor, tmp_path).ask(*asked)

    assert ours == theirs
    assert [1, 1, 1, 1] == theirs["refresh"][:4]
    assert 3 == theirs["team/app"][0]
