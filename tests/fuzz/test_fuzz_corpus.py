"""What fuzzing found once is not found again, and a few hundred new inputs find nothing."""

from random import Random

import pytest
from harnesses import HARNESSES, _asked
from mutate import extracted, mutated
from repository import IMAGES, original, signed_again
from run import HERE, seeds

from trustlib import Anchor, MemoryStorage

CORPUS = sorted(path for path in (HERE / "corpus").glob("*/*") if path.is_file())
FEW = {"client": 100, "publisher": 50}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_input_of_the_corpus_is_answered_as_documented(path):
    HARNESSES[path.parent.name](path.read_bytes())


def test_every_harness_has_a_corpus():
    assert set(HARNESSES) == {path.parent.name for path in CORPUS}


@pytest.mark.parametrize("name", HARNESSES)
def test_damaged_inputs_are_answered_as_documented(name):
    corpus, random = seeds(name), Random(name)

    for _ in range(FEW.get(name, 300)):
        data = mutated(random.choice(corpus), random, corpus)
        try:
            HARNESSES[name](data)
        except Exception as error:
            error.add_note(f"the input: {data!r}")
            raise


@pytest.mark.parametrize("name", ["client", "publisher"])
def test_damage_to_the_repository_begins_with_one_that_is_trusted(name):
    """Otherwise both harnesses would be told the same error for every input."""
    ours = original()
    (seed,) = seeds(name)
    files = signed_again(ours.files) if name == "publisher" else ours.files

    answers = _asked(Anchor.root(files["1.root.json"]), files, MemoryStorage())

    assert set(IMAGES[:2]) == set(answers)
    assert set(ours.files) == set(extracted(seed))
