"""The tables say what came of it, and are Markdown."""

from trustlib.testing import CATALOGUE, Judgement, Verdict, every_attack, report

ALL = {attack.name: attack for attack in CATALOGUE}
REPLAY = ALL["everything is shown as it was"]
STRANGER = ALL["a stranger signs timestamp"]
SMALL = ALL["timestamp lists a key under which everything is signed"]  # beyond the specification


def made(*verdicts):
    attacks = (REPLAY, STRANGER, SMALL)
    return [Judgement(attack=a, verdict=v) for a, v in zip(attacks, verdicts, strict=True)]


GOOD, BAD, AWAY = Verdict.WITHSTOOD, Verdict.DECEIVED, Verdict.NOT_MOUNTED


def test_the_summary_counts_what_was_mounted_and_what_the_specification_is_about():
    text = report({"one": made(GOOD, BAD, BAD), "a|b": made(AWAY, GOOD, GOOD)})

    assert (
        "| TUF promises to withstand (§1.5.2) | one | a&#124;b |\n"
        "| --- | ---: | ---: |\n"
        "| arbitrary software | 0 of 1 | 1 of 1 |\n"
        "| rollback | 1 of 1 | 0 of 0 |\n"
        "| **all** | **1 of 2** | **1 of 1** |\n"
    ) == text.partition("\n\n")[0] + "\n"


def test_below_it_is_what_somebody_did_not_withstand():
    text = report({"one": made(GOOD, BAD, BAD), "other": made(AWAY, GOOD, GOOD)})

    assert (
        "| attack | stands for | one | other |\n"
        "| --- | --- | --- | --- |\n"
        "| a stranger signs timestamp | arbitrary software, T-95"
        " | deceived: took what it was shown | withstood |\n"
        "| timestamp lists a key under which everything is signed (beyond the specification:"
        " the publisher listed that key himself) | arbitrary software, T-27, T-59"
        " | deceived: took what it was shown | withstood |\n"
    ) == text.partition("\n\n")[2]


def test_where_all_is_well_there_is_nothing_below():
    assert "attack |" not in report({"one": made(GOOD, GOOD, GOOD)})
    assert 5 == len(every_attack({"one": made(GOOD, GOOD, GOOD)}).splitlines())
