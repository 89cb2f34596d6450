"""What is said to a registry until it answers: who we are, again later, over there.

A conversation is a generator: it yields questions and is sent answers, so it is
written once for callers who wait and for those who await, and touches nothing.

Only the registry itself may want to know who asks. Where it sends us for a blob,
nobody is told, and nobody is listened to who wants to be.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar, assert_never, cast

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._json import read
from trustlib.drive import adriven, driven
from trustlib.errors import DeniedError, TransportError, TrustError, shortened
from trustlib.registry._challenges import challenges
from trustlib.registry._tokens import Authority, Memory, bearer
from trustlib.registry.credentials import AccessToken, Credentials, Source, described
from trustlib.transport._hops import Hop, origin_of, redirected
from trustlib.transport.exchange import Heard, Question
from trustlib.transport.policies import SAME_ORIGIN, Redirects, Retries, Tls

T = TypeVar("T")

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_NOBODY: Final = FrozenMap[str, str]()
_BUSY: Final = frozenset({429, 502, 503, 504})
_UNDONE: Final = frozenset({429, 503})
"""Of these, what says that nothing was done. Others may come from a proxy that was not told."""

_STUMBLED: Final = 500
_DENIED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_REFUSED: Final = _DENIED | {HTTPStatus.BAD_REQUEST}
"""How a token server refuses: OAuth 2 says 400 (RFC 6749, section 5.2)."""

_CHALLENGES: Final = "www-authenticate"
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


@frozen
class Pause:
    """Wait some *seconds*. Answered with None."""

    seconds: float


@frozen
class Identify:
    """Say who we are to the registry *domain*. Answered with credentials, or None."""

    domain: str


Ask: TypeAlias = Question | Pause | Identify
Answer: TypeAlias = "Heard | Credentials | None"
Speaking: TypeAlias = Generator[Ask, Answer, T]


@frozen(kw_only=True)
class Session:
    """Whom we talk to, how patiently, and what was agreed upon so far.

    Attributes:
        domain: what image references call the registry.
        base_url: where it is, with a slash at its end.
        tls: whom to believe to be the registry, and who to be.
        realms: origins of its token servers, where they are not its own.
        retries: how often to ask again.
        downloads: where it may send us for what is held to a digest.
        memory: what was granted.
    """

    domain: str
    base_url: str
    tls: Tls
    realms: frozenset[str]
    retries: Retries
    downloads: Redirects
    memory: Memory = field(factory=Memory, eq=False, repr=False)

    def hop(self, path: str) -> Hop:
        """Return where *path* below the registry's API is."""
        return Hop(url=f"{self.base_url}{path}", headers=_NOBODY, tls=self.tls)

    def beyond(self, question: Question, location: str) -> Question:
        """Return *question*, asked where a ``Location`` of the registry's own says.

        Raises:
            TransportError: that is not at the registry.
        """
        hop = redirected(
            evolve(question.hop, headers=_NOBODY), location, self.base_url, SAME_ORIGIN
        )
        return evolve(question, hop=hop)


def spoken(
    session: Session, question: Question, *scopes: str, redirects: Redirects = SAME_ORIGIN
) -> Speaking[Heard]:
    """Return the answer to *question*, once the registry knows who asks.

    Args:
        session: with whom.
        question: what is asked; its hop has no credentials.
        scopes: what it needs, as token servers call it.
        redirects: where the registry may send us for it.

    Raises:
        DeniedError: the registry does not let us; or wants to know more than it may.
        TransportError: there was no answer, or only "busy".
    """
    key = " ".join(scopes)
    known = session.memory.granted(key)
    answer = yield from _heard(session, _as(question, known), redirects)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        if not _repeatable(question):
            raise TransportError(
                question.where, "wants to know again who asks, in the middle of what is sent once"
            )
        authorization = yield from _identified(session, question, answer, scopes)
        answer = yield from _heard(session, _as(question, authorization), redirects)
        if answer.status not in _DENIED:
            session.memory.remember(key, authorization)
    if answer.status in _DENIED:
        raise DeniedError(question.where, f"says no (status {answer.status}{said(answer)})")
    return answer


def said(answer: Heard) -> str:
    """Return what the registry says in words of its own, for a sentence; or nothing."""
    with suppress(TrustError):
        for error in read(answer.body, "").at("errors").elements():
            code, message = error.get("code"), error.get("message")
            words = [part.text() for part in (code, message) if part is not None]
            return f", {shortened(': '.join(words), str)}" if words else ""
    return ""


def unexpected(question: Question, answer: Heard) -> TransportError:
    """Return the error that *answer* is, which is none of those that were expected."""
    return TransportError(
        question.where, f"the registry answered with HTTP status {answer.status}{said(answer)}"
    )


def _identified(
    session: Session, question: Question, answer: Heard, scopes: tuple[str, ...]
) -> Speaking[str]:
    """Return the value of ``Authorization`` that meets the challenge in *answer*."""
    where = question.where
    authority = Authority(base_url=session.base_url, tls=session.tls, realms=session.realms)
    offered = {one.scheme: one for one in reversed(challenges(answer.headers.get(_CHALLENGES, ())))}
    if not offered.keys() & {"bearer", "basic"}:
        raise DeniedError(where, "wants to know who asks, and does not say how to tell it")
    credentials = cast("Credentials | None", (yield Identify(session.domain)))
    if "bearer" not in offered or isinstance(credentials, AccessToken):
        return authority.direct(credentials, where)
    request = authority.token_request(offered["bearer"], scopes, credentials, where)
    granted, asked = yield from _persistently(session, request, SAME_ORIGIN, request.hop.url)
    if granted.status in _REFUSED:
        raise DeniedError(
            asked.where,
            f"gives no token to {described(credentials)} (status {granted.status}{said(granted)})",
        )
    if granted.status != HTTPStatus.OK:
        raise TransportError(
            asked.where, f"the token server answered with HTTP status {granted.status}"
        )
    return bearer(granted.body, asked.where)


def _as(question: Question, authorization: str | None) -> Question:
    if authorization is None:
        return question
    headers = question.hop.headers.including({"Authorization": authorization})
    return evolve(question, hop=evolve(question.hop, headers=headers))


def _heard(session: Session, question: Question, redirects: Redirects) -> Speaking[Heard]:
    """Return the answer to *question*; "no" is one only if the registry itself says it."""
    answer, asked = yield from _persistently(session, question, redirects, session.base_url)
    if answer.status in _DENIED and origin_of(asked.hop.url) != origin_of(session.base_url):
        raise TransportError(
            asked.where, f"is where the registry sends us, and says no (status {answer.status})"
        )
    return answer


def _persistently(
    session: Session, question: Question, redirects: Redirects, base_url: str
) -> Speaking[tuple[Heard, Question]]:
    """Return the answer to *question*, asked again where that may help, and what it answers."""
    attempt = 1
    while True:
        try:
            answer, asked = yield from _followed(question, redirects, base_url)
        except TransportError as error:
            if attempt >= session.retries.attempts or not _may_pass(question, error):
                raise
            pause = None
        else:
            # docker-registry says 500 to who reads a tag while somebody moves it.
            stumbled = answer.status == _STUMBLED and question.method in {"GET", "HEAD"}
            if answer.status not in _BUSY and not stumbled:
                return answer, asked
            undone = question.method != "PATCH" or answer.status in _UNDONE
            if attempt >= session.retries.attempts or not (undone and _repeatable(question)):
                raise TransportError(
                    asked.where, f"the server is busy (status {answer.status}{said(answer)})"
                )
            wished = _SECONDS.fullmatch(answer.header("retry-after"))
            pause = float(wished[0]) if wished else None
        yield Pause(session.retries.pause(attempt, pause))
        attempt += 1


def _followed(
    question: Question, redirects: Redirects, base_url: str
) -> Speaking[tuple[Heard, Question]]:
    answer = cast("Heard", (yield question))
    for _ in range(redirects.most):
        if answer.status not in _MOVED or question.method not in {"GET", "HEAD"}:
            break
        question = evolve(
            question, hop=redirected(question.hop, answer.header("location"), base_url, redirects)
        )
        answer = cast("Heard", (yield question))
    return answer, question


def _repeatable(question: Question) -> bool:
    return question.body is None or question.body.length is not None


def _may_pass(question: Question, error: TransportError) -> bool:
    from trustlib.transport._connections import passing

    # What was sent with a POST or PATCH may have arrived, though no answer did.
    again = question.method in {"GET", "HEAD", "PUT", "DELETE"}
    return again and _repeatable(question) and passing(error.__cause__)


def held(
    speaking: Speaking[T],
    heard: Callable[[Question], Heard],
    source: Source,
    sleep: Callable[[float], None],
) -> T:
    """Hold the conversation, and return what it returns."""

    def answered(ask: Ask) -> Answer:
        match ask:
            case Question():
                return heard(ask)
            case Identify(domain):
                return source(domain)
            case Pause(seconds):
                sleep(seconds)
            case _:
                assert_never(ask)
        return None

    return driven(speaking, answered)


async def aheld(
    speaking: Speaking[T],
    heard: Callable[[Question], Awaitable[Heard]],
    source: Callable[[str], Awaitable[Credentials | None]],
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    """:func:`held`, with answers that are awaited."""

    async def answered(ask: Ask) -> Answer:
        match ask:
            case Question():
                return await heard(ask)
            case Identify(domain):
                return await source(domain)
            case Pause(seconds):
                await sleep(seconds)
            case _:
                assert_never(ask)
        return None

    return await adriven(speaking, answered)
