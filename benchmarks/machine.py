"""Where and with what a figure was measured: without that, it says little."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("tuf", "securesystemslib", "cryptography", "attrs", "urllib3")


def described() -> str:
    """Return the machine, its load, and all versions, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {_processor()}, {os.cpu_count()} cores"
        f" (load {os.getloadavg()[0]:.1f}), {platform.system()} {platform.machine()};"
        f" Python {platform.python_version()}, {_ours()}, {versions}"
    )


def _ours() -> str:
    """Return the commit, since the version says little between releases."""
    asked = ["git", "describe", "--always", "--dirty"]
    here = Path(__file__).parent
    found = subprocess.run(asked, cwd=here, capture_output=True, text=True, check=False)
    return f"trustlib {found.stdout.strip() or version('trustlib-tuf')}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "a processor"
    return next((line.split(": ")[1] for line in lines if "model name" in line), "a processor")
