"""The tutorial for people who know Docker, followed word for word with Docker itself."""

import os
import re
import sys
from pathlib import Path

import pytest
from registry.engines import registry_image
from tutorial.following import File, Typed, said, steps

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "tutorial" / "first-repository.md").read_text(encoding="utf-8")
PASSPHRASE = "correct horse battery staple"
APP = "localhost:5050/acme/app"

# A client of Docker's that was installed without its newer builder says so before each build.
_DEPRECATED = re.compile(r"\ADEPRECATED: .*?\n\n", re.DOTALL)


@pytest.fixture
def engine(require_servers, secluded_docker_engine, tmp_path):
    """A daemon that has ``registry:2`` and no network to pull it from."""
    require_servers("docker-registry")
    registry_image(secluded_docker_engine, tmp_path / "registry")
    return secluded_docker_engine


@pytest.fixture
def environment(engine, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "python").chmod(0o755)
    paths = [str(PROJECT), *filter(None, sys.path)]
    return {
        "HOME": str(tmp_path),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",  # a file that is written twice in a second is read twice
        "PYTHONWARNINGS": "error",
        "DOCKER_HOST": engine.url,
    }


@pytest.mark.servers
def test_who_knows_docker_ends_with_a_verified_tag(engine, environment, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    answers = {}
    for step in steps(PAGE):
        if isinstance(step, File):
            (folder / step.name).write_text(step.text)
        else:
            heard = said(step.command, folder, environment, PASSPHRASE, engine.inside)
            answer = _DEPRECATED.sub("", heard)
            assert step.answered_by(answer), f"$ {step.command}\n{answer}"
            answers[step.command] = answer

    signed = (folder / "digest").read_text().strip()
    assert f"{APP}@{signed}\n" == answers["python check.py | tee image"]
    assert signed in answers["python compare.py"].splitlines()[-1]
    assert PASSPHRASE not in "".join(answers.values())
    kept = engine.docker("image", "inspect", "--format", "{{json .RepoDigests}}", f"{APP}@{signed}")
    assert f"{APP}@{signed}" in kept


def test_the_page_installs_what_the_readme_says():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")

    assert "python -m pip install trustlib-tuf\n" in readme
    assert "python -m pip install trustlib-tuf\n" in PAGE


def test_an_answer_is_held_against_the_page():
    step = Typed("x", "a … b\n…\n")

    assert step.answered_by("a 1 2 b\n\n")
    assert not step.answered_by("a 1\n2 b\n\n")
    assert not step.answered_by("a 1 2 b\nc\nd\n")
