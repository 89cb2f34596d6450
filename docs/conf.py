"""How the documentation is built. A warning is an error: ``make docs``."""

import builtins
import re
import sys
from pathlib import Path

import trustlib

sys.path.insert(0, str(Path(__file__).parent))  # for names.py

project = "trustlib"
author = "the trustlib contributors"
copyright = author
version = release = trustlib.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "names"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"trustlib {release}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["toc.empty_glob"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_ivar = True  # attributes are listed in the class, not as pages of their own

# Every name of ours must be found. Names of the standard library and of our
# dependencies are not looked up: the build needs no network.
nitpick_ignore_regex = [
    ("py:.*", "|".join(map(re.escape, dir(builtins)))),
    ("py:.*", r"(abc|collections|contextlib|datetime|enum|os|pathlib|socket|ssl|types|typing)\..*"),
    ("py:.*", r"(attr|attrs|cryptography|securesystemslib|urllib3)\..*"),
    (
        "py:.*",
        r"(Any|Callable|Collection|Iterable|Iterator|Mapping|Sequence|Self|datetime|timedelta)",
    ),
    ("py:.*", r"([A-Z]|.*\.[A-Z])"),  # type variables
    # Of ours and of others, and nobody needs to import them.
    (
        "py:class",
        r"(Extra|ForeignSigner|Json|JsonLike|ObjectStore|PoolManager|PrivateKey|PublicKeyTypes|Role"
        r"|SecureSystemsSigner|Speaking|_Pins)",
    ),
    ("py:mod", "hashlib"),
]
