"""The environment of a process that finds what a plain installation has; see sitecustomize.py."""

import os
import sys
from pathlib import Path

PATHS = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
PLAINLY = {**os.environ, "PYTHONPATH": PATHS}
