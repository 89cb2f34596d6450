"""Real registries: docker-registry, on loopback, as a test wants it."""

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import bcrypt
from attrs import frozen
from transport.servers import Authority

from trustlib.registry import WITH_TLS, WITHOUT_TLS
from trustlib.transport import NO_RETRIES, Tls

USER, PASSWORD = "ann", "correct horse"


@frozen
class Place:
    """A registry that runs.

    Attributes:
        domain: its ``host:port``.
        settings: how to reach it, for :class:`~trustlib.registry.client.Registry`.
        directory: where its files are.
        skopeo: what to tell skopeo about it.
    """

    domain: str
    settings: dict
    directory: Path
    skopeo: tuple[str, ...] = ("--tls-verify=false",)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(
    directory: Path,
    *,
    auth: dict | None = None,
    tls: Authority | None = None,
    deletes: bool = True,
) -> Iterator[Place]:
    """Run docker-registry with its files in *directory*."""
    domain = f"127.0.0.1:{free_port()}"
    http: dict = {"addr": domain, "secret": "of nobody"}
    settings: dict = {"scheme": WITHOUT_TLS, "retries": NO_RETRIES}
    skopeo: tuple[str, ...] = ("--tls-verify=false",)
    opening = None
    if tls is not None:
        certificate, key = tls.issued("127.0.0.1")
        http["tls"] = {
            "certificate": str(certificate),
            "key": str(key),
            "clientcas": [str(tls.file)],
        }
        client, client_key = tls.issued("client.example")
        settings |= {
            "scheme": WITH_TLS,
            "tls": Tls(ca_file=tls.file, client_cert=client, client_key=client_key),
        }
        opening = ssl.create_default_context(cafile=tls.file)
        opening.load_cert_chain(client, client_key)
        certificates = _for_skopeo(directory / "certs", tls.file, client, client_key)
        skopeo = (f"--cert-dir={certificates}",)
    config = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(directory / "files")},
            "delete": {"enabled": deletes},
        },
        "http": http,
        **({"auth": auth} if auth else {}),
    }
    (directory / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", directory / "config.yml"],
            stdout=log,
            stderr=log,
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )
    try:
        _wait_for(f"{settings['scheme']}://{domain}/v2/", process, opening)
        yield Place(domain, settings, directory, skopeo)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running(directory: Path, *, deletes: bool = True) -> Iterator[str]:
    """Run one that lets everybody do everything; the value is its domain."""
    with started(directory, deletes=deletes) as place:
        yield place.domain


def htpasswd(directory: Path) -> dict:
    """Return how the registry is to know USER by PASSWORD."""
    path = directory / "htpasswd"
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    path.write_text(f"{USER}:{hashed}\n")
    return {"htpasswd": {"realm": "a registry", "path": str(path)}}


def _for_skopeo(directory: Path, authority: Path, certificate: Path, key: Path) -> Path:
    directory.mkdir()
    for name, source in (("ca.crt", authority), ("client.cert", certificate), ("client.key", key)):
        (directory / name).write_bytes(source.read_bytes())
    return directory


def _wait_for(url: str, process: subprocess.Popen, context: ssl.SSLContext | None) -> None:
    for _ in range(400):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5, context=context).close()
        except HTTPError as error:  # it wants to know who asks: it is there
            error.close()
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("docker-registry did not start; see its log")


def skopeo(*arguments: str) -> str:
    """Return what skopeo prints."""
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout
