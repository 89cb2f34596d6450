"""What every test may rely on: found programs, no network, and a reproducible Hypothesis."""

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from registry.engines import Engine, RefusedError, engine, secluded_engine

# Timings never decide a test, so no profile has a deadline. Machines that run
# for everybody try the same examples each time; a developer's tries new ones.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def _loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave this machine, whoever in this process asks for it."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return  # a name: it is looked up first, and that is the event below
        if not (address.is_loopback or address.is_unspecified):
            raise OSError(f"{host}: tests use the loopback network only")
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        if host is None or host in {"", "localhost"} or host.endswith(".localhost"):
            return
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise socket.gaierror(
                socket.EAI_NONAME, f"{host}: tests use the loopback network only"
            ) from None


sys.addaudithook(_loopback_only)


@pytest.fixture(scope="session")
def require_servers() -> Callable[..., list[Path]]:
    """A function that finds programs, or skips the test that needs them.

    ``registry, skopeo = require_servers("docker-registry", "skopeo")``. Where
    TRUSTLIB_REQUIRE_SERVERS=1 is set, a missing program fails the test instead:
    there, a skipped test would pass for a test that ran.
    """

    def find(*programs: str) -> list[Path]:
        found = {program: shutil.which(program) for program in programs}
        missing = ", ".join(program for program, path in found.items() if path is None)
        if missing and os.environ.get("TRUSTLIB_REQUIRE_SERVERS") == "1":
            pytest.fail(f"TRUSTLIB_REQUIRE_SERVERS=1, and not installed: {missing}", pytrace=False)
        if missing:
            pytest.skip(f"not installed: {missing}")
        return [Path(path) for path in found.values() if path is not None]

    return find


@pytest.fixture(scope="session")
def strace(require_servers: Callable[..., list[Path]]) -> Path:
    """The program that shows which calls another one makes, where it may do so."""
    [program] = require_servers("strace")
    done = subprocess.run([program, "-o", os.devnull, "true"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("strace may not trace here")
    return program


def _started(
    engines: Callable[[], AbstractContextManager[Engine]],
    require_servers: Callable[..., list[Path]],
) -> Iterator[Engine]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("dockerd: only root may run it, on Linux")
    require_servers("docker", "dockerd", "containerd", "runc", "unshare", "setpriv", "nsenter")
    with ExitStack() as stack:
        try:
            started = stack.enter_context(engines())
        except RefusedError as error:  # not a missing program: what this machine will never do
            pytest.skip(str(error))
        yield started


@pytest.fixture(scope="session")
def docker_engine(require_servers: Callable[..., list[Path]]) -> Iterator[Engine]:
    """Docker's daemon, which reaches registries on the loopback network of this machine."""
    yield from _started(engine, require_servers)


@pytest.fixture(scope="session")
def secluded_docker_engine(require_servers: Callable[..., list[Path]]) -> Iterator[Engine]:
    """Docker's daemon in a network of its own, in which any port is free."""
    yield from _started(secluded_engine, require_servers)
