"""Who we say we are, to which registry, and where that is kept.

Nothing is read that was not named: no environment variable, no file in
somebody's home. Secrets are in no ``repr`` and no error.
"""

from __future__ import annotations

import base64
import binascii
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias

from attrs import field, frozen

from trustlib._json import Cursor, read
from trustlib.errors import MalformedError, StorageError, shortened

MOST: Final = 1_000_000  # bytes in a file of credentials, or of an answer about one

_HUB: Final = ("docker.io", "https://index.docker.io/v1/")
_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY: Final = "<token>"  # the user name under which helpers keep a token
_UNKNOWN: Final = b"credentials not found"


@frozen
class Password:
    """A user's name and password, or what stands for a password (an access token)."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


@frozen
class IdentityToken:
    """A token that a token server exchanges for others, as ``docker login`` keeps it for some."""

    token: str = field(repr=False)


@frozen
class AccessToken:
    """A token that is shown to the registry as it is."""

    token: str = field(repr=False)


Credentials: TypeAlias = Password | IdentityToken | AccessToken

Source: TypeAlias = Callable[[str], Credentials | None]
"""Returns what is known for a registry's domain (``docker.io`` for Docker Hub), or None."""


def anonymous(_domain: str) -> Credentials | None:
    """Return nothing: nobody is told who asks."""
    return None


@frozen
class Always:
    """The same credentials for one registry, and none for others."""

    domain: str
    credentials: Credentials

    def __call__(self, domain: str) -> Credentials | None:
        """Return the credentials if *domain* is that registry."""
        return self.credentials if domain == self.domain else None


def _path(value: str | PathLike[str]) -> Path:
    return Path(value).expanduser()


@frozen
class DockerConfig:
    """What ``docker login`` has kept: a ``config.json``, and the programs that it names.

    The file is read each time, as Docker does: who logs in meanwhile is logged in.

    Attributes:
        path: the file, ``~/.docker/config.json`` for most people; podman's
            ``auth.json`` is written alike.
        seconds: how long a program that it names may take, a human included.
    """

    path: Path = field(converter=_path)
    seconds: float = field(default=60.0, kw_only=True)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> DockerConfig:
        """Return the one that Docker would use in *environment* (``os.environ``, say)."""
        directory = environment.get("DOCKER_CONFIG") or Path(
            environment.get("HOME", "~"), ".docker"
        )
        return cls(Path(directory, "config.json"))

    def __call__(self, domain: str) -> Credentials | None:
        """Return what is kept for *domain*, or None.

        Raises:
            StorageError: the file cannot be read, or a program that it names
                cannot be run or fails.
            MalformedError: the file is not what Docker writes.
        """
        config = self._config()
        if config is None:
            return None
        helper = self._helper(config, domain)
        if helper is not None:
            return self._asked(helper, _names(domain)[0])
        entries = dict(_entries(config))
        return next((entries[name] for name in _names(domain) if name in entries), None)

    def _config(self) -> Cursor | None:
        try:
            with self.path.open("rb") as file:
                raw = file.read(MOST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(str(self.path), f"cannot be read ({error.strerror})") from error
        if len(raw) > MOST:
            raise StorageError(str(self.path), f"has more than {MOST} bytes")
        return read(raw, str(self.path))

    def _helper(self, config: Cursor, domain: str) -> str | None:
        """Return the program that keeps what is known of *domain*, if one does."""
        helpers = config.get("credHelpers")
        named = None
        for name in _names(domain):
            named = named or (None if helpers is None else helpers.get(name))
        named = named or config.get("credsStore")
        if named is None or not named.text():
            return None
        if not _HELPER.fullmatch(named.text()):
            raise named.wrong("the last part of a program's name")
        return f"docker-credential-{named.text()}"

    def _asked(self, helper: str, server: str) -> Credentials | None:
        try:
            done = subprocess.run(
                [helper, "get"],
                input=server.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = (
                getattr(error, "strerror", None) or f"took longer than {self.seconds:g} seconds"
            )
            raise StorageError(helper, f"could not say who we are: {reason}") from error
        if done.returncode:
            if _UNKNOWN in done.stdout[:1000]:
                return None
            raise StorageError(helper, f"could not say who we are: status {done.returncode}")
        if len(done.stdout) > MOST:
            raise StorageError(helper, f"printed more than {MOST} bytes")
        answer = read(done.stdout, helper)
        return _pair(answer.at("Username").text(), answer.at("Secret").text())


def _names(domain: str) -> tuple[str, ...]:
    """Return what Docker calls *domain* where it keeps credentials, the usual name first."""
    hub, old = _HUB
    return (old, "index.docker.io", hub) if domain == hub else (domain,)


def _entries(config: Cursor) -> Iterator[tuple[str, Credentials]]:
    auths = config.get("auths")
    for name, entry in () if auths is None else auths.items():
        credentials = _kept(entry)
        if credentials is not None:
            yield name, credentials
            # "https://registry.example/v1/" is an old way to write a domain.
            yield re.sub(r"^https?://|/.*", "", name) if name != _HUB[1] else name, credentials


def _kept(entry: Cursor) -> Credentials | None:
    text = {name: value.text() for name in _MEMBERS if (value := entry.get(name)) is not None}
    if text.get("registrytoken"):
        return AccessToken(text["registrytoken"])
    if text.get("identitytoken"):
        return IdentityToken(text["identitytoken"])
    if text.get("auth"):
        try:
            pair = base64.b64decode(text["auth"], validate=True).decode()
        except (binascii.Error, ValueError):
            pair = ""
        username, colon, password = pair.partition(":")
        if not colon:
            where = entry.at("auth").path
            raise MalformedError(
                entry.document, where, "a name and password in base64", "something else"
            )
        return _pair(username, password.rstrip("\0"))
    if text.get("username"):
        return _pair(text["username"], text.get("password", ""))
    return None


_MEMBERS: Final = ("auth", "identitytoken", "password", "registrytoken", "username")


def _pair(username: str, secret: str) -> Credentials:
    return IdentityToken(secret) if username == _IDENTITY else Password(username, secret)


def described(credentials: Credentials | None) -> str:
    """Return whom we said we are, as it may be printed."""
    match credentials:
        case None:
            return "nobody"
        case Password(username):
            return f"the user {shortened(username, str)}"
        case _:
            return "the holder of a token"
