"""Robots that were set up for docker or notary find their passphrases where they put them."""

import pytest

from trustlib.notary import (
    DOCKER_1_8_PASSPHRASES,
    DOCKER_PASSPHRASES,
    NOTARY_PASSPHRASES,
    docker_passphrases,
    notary_passphrases,
)
from trustlib.signing.passphrases import FirstOf, FromEnvironment, Question, generated, unlocked

DOCKER = {
    "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "one",
    "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "two",
}
DOCKER_1_8 = {
    "DOCKER_CONTENT_TRUST_OFFLINE_PASSPHRASE": "one",
    "DOCKER_CONTENT_TRUST_TAGGING_PASSPHRASE": "two",
}
NOTARY = {
    "NOTARY_ROOT_PASSPHRASE": "one",
    "NOTARY_TARGETS_PASSPHRASE": "two",
    "NOTARY_SNAPSHOT_PASSPHRASE": "three",
    "NOTARY_DELEGATION_PASSPHRASE": "four",
}


def asked(source, role):
    return list(source.passphrases(Question(name="some.key", where="/some.key", role=role)))


@pytest.mark.parametrize(
    ("variables", "environment", "role", "expected"),
    [
        (DOCKER_PASSPHRASES, DOCKER, "root", b"one"),
        (DOCKER_PASSPHRASES, DOCKER, "targets", b"two"),
        (DOCKER_PASSPHRASES, DOCKER, "snapshot", b"two"),
        (DOCKER_PASSPHRASES, DOCKER, "targets/releases", b"two"),
        (docker_passphrases("targets/alice"), DOCKER, "targets/alice", b"two"),
        (docker_passphrases("targets/alice"), DOCKER, "root", b"one"),
        (DOCKER_1_8_PASSPHRASES, DOCKER_1_8, "root", b"one"),
        (DOCKER_1_8_PASSPHRASES, DOCKER_1_8, "targets", b"two"),
        (DOCKER_1_8_PASSPHRASES, DOCKER_1_8, "snapshot", b"two"),
        (NOTARY_PASSPHRASES, NOTARY, "root", b"one"),
        (NOTARY_PASSPHRASES, NOTARY, "targets", b"two"),
        (NOTARY_PASSPHRASES, NOTARY, "snapshot", b"three"),
        (NOTARY_PASSPHRASES, NOTARY, "targets/releases", b"four"),
        (notary_passphrases("targets/alice"), NOTARY, "targets/alice", b"four"),
    ],
)
def test_each_role_has_its_variable(variables, environment, role, expected):
    assert [expected] == asked(FromEnvironment(variables, environment), role)


@pytest.mark.parametrize(
    "variables", [DOCKER_PASSPHRASES, DOCKER_1_8_PASSPHRASES, NOTARY_PASSPHRASES]
)
def test_other_roles_and_other_environments_have_none(variables):
    assert [] == asked(FromEnvironment(variables, DOCKER | NOTARY | DOCKER_1_8), "targets/alice")
    assert [] == asked(FromEnvironment(variables, {}), "root")


def test_old_robots_and_new_ones_can_be_served_alike():
    """As docker 1.9 to 1.11 did: the new name first."""
    both = FirstOf(
        FromEnvironment(DOCKER_PASSPHRASES, {**DOCKER_1_8, **DOCKER}),
        FromEnvironment(DOCKER_1_8_PASSPHRASES, DOCKER_1_8),
    )

    assert [b"one", b"one"] == asked(both, "root")


def test_a_key_is_made_and_opened_with_what_docker_robots_export(tmp_path, monkeypatch):
    for name, value in DOCKER.items():
        monkeypatch.setenv(name, f"{value} and long enough")
    source = FromEnvironment(DOCKER_PASSPHRASES)

    key = generated(tmp_path / "root.key", source, role="root")

    assert key.key == unlocked(key, source, role="root").key
