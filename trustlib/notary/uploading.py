"""What is said to a trust server to change something there, and what its answers mean.

A server takes all files of an update or none. It says "conflict" for every
version that it ever had of a role, and names no role; all else that it refuses
it says in its own words, which are kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from trustlib._frozen import FrozenMap
from trustlib._json import Cursor, read
from trustlib._types import RoleName
from trustlib.errors import ConflictError, NotFoundError, TransportError, TrustError
from trustlib.notary.errors import RefusedUpdateError
from trustlib.notary.public_keys import PublicKey
from trustlib.notary.reading import key_in
from trustlib.registry._conversation import Session, Speaking, said, spoken
from trustlib.transport.exchange import Body, Heard, Question

_MOST: Final = 262_144  # bytes in an answer
_CONFLICT: Final = "VERSION"
_WRONG: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


def posted(
    session: Session, place: str, scope: str, files: Mapping[RoleName, bytes]
) -> Speaking[None]:
    """Publish *files*, all in one request.

    Args:
        session: with whom.
        place: the collection's address below the API, with a slash at its end.
        scope: what token servers call the collection.
        files: by the roles that they are of.

    Raises:
        ConflictError: the server has one of them in that version, or a later one.
        RefusedUpdateError: it does not take them.
        TrustError: it does not let us, or cannot be asked.
    """
    boundary = secrets.token_hex(16)
    question = Question(
        method="POST",
        hop=session.hop(place),
        headers=FrozenMap({"Content-Type": f"multipart/form-data; boundary={boundary}"}),
        body=Body.of(_multipart(files, boundary)),
        most=_MOST,
    )
    answer = yield from spoken(session, question, f"{scope}:push,pull")
    if answer.status == HTTPStatus.OK:
        return
    if answer.status not in _WRONG:
        raise _unexpected(question, answer)
    code, kind, reason = _refusal(answer.body)
    if code == _CONFLICT:
        raise ConflictError(question.where)
    raise RefusedUpdateError(question.where, code, kind, reason or f"HTTP status {answer.status}")


def key_of(session: Session, place: str, scope: str, role: RoleName) -> Speaking[PublicKey]:
    """Return the key with which the server signs *role*, made now if there is none.

    Raises:
        NotFoundError: it signs no such role.
        MalformedError: what it says is no key.
        TrustError: it does not let us, or cannot be asked.
    """
    question = Question(hop=session.hop(f"{place}{role}.key"), most=_MOST)
    return _key(question, role, (yield from spoken(session, question, f"{scope}:push,pull")))


def new_key_of(session: Session, place: str, scope: str, role: RoleName) -> Speaking[PublicKey]:
    """Return a new key of the server's for *role*; it signs with it once a root lists it.

    Raises:
        TrustError: as :func:`key_of`.
    """
    question = Question(
        method="POST", hop=session.hop(f"{place}{role}.key"), body=Body.of(b""), most=_MOST
    )
    return _key(question, role, (yield from spoken(session, question, f"{scope}:*")))


def deleted(session: Session, place: str, scope: str) -> Speaking[None]:
    """Remove everything that the server has of the collection.

    Raises:
        TrustError: it does not let us, or cannot be asked.
    """
    question = Question(method="DELETE", hop=session.hop(place), most=_MOST)
    answer = yield from spoken(session, question, f"{scope}:*")
    if answer.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
        raise _unexpected(question, answer)


def _key(question: Question, role: RoleName, answer: Heard) -> PublicKey:
    if answer.status == HTTPStatus.NOT_FOUND:
        raise NotFoundError(
            question.where, f"the server signs no {role} of such a collection; check its name"
        )
    if answer.status != HTTPStatus.OK:
        raise _unexpected(question, answer)
    at = read(answer.body, f"{role}.key")
    key = key_in(at)
    if key.material is None:
        raise at.wrong("a key that can be used")
    return PublicKey.of(key.keytype, FrozenMap({"private": None, "public": key.keyval["public"]}))


def _multipart(files: Mapping[RoleName, bytes], boundary: str) -> bytes:
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%b\r\n"
        % (boundary.encode(), name.encode(), raw)
        for name, raw in files.items()
    ]
    return b"".join(parts) + b"--%b--\r\n" % boundary.encode()


def _refusal(body: bytes) -> tuple[str, str, str]:
    """Return the code, the kind and the reason that an answer gives, as far as it does."""
    try:
        first = next(iter(read(body, "the answer").at("errors").elements()), None)
    except TrustError:
        return "", "", ""
    if first is None:
        return "", "", ""
    code, message, detail = (_text(first, name) for name in ("code", "message", "detail"))
    kind = _text(_member(first, "detail"), "Name")
    told = _text(_member(_member(first, "detail"), "Error"), "Msg")
    return code, kind, told or detail or message


def _member(at: Cursor | None, name: str) -> Cursor | None:
    return at.get(name) if at is not None and isinstance(at.value, dict) else None


def _text(at: Cursor | None, name: str) -> str:
    found = _member(at, name)
    return found.value if found is not None and isinstance(found.value, str) else ""


def _unexpected(question: Question, answer: Heard) -> TransportError:
    return TransportError(
        question.where, f"the server answered with HTTP status {answer.status}{said(answer)}"
    )
