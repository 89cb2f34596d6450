"""The tutorial for people who know Docker, followed word for word against a real registry."""

import os
import sys
from pathlib import Path

import pytest
from registry.processes import started
from tutorial.following import File, Typed, said, steps

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "tutorial" / "first-repository.md").read_text(encoding="utf-8")
PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def registry(require_servers, tmp_path_factory):
    require_servers("docker-registry", "skopeo")
    with started(tmp_path_factory.mktemp("tutorial")) as place:
        yield place.domain.replace("127.0.0.1", "localhost")


@pytest.fixture
def environment(tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, arguments in (
        ("docker", [str(Path(__file__).with_name("as_docker.py"))]),
        ("python", []),
    ):
        line = " ".join([sys.executable, *arguments, '"$@"'])
        (programs / name).write_text(f"#!/bin/sh\nexec {line}\n")
        (programs / name).chmod(0o755)
    paths = [str(PROJECT), str(PROJECT / "examples"), *filter(None, sys.path)]
    return {
        "HOME": str(tmp_path),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",  # a file that is written twice in a second is read twice
        "PYTHONWARNINGS": "error",
    }


@pytest.mark.servers
def test_who_knows_docker_ends_with_a_verified_tag(registry, environment, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    answers = {}
    for step in steps(PAGE.replace("localhost:5050", registry)):
        if isinstance(step, File):
            (folder / step.name).write_text(step.text)
        else:
            answer = said(step.command, folder, environment, PASSPHRASE)
            assert step.answered_by(answer), f"$ {step.command}\n{answer}"
            answers[step.command] = answer

    signed = (folder / "digest").read_text().strip()
    assert f"{registry}/acme/app@{signed}\n" == answers["python check.py | tee image"]
    assert signed in answers["python compare.py"].splitlines()[-1]
    assert PASSPHRASE not in "".join(answers.values())


def test_the_page_installs_what_the_readme_says():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")

    assert "python -m pip install trustlib-tuf\n" in readme
    assert "python -m pip install trustlib-tuf\n" in PAGE


def test_an_answer_is_held_against_the_page():
    step = Typed("x", "a … b\n…\n")

    assert step.answered_by("a 1 2 b\n\n")
    assert not step.answered_by("a 1\n2 b\n\n")
    assert not step.answered_by("a 1 2 b\nc\nd\n")
