"""A trust server on loopback, the real one, and the real client beside it.

Servers are started with certificates of an authority of their own and stopped
by the process that was started. Nothing is installed, and nothing listens on
another address.
"""

import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSPHRASES = {
    f"NOTARY_{role}_PASSPHRASE": f"{role.lower()}-passphrase"
    for role in ("ROOT", "TARGETS", "SNAPSHOT", "DELEGATION")
}


@frozen
class Lab:
    """A running server.

    Attributes:
        folder: where everything is kept.
        url: of the server.
        ca_file: who vouches for it.
    """

    folder: Path
    url: str
    ca_file: Path
    program: Path

    def notary(self, *arguments: str, home: str = "home", pins: object = None) -> str:
        """Run the real client, and return what it prints."""
        directory = self.folder / home
        directory.mkdir(exist_ok=True)
        config = {
            "trust_dir": str(directory),
            "remote_server": {"url": self.url, "root_ca": str(self.ca_file)},
            **({} if pins is None else {"trust_pinning": pins}),
        }
        file = directory / "config.json"
        file.write_text(json.dumps(config))
        done = subprocess.run(
            [self.program, "-c", file, *arguments],
            capture_output=True,
            input=b"yes\n",  # to whatever it wants to be sure of
            env={**os.environ, **PASSPHRASES, "HOME": str(directory)},
            timeout=60,
            check=False,
        )
        printed = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, printed
        return printed


@contextlib.contextmanager
def running(folder: Path, server: Path, client: Path) -> Iterator[Lab]:
    """A server whose storage and keys are in memory."""
    certificate, key = _certified(folder)
    port = _free_port()
    config = folder / "server.json"
    config.write_text(
        json.dumps(
            {
                "server": {
                    "http_addr": f"127.0.0.1:{port}",
                    "tls_cert_file": str(certificate),
                    "tls_key_file": str(key),
                },
                "trust_service": {
                    "type": "local",
                    "hostname": "",
                    "port": "",
                    "key_algorithm": "ed25519",
                },
                "logging": {"level": "error"},
                "storage": {"backend": "memory"},
            }
        )
    )
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen([server, "-config", config], stdout=log, stderr=log) as process,
    ):
        try:
            lab = Lab(folder, f"https://127.0.0.1:{port}", certificate, client)
            _wait(lab, port, process)
            yield lab
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(lab: Lab, port: int, process: subprocess.Popen) -> None:
    context = ssl.create_default_context(cafile=lab.ca_file)
    for _ in range(300):
        assert process.poll() is None, (lab.folder / "server.log").read_text()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        try:
            connection.request("GET", "/_notary_server/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError("the server does not answer")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _certified(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trust server")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / "server.crt", folder / "server.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
