"""The table in the documentation is what comes of it when clients are attacked."""

import os
import re

import pytest
from testing.page import PAGE, THEIRS, printed, table, with_table


@pytest.mark.slow
def test_the_table_is_what_comes_of_it(require_servers):
    require_servers("curl", "faketime", "jq")
    if os.environ.get("TRUSTLIB_REWRITE") == "1":
        PAGE.write_text(with_table(table()), encoding="utf-8")
    if THEIRS not in printed():
        pytest.skip(f"the table is of another version than {THEIRS}; see tests/testing/page.py")

    assert table() == printed()


def test_the_table_says_that_ours_withstands_everything():
    (counted,) = re.findall(r"\*\*all\*\* \| \*\*(\d+) of (\d+)\*\*", printed())

    assert counted[0] == counted[1]
    assert int(counted[0]) > 95
