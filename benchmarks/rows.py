"""The rows of the table, and what does each."""

from collections.abc import Callable, Iterator, Mapping

import row_bins
import row_delegations
import row_download
import row_load
import row_publish
import row_rounds
import row_small
import row_start
import row_steady
from measure import Result
from scale import Scale

ROWS: Mapping[int, Callable[[Scale], Iterator[Result]]] = {
    1: row_start.importing,
    2: row_start.first_refresh,
    3: row_load.loading,
    4: row_load.a_million,
    5: row_load.pretty_printed,
    6: row_bins.snapshots,
    7: row_bins.one_target,
    8: row_rounds.rounds,
    9: row_small.refreshing,
    10: row_delegations.matching,
    11: row_delegations.walking,
    12: row_publish.publishing,
    13: row_download.downloading,
    14: row_steady.resolving,
    15: row_steady.renewing,
}
