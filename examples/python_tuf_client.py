#!/usr/bin/env python
"""python-tuf's client as a program, to be attacked: ``python -m trustlib.testing``.

It understands what the TUF conformance suite says to a client, and does nothing but
call python-tuf: what is found out about it is found out about python-tuf.
"""

import argparse
import logging
import sys
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater


def init(arguments: argparse.Namespace) -> None:
    """Keep the initial root."""
    directory = Path(arguments.metadata_dir)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "initial_root.json").write_bytes(Path(arguments.trusted_root).read_bytes())


def download(arguments: argparse.Namespace) -> None:
    """Fetch one artifact."""
    updater = Updater(
        metadata_dir=arguments.metadata_dir,
        metadata_base_url=arguments.metadata_url,
        target_base_url=arguments.target_base_url,
        target_dir=arguments.target_dir,
        bootstrap=(Path(arguments.metadata_dir) / "initial_root.json").read_bytes(),
    )
    updater.refresh()
    target = updater.get_targetinfo(arguments.target_name)
    if target is None:
        raise RepositoryError(f"{arguments.target_name}: nobody vouches for that")
    updater.download_target(target)


def main() -> int:
    """Run one command; 0 says that it succeeded fully, 1 that it did not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--metadata-dir", required=True)
    for option in ("--metadata-url", "--target-base-url", "--target-dir", "--target-name"):
        parser.add_argument(option)
    commands = parser.add_subparsers(required=True)
    for command in (init, download):
        commands.add_parser(command.__name__, help=command.__doc__).set_defaults(run=command)
    commands.choices["init"].add_argument("trusted_root")
    arguments = parser.parse_args()
    logging.disable()
    try:
        arguments.run(arguments)
    except (RepositoryError, DownloadError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
