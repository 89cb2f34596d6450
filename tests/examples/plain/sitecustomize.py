"""A plain installation, for examples: what only extras bring cannot be imported.

The library of signers loads the clouds' packages where they are installed, as they are for other
tests; each process would spend most of its time on that.
"""

import sys

sys.modules["boto3"] = None
