"""One harness under libFuzzer, guided by coverage; run.py starts it where atheris is installed."""

import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["trustlib"]):
    from harnesses import HARNESSES
from mutate import mutated


def _mutator(data: bytes, most: int, seed: int) -> bytes:
    random = Random(seed)
    if random.random() < 0.2:  # libFuzzer knows which constants were compared with
        return bytes(atheris.Mutate(data, most))
    return mutated(data, random)[:most]


if __name__ == "__main__":
    harness = HARNESSES[sys.argv.pop(1)]
    atheris.Setup(sys.argv, harness, custom_mutator=_mutator)
    atheris.Fuzz()
