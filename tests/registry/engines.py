"""Docker's daemon, a real one: with folders of its own, and beside any other that runs here.

Its mounts are nobody else's, so they are gone when it is. Whoever started it ends
it, even when that ends without a word.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

_PATIENCE = 30.0  # seconds until it answers, or until it has stopped what it runs

_ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:  # up and running: SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
"""


class RefusedError(Exception):
    """The kernel does not let a daemon run here."""


@frozen
class Engine:
    """A daemon that runs.

    Attributes:
        url: what clients call it, as ``DOCKER_HOST`` or ``--host``.
        inside: what to put before a command that is to see the network that it sees.
    """

    url: str
    inside: tuple[str, ...]

    def docker(self, *arguments: str) -> str:
        """Return what docker's client prints when it is called with *arguments*."""
        line = ("docker", "--host", self.url, *arguments)
        done = subprocess.run(
            (*self.inside, *line), capture_output=True, text=True, check=False, timeout=120
        )
        assert 0 == done.returncode, f"{line}: {done.stderr}"
        return done.stdout


@contextmanager
def engine() -> Iterator[Engine]:
    """Run one that sees the network of this machine; its containers see none."""
    with _running((), ("--bridge=none",)) as (url, _):
        yield Engine(url, ())


@contextmanager
def secluded_engine() -> Iterator[Engine]:
    """Run one in a network of its own, whose containers can be reached from in there alone."""
    alone = ("--net", sys.executable, "-c", _ALONE)
    with _running(alone, ("--ip-forward=false", "--ip-masq=false")) as (url, pid):
        yield Engine(url, ("nsenter", f"--target={pid}", "--net"))


@contextmanager
def _running(alone: Sequence[str], options: Sequence[str]) -> Iterator[tuple[str, int]]:
    # Sockets have short names, so the folder of the tests is too far down.
    directory = Path(tempfile.mkdtemp(prefix="engine-"))
    url = f"unix://{directory}/docker.sock"
    line = [
        *("setpriv", "--pdeathsig=TERM", "unshare", "--mount", *alone),
        *("dockerd", f"--host={url}", f"--pidfile={directory}/pid"),
        *(f"--data-root={directory}/data", f"--exec-root={directory}/exec"),
        *("--storage-driver=vfs", "--iptables=false", *options),
    ]
    try:
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(line, stdout=log, stderr=log)
        try:
            _wait_for(directory, process)
            yield url, process.pid
        finally:
            process.terminate()  # stops its containers, and containerd, first
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(directory)


def _wait_for(directory: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while not (directory / "docker.sock").exists() or "API listen on" not in _log(directory):
        if process.poll() is not None or time.monotonic() > until:
            last = _log(directory).rstrip().rpartition("\n")[2]
            kind = RuntimeError if "unknown flag" in last else RefusedError
            raise kind(f"dockerd did not start: {last}")
        time.sleep(0.02)


def _log(directory: Path) -> str:
    return (directory / "log").read_text(encoding="utf-8", errors="replace")


def root_of(program: str, folder: Path) -> Path:
    """Fill *folder* with *program* of this machine and what it needs; return where it is in there."""
    found = shutil.which(program)
    assert found is not None
    listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
    for source in (found, *filter(os.path.isabs, listed.split())):
        target = folder / source.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return Path(found)


def registry_image(engine: Engine, folder: Path) -> None:
    """Have *engine* build ``registry:2`` of the docker-registry that this machine has."""
    program = root_of("docker-registry", folder / "root")
    (folder / "root" / "config.yml").write_text(
        "version: 0.1\n"
        "storage: {filesystem: {rootdirectory: /var/lib/registry}}\n"
        'http: {addr: ":5000", secret: of nobody}\n'
    )
    (folder / "Dockerfile").write_text(
        f'FROM scratch\nCOPY root /\nCMD ["{program}", "serve", "/config.yml"]\n'
    )
    engine.docker("build", "--quiet", "--tag=registry:2", str(folder))
