"""A plain installation, for the processes of some tests: what only an extra brings is not there.

The library of signers imports the clouds' packages where they are installed, as they are for other
tests, and a process that lives for a second would spend a fifth of it on that. Whoever finds this
folder on PYTHONPATH is spared.
"""

import sys

sys.modules["boto3"] = None
