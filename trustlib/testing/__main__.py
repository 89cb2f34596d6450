"""Attack a program, and print what came of it: ``python -m trustlib.testing --help``."""

import argparse
import signal
import sys
from collections.abc import Iterable
from typing import NoReturn

from trustlib.testing.attacks import OVER_HTTP, PATIENT, Attack
from trustlib.testing.possessions import Possession, mountable_with
from trustlib.testing.programs import Program, failing_honestly, judgements
from trustlib.testing.report import every_attack, report
from trustlib.testing.siege import Judgement, Verdict

EXAMPLES = """
A program that understands what the TUF conformance suite says:
  python -m trustlib.testing --conforming "./client"
Any other; it is run without a shell:
  python -m trustlib.testing --download "./fetch.sh {root} {metadata} {metadata_url}
    {targets_url} {target} {downloads}"
One whose clock can be set:
  python -m trustlib.testing --conforming "faketime {now} ./client"

Exit code 0: it withstood everything that the specification asks it to withstand;
1: it did not; 2: it could not be attacked, for it fails without that as well.
"""


KEYS = tuple(one for one in Possession if one.name.endswith(("KEY", "KEYS")))


def attacks(holding: Iterable[Possession], only: str, patient: str) -> list[Attack]:
    """Return the attacks that are asked for.

    Raises:
        ValueError: there is none.
    """
    chosen = [
        *mountable_with(Possession.NETWORK, *holding),
        *OVER_HTTP,
        *(PATIENT if patient == "yes" else ()),
    ]
    asked = only.casefold()
    found = [
        attack
        for attack in chosen
        if asked in attack.name.casefold()
        or asked in (attack.goal, *(each.casefold() for each in attack.ids))
    ]
    if not found:
        raise ValueError(f"--only {only}: no attack has that in its name, its goal or its ids")
    return found


def possessions(names: str) -> list[Possession]:
    """Return the keys with these *names*, which have commas between them.

    Raises:
        ValueError: there is no such key.
    """
    known = {str(key).replace(" ", "_"): key for key in KEYS}
    asked = [name.strip() for name in names.lower().split(",") if name.strip()]
    if unknown := [name for name in asked if name not in known]:
        raise ValueError(f"--holding {unknown[0]}: there is no such key; use {', '.join(known)}")
    return [known[name] for name in asked]


def main() -> int:
    """Attack one program; return 1 if it did not withstand, 2 if it could not be attacked."""
    arguments = _parser().parse_args()
    command = arguments.conforming or arguments.download
    name = arguments.name or (command.split() or [""])[0].rpartition("/")[2]
    try:
        chosen = attacks(possessions(arguments.holding), arguments.only, arguments.patient)
        program = (
            Program.conforming(name, command, patience=arguments.seconds)
            if arguments.conforming
            else Program(
                name=name, download=command, init=arguments.init, patience=arguments.seconds
            )
        )
        if failed := failing_honestly(program):
            print(failed, file=sys.stderr)
            return 2
        judged = list(_watched(program, chosen))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print((report if arguments.table == "goals" else every_attack)({name: judged}), end="")
    mounted = [each for each in judged if each.verdict is not Verdict.NOT_MOUNTED]
    if not mounted:
        print(f"not mounted: {judged[0].detail}", file=sys.stderr)
        return 2
    return 1 if any(not each.verdict.good and not each.attack.beyond for each in mounted) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trustlib.testing",
        description="Attack a program that downloads through TUF.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_mutually_exclusive_group(required=True)
    commands.add_argument(
        "--conforming", metavar="COMMAND", help="a client of the TUF suite's kind"
    )
    commands.add_argument("--download", metavar="TEMPLATE", help="what fetches an artifact")
    parser.add_argument("--init", metavar="TEMPLATE", default="", help="what is run once before")
    parser.add_argument("--name", default="", help="what to call it; by default its first word")
    parser.add_argument(
        "--only", metavar="TEXT", default="", help="attacks named so, or with that goal or id"
    )
    keys = ", ".join(str(one).replace(" ", "_") for one in KEYS)
    parser.add_argument(
        "--holding",
        metavar="KEYS",
        default="",
        help=f"what the attacker holds besides the network, with commas between: {keys}",
    )
    parser.add_argument("--patient", choices=("yes", "no"), default="no", help="slow servers, too")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="that each run may take (%(default)g)"
    )
    parser.add_argument(
        "--table",
        choices=("goals", "attacks"),
        default="goals",
        help="a row for each goal and each failure, or for each attack (%(default)s)",
    )
    return parser


def _watched(program: Program, chosen: list[Attack]) -> list[Judgement]:
    """Return the judgements; whoever waits reads on standard error how far it is."""
    judged = []
    for number, each in enumerate(judgements(program, chosen), 1):
        print(f"{number}/{len(chosen)} {each}", file=sys.stderr)
        judged.append(each)
    return judged


def _stopped(number: int, _: object) -> NoReturn:
    """Leave as whoever is interrupted: what was started is ended, what was made is removed."""
    sys.exit(128 + number)


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stopped)
    sys.exit(main())
