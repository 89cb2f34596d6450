"""A trust server on loopback, the real one, and the real client beside it.

Servers are started with certificates of an authority of their own and stopped
by the process that was started. Nothing is installed, and nothing listens on
another address.
"""

import contextlib
import http.client
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
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
        client: the certificate and the key that it wants to see, if any.
        realm: where its tokens come from, if it wants any.
    """

    folder: Path
    url: str
    ca_file: Path
    program: Path
    auth: str | None = None
    client: tuple[Path, Path] | None = None
    realm: str = ""

    def notary(self, *arguments: str, home: str = "home", pins: object = None) -> str:
        """Run the real client, and return what it prints."""
        done, printed = self.tried(*arguments, home=home, pins=pins)
        assert done == 0, printed
        return printed

    def tried(self, *arguments: str, home: str = "home", pins: object = None) -> tuple[int, str]:
        """Run the real client, and return how it ended and what it prints."""
        directory = self.folder / home
        directory.mkdir(exist_ok=True)
        config = {
            "trust_dir": str(directory),
            "remote_server": {
                "url": self.url,
                "root_ca": str(self.ca_file),
                **self._shown,
            },
            **({} if pins is None else {"trust_pinning": pins}),
        }
        file = directory / "config.json"
        file.write_text(json.dumps(config))
        done = subprocess.run(
            [self.program, "-c", file, *arguments],
            capture_output=True,
            input=b"yes\n",  # to whatever it wants to be sure of
            env={**os.environ, **PASSPHRASES, "HOME": str(directory), **self._login},
            timeout=60,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    @property
    def _shown(self) -> dict[str, str]:
        if self.client is None:
            return {}
        certificate, key = map(str, self.client)
        return {"tls_client_cert": certificate, "tls_client_key": key}

    @property
    def _login(self) -> dict[str, str]:
        return {} if self.auth is None else {"NOTARY_AUTH": b64encode(self.auth.encode()).decode()}

    def docker(self, *arguments: str, home: str = "docker") -> tuple[int, str, str]:
        """Run docker, with this as its trust server; no daemon is there, and none is needed."""
        directory = self.folder / home
        self.as_docker(directory)
        done = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            env={
                **os.environ,
                "DOCKER_CONFIG": str(directory),
                "DOCKER_CONTENT_TRUST_SERVER": self.url,
                "DOCKER_HOST": "tcp://127.0.0.1:9",
                "HOME": str(directory),
            },
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def as_docker(self, directory: Path) -> Path:
        """Have the certificates where docker looks for them below its settings; say where."""
        place = directory / "tls" / self.url.removeprefix("https://")
        place.mkdir(parents=True, exist_ok=True)
        names = ("ca.crt", "client.cert", "client.key")
        for name, file in zip(names, (self.ca_file, *(self.client or ())), strict=False):
            (place / name).write_bytes(file.read_bytes())
        return place


LOGIN = ("alice", "open sesame")
_LOCAL = {"type": "local", "hostname": "", "port": "", "key_algorithm": "ed25519"}


@contextlib.contextmanager
def running(
    folder: Path,
    server: Path,
    client: Path,
    *,
    signer: Path | None = None,
    tokens: bool = False,
    database: str | None = None,
    mutual: bool = False,
    **settings: object,
) -> Iterator[Lab]:
    """A server whose storage is in memory, or the PostgreSQL at *database*.

    Its keys are there, too, or those of the program *signer*. With *tokens*,
    anybody may read, and who can prove to be LOGIN may do everything. With
    *mutual*, nobody may do anything who does not show a certificate.
    """
    storage = {"backend": "memory"}
    if database is not None:
        storage = {"backend": "postgres", "db_url": database}
    certificate, key = certified(folder, "server")
    client_files = certified(folder, "client") if mutual else None
    port = _free_port()
    with contextlib.ExitStack() as stack:
        service: dict[str, str] = _LOCAL
        if signer is not None:
            service = stack.enter_context(_signer(folder, signer, certificate, key, storage))
        options = stack.enter_context(_tokens(folder, certificate, key)) if tokens else None
        config = folder / "server.json"
        config.write_text(
            json.dumps(
                {
                    "server": {
                        "http_addr": f"127.0.0.1:{port}",
                        "tls_cert_file": str(certificate),
                        "tls_key_file": str(key),
                        **({"client_ca_file": str(client_files[0])} if client_files else {}),
                    },
                    "trust_service": service,
                    "logging": {"level": "error"},
                    "storage": storage,
                    **({"auth": {"type": "token", "options": options}} if options else {}),
                    **settings,
                }
            )
        )
        process = stack.enter_context(_started(server, config, folder / "server.log"))
        auth = ":".join(LOGIN) if tokens else None
        url, realm = f"https://127.0.0.1:{port}", options["realm"] if options else ""
        lab = Lab(
            folder, url, certificate, client, auth, client_files, realm.removesuffix("/token")
        )
        _wait(lab, port, process)
        yield lab


@contextlib.contextmanager
def _started(program: Path, config: Path, log: Path) -> Iterator[subprocess.Popen]:
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [program, "-config", config],
            stdout=out,
            stderr=out,
            env={**os.environ, "NOTARY_SIGNER_ONE": "of keys in a database"},
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def _signer(
    folder: Path, program: Path, certificate: Path, key: Path, storage: dict[str, str]
) -> Iterator[dict[str, str]]:
    port = _free_port()
    config = folder / "signer.json"
    config.write_text(
        json.dumps(
            {
                "server": {
                    "grpc_addr": f"127.0.0.1:{port}",
                    "tls_cert_file": str(certificate),
                    "tls_key_file": str(key),
                    "client_ca_file": str(certificate),
                },
                "logging": {"level": "error"},
                "storage": {**storage, "default_alias": "one"},
            }
        )
    )
    with _started(program, config, folder / "signer.log") as process:
        for _ in range(300):
            assert process.poll() is None, (folder / "signer.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield {
            "type": "remote",
            "hostname": "127.0.0.1",
            "port": str(port),
            "key_algorithm": "ecdsa",
            "tls_ca_file": str(certificate),
            "tls_client_cert": str(certificate),
            "tls_client_key": str(key),
        }


# -- tokens -------------------------------------------------------------------------------


@contextlib.contextmanager
def _tokens(folder: Path, certificate: Path, key: Path) -> Iterator[dict[str, str]]:
    """A token server of the registries' kind, in a thread of this process."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            name, given = "", self.headers.get("Authorization", "")
            if given:
                name, _, password = b64decode(given.removeprefix("Basic ")).decode().partition(":")
                if (name, password) != LOGIN:
                    self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no"}]})
                    return
            access = [_access(one, name) for one in asked.get("scope", [])]
            token = _token(folder / "server.crt", key, name, asked.get("service", [""])[0], access)
            self.answer(200, {"token": token})

        def answer(self, status: int, said: object) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as serving:
        serving.daemon_threads = True
        serving.socket = context.wrap_socket(serving.socket, server_side=True)
        thread = threading.Thread(target=serving.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield {
                "realm": f"https://127.0.0.1:{serving.server_address[1]}/token",
                "service": "trust",
                "issuer": "tokens",
                "rootcertbundle": str(certificate),
            }
        finally:
            serving.shutdown()
            thread.join()


def _access(scope: str, name: str) -> dict[str, object]:
    kind, rest = scope.split(":", 1)
    what, actions = rest.rsplit(":", 1)
    allowed = [one for one in actions.split(",") if name or one == "pull"]
    return {"type": kind, "name": what, "actions": allowed}


def _token(certificate: Path, key: Path, name: str, service: str, access: object) -> str:
    now = int(time.time())
    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(
        serialization.Encoding.DER
    )
    head = {"typ": "JWT", "alg": "ES256", "x5c": [b64encode(der).decode()]}
    claims = {
        "iss": "tokens",
        "sub": name,
        "aud": service,
        "exp": now + 300,
        "nbf": now - 10,
        "iat": now,
        "jti": os.urandom(8).hex(),
        "access": access,
    }
    signing = b".".join(_url(json.dumps(part).encode()) for part in (head, claims))
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    r, s = decode_dss_signature(private.sign(signing, ec.ECDSA(hashes.SHA256())))
    return (signing + b"." + _url(r.to_bytes(32) + s.to_bytes(32))).decode()


def _url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


# -- how ----------------------------------------------------------------------------------


def _wait(lab: Lab, port: int, process: subprocess.Popen) -> None:
    context = ssl.create_default_context(cafile=lab.ca_file)
    if lab.client is not None:
        context.load_cert_chain(*lab.client)
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


def certified(folder: Path, whose: str) -> tuple[Path, Path]:
    """Return the files of a new certificate that its own key signed, and of that key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, whose)])
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
    files = folder / f"{whose}.crt", folder / f"{whose}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
