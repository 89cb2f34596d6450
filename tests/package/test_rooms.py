"""Names that are imported when they are first asked for are names like all others."""

import ast
import importlib
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from package.checking import checked

import trustlib
from trustlib._rooms import on_first_use

ROOT = Path(__file__).parents[2]

MISSPELLED = """
import trustlib
from trustlib import Updater
from trustlib.transport import HttpTransport
from trustlib.publish import Repository

reveal_type(trustlib.Updater)
trustlib.Updatr
from trustlib.storage import FileStore
"""


def tree(package):
    return ast.parse(Path(importlib.import_module(package).__file__).read_text(encoding="utf-8"))


def calls(package):
    return [
        node
        for node in ast.walk(tree(package))
        if isinstance(node, ast.Call) and "on_first_use" == getattr(node.func, "id", "")
    ]


PACKAGES = [
    name
    for name in (
        "trustlib",
        *(m.name for m in pkgutil.walk_packages(trustlib.__path__, "trustlib.") if m.ispkg),
    )
    if calls(name)
]


def table(package):
    (call,) = calls(package)
    return {room: names.split() for room, names in ast.literal_eval(call.args[1]).items()}


def for_type_checkers(package):
    (block,) = (
        node
        for node in tree(package).body
        if isinstance(node, ast.If) and "TYPE_CHECKING" == getattr(node.test, "id", "")
    )
    return {line.module: [each.name for each in line.names] for line in block.body}


def in_a_process(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_there_are_packages_with_many_rooms():
    assert {"trustlib", "trustlib.publish", "trustlib.storage", "trustlib.transport"} <= set(
        PACKAGES
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_what_type_checkers_see_is_what_programs_get(package):
    """A list that is kept twice is kept equal here."""
    assert for_type_checkers(package) == table(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_public_has_a_room(package):
    module = importlib.import_module(package)
    imported = {
        each.name
        for line in tree(package).body
        if isinstance(line, ast.ImportFrom)
        for each in line.names
    }

    roomed = {name for names in table(package).values() for name in names}

    assert roomed <= set(module.__all__)
    assert set(module.__all__) <= roomed | imported


@pytest.mark.parametrize("package", PACKAGES)
def test_each_name_is_what_its_room_has(package):
    module = importlib.import_module(package)

    strange = [
        name
        for room, names in table(package).items()
        for name in names
        if getattr(module, name) is not getattr(importlib.import_module(room), name)
    ]

    assert [] == strange


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_is_a_modules(package):
    """Importing the module would put it in the name's place, sooner or later."""
    modules = {
        each.name for each in pkgutil.iter_modules(importlib.import_module(package).__path__)
    }

    assert set() == modules & {name for names in table(package).values() for name in names}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_prompt_completes_what_was_not_asked_for_yet(package, tmp_path):
    told = in_a_process(
        f"import {package} as it\nassert set(it.__all__) <= set(dir(it))\nprint(*dir(it))", tmp_path
    )

    assert told.split() == sorted(set(told.split()))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_star_imports_all_that_is_public(package, tmp_path):
    code = (
        f"from {package} import *\nimport {package} as it\nprint({{*it.__all__}} - {{*globals()}})"
    )

    assert "set()" == in_a_process(code, tmp_path).strip()


AT_ONCE = """
import importlib, sys, threading

sys.setswitchinterval(1e-6)
start, failures = threading.Barrier(len(sys.argv) - 1), []

def import_all(package):
    start.wait()
    try:
        for name in importlib.import_module(package).__all__:
            getattr(sys.modules[package], name)
    except Exception as error:
        failures.append(f"{package}: {error!r}")

threads = [threading.Thread(target=import_all, args=(each,)) for each in sys.argv[1:]]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*failures, sep="\\n", end="")
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_with_rooms_waits_for_none_of_them(package):
    """A room waits for its package: of two threads that import both, one would get half of it."""
    waited_for = [
        line.module
        for line in tree(package).body
        if isinstance(line, ast.ImportFrom) and line.module.startswith("trustlib")
    ]

    assert ["trustlib._rooms"] == waited_for


def test_several_threads_may_ask_for_their_first_names_at_once(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, *PACKAGES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "" == done.stdout


def test_a_package_is_imported_without_its_rooms(tmp_path):
    code = (
        "import sys, trustlib\nprint(*sorted(m for m in sys.modules if m.startswith('trustlib')))"
    )

    assert ["trustlib", "trustlib._rooms"] == in_a_process(code, tmp_path).split()


def test_a_module_with_public_names_needs_no_import_of_its_own(tmp_path):
    """So it was while everything was imported, and so type checkers believe."""
    code = "import trustlib\nprint(trustlib.errors.TrustError, trustlib.publish.examining.__name__)"

    told = in_a_process(code, tmp_path)

    assert "<class 'trustlib.errors.TrustError'> trustlib.publish.examining" == told.strip()


def test_a_name_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(
        AttributeError, match=r"^module 'trustlib' has no attribute 'Updatr'"
    ) as error:
        trustlib.Updatr

    assert ("Updatr", trustlib) == (error.value.name, error.value.obj)


def test_a_name_that_is_not_there_cannot_be_imported():
    with pytest.raises(ImportError, match="cannot import name 'FileStore'"):
        exec("from trustlib.storage import FileStore", {})


def test_a_name_is_looked_for_once():
    asked, _ = on_first_use("trustlib", {"trustlib.limits": "Limits"})
    vars(trustlib).pop("Limits", None)

    limits = asked("Limits")

    assert limits is vars(trustlib)["Limits"]


def test_a_room_that_cannot_be_imported_says_why():
    asked, _ = on_first_use("trustlib", {"trustlib.attic": "Trunk"})

    with pytest.raises(ModuleNotFoundError, match="attic"):
        asked("Trunk")


def test_values_travel_by_the_names_of_their_rooms():
    found = trustlib.Limits(root=1)

    assert found == pickle.loads(pickle.dumps(found))


def test_threads_that_ask_at_once_get_the_same(tmp_path):
    code = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import trustlib
begin = Barrier(8)
def asked(_):
    begin.wait()
    return trustlib.Updater
with ThreadPoolExecutor(8) as pool:
    print(len(set(map(id, pool.map(asked, range(8))))))
"""

    assert "1" == in_a_process(code, tmp_path).strip()


@pytest.mark.slow
def test_a_type_checker_completes_names_and_finds_misspelled_ones(tmp_path):
    told = checked(MISSPELLED, tmp_path)

    assert 'calls.py:8: error: Module has no attribute "Updatr"' in told.stdout
    assert (
        'calls.py:9: error: Module "trustlib.storage" has no attribute "FileStore"' in told.stdout
    )
    assert "-> trustlib.updater.blocking.Updater" in told.stdout
    assert "Found 2 errors" in told.stdout
