"""Servers that say exactly what a test wants, byte by byte, on the loopback network."""

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trustlib.testing.servers import Asked, HangUpError, ResetError, Script, Server, answer, says

__all__ = [
    "Asked", "Authority", "Flights", "HangUpError", "Proxy", "ResetError", "Script", "Server", "answer",
    "files", "says",
]  # fmt: skip


class Flights(Server):
    """Answers nobody before it has read as many requests as *flights* say, flight by flight.

    So a client that waits for the first answer before it asks for the second gets neither, and
    the number of flights is the number of round trips. Later requests are flights of one.
    """

    def __init__(self, script: Callable[[Asked], Script], *flights: int, **settings):
        super().__init__(script, **settings)
        self.rounds = 0
        self._flights, self._read = list(flights), []

    def talk(self, connection: socket.socket, asked: Asked) -> None:
        self._read.append(asked)
        if len(self._read) == (self._flights[0] if self._flights else 1):
            del self._flights[:1]
            self.rounds += 1
            read, self._read = self._read, []
            for each in read:
                super().talk(connection, each)


class Proxy(Server):
    """A proxy that tunnels CONNECT to *to*, whatever host is asked for."""

    def __init__(self, to: Server):
        super().__init__(lambda _: ())
        self._to = to

    def talk(self, connection: socket.socket, asked: Asked) -> None:
        if asked.method != "CONNECT":
            connection.sendall(answer(b"", status="405 Method Not Allowed"))
            return
        with socket.create_connection(self._to.address) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._start(_pump, onward, connection)
            _pump(connection, onward)
        raise HangUpError


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def files(contents: dict[str, bytes]) -> Callable[[Asked], Script]:
    """Return the script of an honest server that holds *contents* and can continue files."""

    def script(asked: Asked) -> Iterator[bytes]:
        data = contents.get(asked.target)
        if data is None:
            yield answer(b"no such file", status="404 Not Found")
        elif span := asked.headers.get("range"):
            start = int(span.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                yield answer(b"", status="416 Range Not Satisfiable")
            else:
                yield answer(
                    data[start:],
                    status="206 Partial Content",
                    Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}",
                )
        else:
            yield answer(data)

    return script


@frozen(kw_only=True)
class Authority:
    """A certificate authority, and files with what it has signed."""

    directory: Path
    key: ec.EllipticCurvePrivateKey = field(factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def file(self) -> Path:
        path = self.directory / "ca.pem"
        if not path.exists():
            name = _named("test authority")
            key_usage = x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            )
            builder = _certificate(name, name, self.key.public_key())
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            builder = builder.add_extension(key_usage, True)
            path.write_bytes(_pem(builder.sign(self.key, hashes.SHA256())))
        return path

    def issued(self, name: str, passphrase: bytes | None = None) -> tuple[Path, Path]:
        """Return the files of a certificate for *name* (127.0.0.1, say), and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            subject = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            subject = x509.DNSName(name)
        builder = _certificate(_named(name), _named("test authority"), key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName([subject]), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
        )
        certificate, key_file = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        certificate.write_bytes(_pem(builder.sign(self.key, hashes.SHA256())))
        encryption = (
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption()
        )
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
            )
        )
        return certificate, key_file

    def server(self, name: str = "127.0.0.1") -> ssl.SSLContext:
        """Return what a server needs to be *name*; it asks for a certificate of ours."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issued(name))
        context.load_verify_locations(self.file)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(subject, issuer, public_key) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
