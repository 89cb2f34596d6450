"""The mutants that ``make mutation`` makes are what they say they are."""

import ast

from mutation.mutants import mutants
from mutation.run import ROOT, TESTED_BY, argued

SOURCE = '''
def accept(new, old, store):
    """Accept what is newer."""
    if new.version < old.version and old.seen:
        raise RollbackError(new)
    store.save(new)
    return [entry for entry in new.entries[:16] if not entry.gone]
'''


def test_every_check_is_removed_and_made_slightly_wrong():
    names = [mutant.name.partition(": ")[2] for mutant in mutants("x.py", SOURCE)]

    assert [
        "`if new.version < old.version and old.seen` becomes `if True`",
        "`if new.version < old.version and old.seen` becomes `if False`",
        "`new.version < old.version and old.seen` becomes `new.version < old.version or old.seen`",
        "`new.version < old.version and old.seen` becomes `old.seen`",
        "`new.version < old.version and old.seen` becomes `new.version < old.version`",
        "`new.version < old.version` becomes `new.version <= old.version`",
        "`new.version < old.version` becomes `new.version > old.version`",
        "`raise RollbackError(new)` becomes `nothing`",
        "`store.save(new)` becomes `nothing`",
        "`return [entry for entry in new.entries[:16] if not entry.gone]` becomes `return None`",
        "`for entry in new.entries[:16] if not entry.gone` becomes `for entry in new.entries[:16]`",
        "`new.entries[:16]` becomes `new.entries`",
        "`16` becomes `17`",
        "`not entry.gone` becomes `entry.gone`",
    ] == names


def test_a_mutant_is_the_file_with_one_change():
    original = ast.unparse(ast.parse(SOURCE))
    for mutant in mutants("x.py", SOURCE):
        changed = [
            (before, after)
            for before, after in zip(
                original.splitlines(), mutant.source.splitlines(), strict=False
            )
            if before != after
        ]
        assert changed, mutant.name


def test_every_mutant_has_a_name_of_its_own_and_every_survivor_is_one():
    names = [
        mutant.name
        for file in TESTED_BY
        for mutant in mutants(file, (ROOT / "trustlib" / file).read_text(encoding="utf-8"))
    ]

    assert len(names) == len(set(names))
    assert argued() <= set(names)


def test_every_file_of_the_stages_and_of_the_workflow_is_held():
    files = {"verify.py"} | {
        f"{folder}/{file.name}"
        for folder in ("trust", "workflow")
        for file in (ROOT / "trustlib" / folder).glob("*.py")
        if file.name != "__init__.py"
    }

    assert files <= set(TESTED_BY)
