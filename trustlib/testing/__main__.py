"""Attack a program, and print what came of it: ``python -m trustlib.testing --help``."""

import argparse
import sys

from trustlib.testing.attacks import OVER_HTTP, PATIENT, Attack
from trustlib.testing.possessions import Possession, mountable_with
from trustlib.testing.programs import Program, judgements
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

Exit code 0: it withstood everything that the specification asks it to withstand.
"""


def attacks(holding: str, only: str, patient: str) -> list[Attack]:
    """Return the attacks that are asked for."""
    held = {Possession.NETWORK}
    held |= {one for one in Possession if one.name in holding.upper().split(",")}
    chosen = [*mountable_with(*held), *OVER_HTTP, *(PATIENT if patient == "yes" else ())]
    return [attack for attack in chosen if only in attack.name or only in attack.ids]


def main() -> int:
    """Attack one program; return 1 if it did not withstand, 2 if it could not be run."""
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
        "--only", metavar="TEXT", default="", help="attacks named so, or with that id"
    )
    names = ", ".join(one.name for one in Possession if one.name.endswith(("KEY", "KEYS")))
    keys = f"what the attacker holds besides the network, with commas between: {names}"
    parser.add_argument(
        "--holding", metavar="KEYS", default="", help=f"besides the network: {keys}"
    )
    parser.add_argument("--patient", choices=("yes", "no"), default="no", help="slow servers, too")
    parser.add_argument("--seconds", type=float, default=60.0, help="that each run may take")
    parser.add_argument("--table", choices=("goals", "attacks"), default="goals")
    arguments = parser.parse_args()
    command = arguments.conforming or arguments.download
    name = arguments.name or command.split()[0].rpartition("/")[2]
    try:
        program = (
            Program.conforming(name, command, patience=arguments.seconds)
            if arguments.conforming
            else Program(
                name=name, download=command, init=arguments.init, patience=arguments.seconds
            )
        )
        judged = list(
            _watched(program, attacks(arguments.holding, arguments.only, arguments.patient))
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print((report if arguments.table == "goals" else every_attack)({name: judged}), end="")
    bad = [each for each in judged if not each.verdict.good and not each.attack.beyond]
    return 1 if bad or all(each.verdict is Verdict.NOT_MOUNTED for each in judged) else 0


def _watched(program: Program, chosen: list[Attack]) -> list[Judgement]:
    """Return the judgements; whoever waits reads on standard error how far it is."""
    judged = []
    for number, each in enumerate(judgements(program, chosen), 1):
        print(f"{number}/{len(chosen)} {each}", file=sys.stderr)
        judged.append(each)
    return judged


if __name__ == "__main__":
    sys.exit(main())
