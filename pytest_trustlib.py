"""The pytest plugin of trustlib: hostile repositories and registries as fixtures.

It costs nothing where no test asks for one of its fixtures: trustlib itself is imported
then, and not before. A test that takes ``trust_attack`` is run once for each attack of
whoever owns the network; what became of them is summed up at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trustlib.testing.kit import Clock, MountedAttack, TrustRepository
    from trustlib.testing.servers import FileServer, HostileRegistry
    from trustlib.testing.siege import Judgement

_PROPERTY = "trust_attack"


@pytest.fixture
def trust_clock() -> Clock:
    """A clock that goes on when it is told to; it begins now."""
    from trustlib.testing.kit import Clock

    return Clock()


@pytest.fixture
def trust_repository(
    trust_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TrustRepository]:
    """A repository, published over HTTP, and an attacker who owns the network."""
    from trustlib.testing.kit import TrustRepository

    _without_proxy(monkeypatch)
    with TrustRepository(trust_clock) as repository:
        yield repository


@pytest.fixture
def hostile_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server of files, each of which may be answered in a hostile way."""
    from trustlib.testing.servers import FileServer

    _without_proxy(monkeypatch)
    with FileServer() as server:
        yield server


@pytest.fixture
def hostile_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileRegistry]:
    """A registry that lies as it is told to."""
    from trustlib.testing.servers import HostileRegistry

    _without_proxy(monkeypatch)
    with HostileRegistry() as registry:
        yield registry


@pytest.fixture
def trust_attack(request: pytest.FixtureRequest, hostile_server: FileServer) -> MountedAttack:
    """One attack; the test is run once for each."""
    from trustlib.testing.kit import MountedAttack

    def noted(judgement: Judgement) -> None:
        # A property of the test's report goes where the report goes: to whoever runs
        # the tests in several processes, and into a JUnit file.
        value = [_function(request.node.nodeid), request.param.name, judgement.verdict.name]
        request.node.user_properties.append((_PROPERTY, value))

    return MountedAttack(request.param, hostile_server, noted)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whoever takes ``trust_attack`` once for each attack that it can withstand."""
    if "trust_attack" in metafunc.fixturenames:
        from trustlib.testing.kit import mountable

        attacks = mountable()
        names = [attack.name for attack in attacks]
        metafunc.parametrize("trust_attack", attacks, indirect=True, ids=names)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum up what became of the attacks, if any were mounted: a column for each test."""
    noted = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    if noted:
        from trustlib.testing.kit import judgements_of
        from trustlib.testing.report import report as table

        terminalreporter.section("attacks withstood")
        terminalreporter.write(table(judgements_of(noted)))


def _without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask what is on this machine without a proxy, which would look for it on its own."""
    direct = ",".join(filter(None, (os.environ.get("no_proxy"), "127.0.0.1")))
    monkeypatch.setenv("no_proxy", direct)
    monkeypatch.setenv("NO_PROXY", direct)


def _function(nodeid: str) -> str:
    """Return the name of a test without its parameters."""
    return nodeid.partition("[")[0].rpartition("::")[2]
