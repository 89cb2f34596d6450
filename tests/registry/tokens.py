"""A token server, as docker-registry believes it: ES256, with the certificate in the token."""

import base64
import json
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from registry.processes import PASSWORD, USER
from registry.scripted import Heard, Scripted, answer
from transport.servers import Authority

REFRESH = "a-refresh-token"
SERVICE = "registry.tests"


class TokenServer(Scripted):
    """USER may do everything, everybody else may pull.

    Attributes:
        auth: how a registry is to believe it.
        asked_for: the scopes that were asked for, in order.
    """

    def __init__(self, directory: Path):
        super().__init__({"GET *": self._get, "POST *": self._post})
        authority = Authority(directory=directory)
        certificate, key = authority.issued("tokens.example")
        self._key = serialization.load_pem_private_key(key.read_bytes(), None)
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        self.asked_for: list[str] = []
        self.auth = {
            "token": {
                "realm": f"{self.origin}/token",
                "service": SERVICE,
                "issuer": "tests",
                "rootcertbundle": str(authority.file),
            }
        }

    def _get(self, heard: Heard) -> bytes:
        asked = parse_qs(urlsplit(heard.target).query)
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if heard.authorization not in (None, f"Basic {expected}"):
            return _denied()
        return self._granted(asked, USER if heard.authorization else "")

    def _post(self, heard: Heard) -> bytes:
        asked = parse_qs(heard.body.decode())
        if asked["refresh_token"] != [REFRESH]:
            return _denied()
        return self._granted(asked, USER)

    def _granted(self, asked: dict[str, list[str]], user: str) -> bytes:
        scopes = [scope for given in asked.get("scope", []) for scope in given.split(" ")]
        self.asked_for += scopes
        token = self.token(scopes, user)
        return answer(json.dumps({"access_token": token, "expires_in": 300}).encode())

    def token(self, scopes: list[str], user: str) -> str:
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = [one for one in actions.split(",") if user or one == "pull"]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        claims = {"iss": "tests", "sub": user, "aud": SERVICE, "access": access}
        claims |= {"exp": now + 300, "nbf": now - 10, "iat": now, "jti": "1"}
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        head = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        payload = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(signature)
        return f"{payload}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _denied() -> bytes:
    errors = [{"code": "UNAUTHORIZED", "message": "who is that?"}]
    return answer(json.dumps({"errors": errors}).encode(), status="401 Unauthorized")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
