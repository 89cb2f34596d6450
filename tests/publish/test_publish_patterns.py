"""§4.5: a delegation that is written covers something."""

import pytest
from core.worlds import NOW
from publish.desks import authority, created, planned, signed

from trustlib import TARGETS, HashPrefixes, MemoryStorage, PathPatterns


@pytest.mark.parametrize(
    "pattern",
    [
        "/acme/*",
        "acme/",
        "acme//*",
        "",
        "./acme/*",
        "acme/../*",
        "..",
        "acme\\*",
        "acme/\n",
        "a\0*",
    ],
)
def test_a_pattern_that_no_target_could_match_is_refused(pattern):
    """§4.5: it would let nobody speak for anything, and look as if it did."""
    for patterns in ((pattern,), ("acme/*", pattern)):
        with pytest.raises(ValueError, match="pattern"):
            created().with_delegation("team", keys=authority("team"), grant=PathPatterns(patterns))


@pytest.mark.parametrize("pattern", ["*", "?", "acme/*", "*/*:*", "acme/app:1.?", "...", "[a-z]"])
def test_a_pattern_that_some_target_could_match_is_not(pattern):
    after = created().with_delegation(
        "team", keys=authority("team"), grant=PathPatterns((pattern,))
    )

    assert (pattern,) == after.targets[TARGETS].delegations.roles[0].grant.patterns


def test_hash_prefixes_are_no_patterns():
    grant = HashPrefixes(("", "0f"))
    after = created().with_delegation("team", keys=authority("team"), grant=grant)

    assert signed(planned(created(), after, now=NOW)).publication().apply(MemoryStorage())
