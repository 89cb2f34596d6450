"""Who we say we are, to which registry, and where that is kept.

Nothing is read that was not named: no environment variable, no file in
somebody's home. Secrets are in no ``repr`` and no error.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from attrs import field, frozen

from trustlib._json import Cursor, read
from trustlib.content._grammar import DOCKER_HUB, OLD_DOCKER_HUB
from trustlib.errors import MalformedError, StorageError, shortened
from trustlib.registry._helpers import printed

T = TypeVar("T")

MOST: Final = 1_000_000  # bytes in a file of credentials, or of an answer about one

_HUB: Final = (f"https://{OLD_DOCKER_HUB}/v1/", OLD_DOCKER_HUB)
_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY: Final = "<token>"  # the user name under which helpers keep a token
_UNKNOWN: Final = b"credentials not found"
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


def is_token(text: str) -> bool:
    """Return whether *text* can stand in an ``Authorization`` header, as one word of it."""
    return _TOKEN.fullmatch(text) is not None


def _token(_: object, __: object, value: str) -> None:
    if not is_token(value):
        raise ValueError("a token: expected printable ASCII without spaces")


def _username(_: object, __: object, value: str) -> None:
    # RFC 7617, section 2: what follows the first colon is the password.
    if ":" in value or not (value + " ").isprintable():
        raise ValueError("a user's name: expected printable text without a colon")


def _password(_: object, __: object, value: str) -> None:
    if not _encodable(value):
        raise ValueError("a password: expected text that UTF-8 can spell")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@frozen
class Password:
    """A user's name and password, or what stands for a password (an access token).

    Raises:
        ValueError: RFC 7617 has no way to say them.
    """

    username: str = field(validator=_username)
    password: str = field(repr=False, validator=_password)

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


@frozen
class IdentityToken:
    """A token that a token server exchanges for others, as ``docker login`` keeps it for some."""

    token: str = field(repr=False, validator=_token)


@frozen
class AccessToken:
    """A token that is shown to the registry as it is."""

    token: str = field(repr=False, validator=_token)


Credentials: TypeAlias = Password | IdentityToken | AccessToken
"""What can be shown to a registry."""

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
            MalformedError: the file, or the program's answer, is not what
                Docker writes.
        """
        raw = self._read()
        if raw is None:
            return None
        kept = _quietly(lambda: _kept(read(raw, str(self.path)), domain))
        return self._asked(kept) if isinstance(kept, _Helper) else kept

    def _read(self) -> bytes | None:
        try:
            with self.path.open("rb") as file:
                raw = file.read(MOST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(
                str(self.path), f"cannot be read ({error.strerror}); name another"
            ) from error
        if len(raw) > MOST:
            raise StorageError(str(self.path), f"has more than {MOST} bytes; that is no such file")
        return raw

    def _asked(self, helper: _Helper) -> Credentials | None:
        program = f"docker-credential-{helper.name}"
        status, answer = printed(program, helper.server.encode(), seconds=self.seconds, most=MOST)
        if status and _UNKNOWN in answer[:1000]:
            return None
        if status:
            raise StorageError(program, f"could not say who we are (status {status}); log in again")
        return _quietly(lambda: _answered(read(answer, f"the answer of {program}")))


@frozen
class _Helper:
    """The last part of a program's name, and what the program calls the registry."""

    name: str
    server: str


def _quietly(reading: Callable[[], T]) -> T:
    """Return what *reading* returns; a complaint does not say what was there, which is secret."""
    try:
        return reading()
    except MalformedError as error:
        complaint = MalformedError(error.document, error.path, error.expected, _SOMETHING)
    raise complaint


class _Something:
    def __repr__(self) -> str:
        return "something else"


_SOMETHING: Final = _Something()


def _names(domain: str) -> tuple[str, ...]:
    """Return what Docker calls *domain* where it keeps credentials, the usual name first."""
    return (*_HUB, domain) if domain == DOCKER_HUB else (domain,)


def _kept(config: Cursor, domain: str) -> Credentials | _Helper | None:
    """Return what *config* has for *domain*, or who keeps it. Other entries are not looked at."""
    names = _names(domain)
    helpers = config.get("credHelpers")
    named = [helpers.get(name) for name in names] if helpers is not None else []
    helper = next(filter(None, (*named, config.get("credsStore"))), None)
    if helper is not None and helper.text():
        if not _HELPER.fullmatch(helper.text()):
            raise helper.wrong("the last part of a program's name")
        return _Helper(helper.text(), names[0])
    auths = config.get("auths")
    if auths is None:
        return None
    entries = dict(auths.items())
    spelled = {_domain(name): entry for name, entry in entries.items()}
    found = [one.get(name) for one in (entries, spelled) for name in names]
    return next((_entry(entry) for entry in found if entry is not None), None)


def _domain(name: str) -> str:
    """Return *name* without what once stood around a domain: ``https://registry.example/v1/``.

    ``registry.example/acme``, as podman writes it, is about a part of a registry, and stays.
    """
    return _OLD.sub(r"\1", name)


_OLD: Final = re.compile(r"^(?:https?://)?([^/]*)(?:/(?:v[12]/?)?)?$")


def _entry(entry: Cursor) -> Credentials | None:
    text = {name: value.text() for name in _MEMBERS if (value := entry.get(name)) is not None}
    for name, kind in (("registrytoken", AccessToken), ("identitytoken", IdentityToken)):
        if text.get(name):
            if not is_token(text[name]):
                raise entry.at(name).wrong("a token")
            return kind(text[name])
    if text.get("auth"):
        try:
            pair = base64.b64decode(text["auth"], validate=True).decode()
        except (binascii.Error, ValueError):
            pair = ""
        username, colon, password = pair.partition(":")
        if not colon:
            raise entry.at("auth").wrong("a name and password in base64")
        return _pair(username, password.rstrip("\0"), entry.at("auth"))
    return _pair(text.get("username", ""), text.get("password", ""), entry)


_MEMBERS: Final = ("auth", "identitytoken", "password", "registrytoken", "username")


def _answered(answer: Cursor) -> Credentials | None:
    return _pair(answer.at("Username").text(), answer.at("Secret").text(), answer)


def _pair(username: str, secret: str, where: Cursor) -> Credentials | None:
    if not username:
        return None
    try:
        return IdentityToken(secret) if username == _IDENTITY else Password(username, secret)
    except ValueError:
        raise where.wrong("a name and password") from None


def described(credentials: Credentials | None) -> str:
    """Return whom we said we are, as it may be printed."""
    match credentials:
        case None:
            return "nobody"
        case Password(username):
            return f"the user {shortened(username, str)}"
        case _:
            return "the holder of a token"
