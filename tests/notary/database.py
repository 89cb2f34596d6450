"""A real database for the real servers to keep their files in, as those that people use have one.

Their own tools for making the tables are not packaged: these are the same
columns, said here once more. It listens on a socket in its own folder.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = ("initdb", "postgres", "psql")
_ROW = "id serial PRIMARY KEY, created_at timestamp, updated_at timestamp, deleted_at timestamp"
TABLES = f"""
CREATE TABLE tuf_files ({_ROW}, gun varchar NOT NULL, role varchar NOT NULL,
  version integer NOT NULL, data bytea NOT NULL, sha256 char(64), UNIQUE (gun, role, version));
CREATE TABLE changefeed (id serial PRIMARY KEY, created_at timestamp DEFAULT now(),
  gun varchar NOT NULL, version integer NOT NULL, sha256 char(64),
  category varchar NOT NULL DEFAULT 'update');
CREATE TABLE private_keys ({_ROW}, key_id varchar UNIQUE NOT NULL, encryption_alg varchar NOT NULL,
  keywrap_alg varchar NOT NULL, algorithm varchar NOT NULL, passphrase_alias varchar NOT NULL,
  public bytea NOT NULL, private bytea NOT NULL, gun varchar NOT NULL, role varchar NOT NULL,
  last_used timestamp);
"""


def require_postgres() -> Path:
    """Return the folder of PostgreSQL's programs, or skip the test that needs them."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # as on Debian
    whole = [one for one in folders if all((one / name).exists() for name in PROGRAMS)]
    if not whole:
        pytest.skip(f"not installed: PostgreSQL ({', '.join(PROGRAMS)})")
    return whole[0]


@contextlib.contextmanager
def database(bin: Path) -> Iterator[str]:
    """A database with tables, while the block runs: its address."""
    # Not in a test's own folder: nobody but root may enter that, and it refuses to run as root.
    with tempfile.TemporaryDirectory(prefix="trust") as folder, contextlib.ExitStack() as stack:
        user = pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else "nobody"
        shutil.chown(folder, user)
        said = {"user": user, "cwd": folder, "env": {**os.environ, "HOME": folder}}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        subprocess.run(
            [bin / "initdb", "-D", "data", "-U", "trust", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            timeout=120,
            **said,
            **quiet,
        )
        listening = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        process = stack.enter_context(
            subprocess.Popen([bin / "postgres", "-D", "data", *listening], **said, **quiet)
        )
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        told = [
            "-h",
            folder,
            "-U",
            "trust",
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            TABLES,
        ]
        for _ in range(300):
            assert process.poll() is None
            done = subprocess.run([bin / "psql", *told], check=False, timeout=60, **quiet)
            if done.returncode == 0:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("the database does not answer")
        yield f"postgres://trust@/postgres?host={folder}&sslmode=disable"
