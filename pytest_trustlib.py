"""The pytest plugin of trustlib: hostile repositories and registries as fixtures.

It costs nothing where no test asks for one of its fixtures: trustlib itself is imported
then, and not before. A test that takes ``trust_attack`` is run once for each attack of
whoever owns the network; what became of them is summed up at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trustlib.testing.kit import Clock, MountedAttack, TrustRepository
    from trustlib.testing.servers import FileServer, HostileRegistry
    from trustlib.testing.siege import Judgement

_JUDGED: pytest.StashKey[list[Judgement]] = pytest.StashKey()


@pytest.fixture
def trust_clock() -> Clock:
    """A clock that goes on when it is told to; it begins now."""
    from trustlib.testing.kit import Clock

    return Clock()


@pytest.fixture
def trust_repository(trust_clock: Clock) -> Iterator[TrustRepository]:
    """A repository, published over HTTP, and an attacker who owns the network."""
    from trustlib.testing.kit import TrustRepository

    with TrustRepository(trust_clock) as repository:
        yield repository


@pytest.fixture
def hostile_server() -> Iterator[FileServer]:
    """A server of files, each of which may be answered in a hostile way."""
    from trustlib.testing.servers import FileServer

    with FileServer() as server:
        yield server


@pytest.fixture
def hostile_registry() -> Iterator[HostileRegistry]:
    """A registry that lies as it is told to."""
    from trustlib.testing.servers import HostileRegistry

    with HostileRegistry() as registry:
        yield registry


@pytest.fixture
def trust_attack(request: pytest.FixtureRequest, hostile_server: FileServer) -> MountedAttack:
    """One attack; the test is run once for each."""
    from trustlib.testing.kit import MountedAttack

    judged = request.config.stash.setdefault(_JUDGED, [])
    return MountedAttack(request.param, hostile_server, judged)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whoever takes ``trust_attack`` once for each attack that it can withstand."""
    if "trust_attack" in metafunc.fixturenames:
        from trustlib.testing.kit import mountable

        attacks = mountable()
        names = [attack.name for attack in attacks]
        metafunc.parametrize("trust_attack", attacks, indirect=True, ids=names)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Sum up what became of the attacks, if any were mounted."""
    judged = config.stash.get(_JUDGED, [])
    if judged:
        from trustlib.testing.report import report

        terminalreporter.section("attacks withstood")
        terminalreporter.write(report({"here": judged}))
