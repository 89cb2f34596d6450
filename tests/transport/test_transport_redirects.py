"""Redirects: who may send us where, and what we take along."""

import contextlib

import pytest
from transport.servers import Authority, Server, answer, says

from trustlib._types import UrlPath
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport import (
    NO_REDIRECTS,
    NO_RETRIES,
    SAME_ORIGIN,
    HttpTransport,
    Redirects,
    Tls,
    redirects_to,
)

SECRET = {"Authorization": "Bearer s3cret", "X-Token": "s3cret"}


def _to(location: str, status: int = 302):
    return says(answer(b"moved", status=f"{status} X", Location=location), then=None)


def _read(url: str, **settings) -> bytes | None:
    with HttpTransport(url, **{"retries": NO_RETRIES} | settings) as transport:
        pieces = transport.fetch(Request(path=UrlPath("a/x.json")))
        return None if pieces is None else b"".join(pieces)


def _moving(locations: dict[str, str]):
    def script(asked):
        if asked.target in locations:
            yield answer(b"", status="302 X", Location=locations[asked.target])
        else:
            yield answer(asked.target.encode())

    return script


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/y.json", "/y.json"),
        ("y.json?a=b#c", "/a/y.json?a=b"),
        ("../y%2Fz.json", "/y%2Fz.json"),
        ("?v=2", "/a/x.json?v=2"),
    ],
)
def test_a_redirect_within_the_origin_is_followed(location, target):
    with Server(_moving({"/a/x.json": location})) as server:
        assert target.encode() == _read(server.url, headers=SECRET)
        assert ["Bearer s3cret"] * 2 == [asked.headers["authorization"] for asked in server.asked]
        assert 1 == server.connections


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_is_one(status):
    def script(asked):
        yield (
            answer(b"", status=f"{status} X", Location="/y")
            if asked.target != "/y"
            else answer(b"y")
        )

    with Server(script) as server:
        assert b"y" == _read(server.url)


def test_five_redirects_are_followed_and_six_are_not():
    chain = {"/a/x.json": "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5"}
    with Server(_moving(chain)) as server:
        assert b"/5" == _read(server.url)
    with Server(_moving(chain | {"/5": "/6"})) as server:
        with pytest.raises(TransportError, match="302"):
            _read(server.url)
        assert 6 == len(server.asked)


def test_a_circle_ends():
    with Server(_to("/a/x.json")) as server, pytest.raises(TransportError):
        _read(server.url)


def test_no_redirects_means_none():
    with Server(_to("/y")) as server:
        with pytest.raises(TransportError, match="302"):
            _read(server.url, redirects=NO_REDIRECTS)
        assert 1 == len(server.asked)


def test_a_redirect_to_an_absent_file_is_an_absence():
    def script(asked):
        yield (
            answer(b"", status="404 X")
            if asked.target == "/y"
            else answer(b"", status="302 X", Location="/y")
        )

    with Server(script) as server:
        assert _read(server.url) is None


def test_another_origin_is_not_visited_by_default():
    """P73."""
    with Server(says(answer(b"evil"))) as other, Server(_to(f"{other.url}x")) as server:
        with pytest.raises(TransportError, match=other.origin):
            _read(server.url, redirects=SAME_ORIGIN)
        assert 0 == other.connections


def test_another_origin_is_visited_if_the_policy_names_it():
    with Server(says(answer(b"cdn"))) as cdn, Server(_to(f"{cdn.url}x?signature=y")) as server:
        assert b"cdn" == _read(server.url, redirects=redirects_to(cdn.origin))
        assert ["/x?signature=y"] == cdn.targets


def test_another_origin_gets_no_credentials():
    """T-65: no header of ours crosses an origin, whatever its name."""
    with Server(says(answer(b"cdn"))) as cdn, Server(_to(f"{cdn.url}x")) as server:
        _read(server.url, redirects=redirects_to(cdn.origin), headers=SECRET)

        assert "Bearer s3cret" == server.asked[0].headers["authorization"]
        assert {"host", "user-agent", "accept", "accept-encoding"} == set(cdn.asked[0].headers)


def test_credentials_do_not_come_back_either():
    """T-65: the other server chose the URL that they would be sent to."""
    moves = {}
    with Server(_moving(moves)) as server:
        with Server(_to(f"{server.url}secret")) as cdn:
            moves["/a/x.json"] = f"{cdn.url}y"
            assert b"/secret" == _read(
                server.url, redirects=redirects_to(cdn.origin), headers=SECRET
            )

        assert [True, False] == ["authorization" in asked.headers for asked in server.asked]


def test_credentials_do_not_follow_a_second_redirect():
    """T-65: from the other origin to the other origin again."""
    with Server(_moving({"/y": "/z"})) as cdn, Server(_to(f"{cdn.url}y")) as server:
        assert b"/z" == _read(server.url, redirects=redirects_to(cdn.origin), headers=SECRET)
        assert not any("authorization" in asked.headers for asked in cdn.asked)


@pytest.mark.parametrize(
    "location",
    [
        *("", "ftp://127.0.0.1/x", "file:///etc/passwd", "javascript:x", "data:,x"),
        *("http://[::1", "http://[x]/", "http://127.0.0.1:99999/", "http://127.0.0.1:x/"),
        *("http://a b/", "http:\\\\127.0.0.1\\x", "\\\\127.0.0.1\\x", "/x\ty", "/\xe9", "/ x"),
        *("http://u:p@127.0.0.1/", "http://%00/", "http://" + "x" * 300 + "/", "http://.../"),
    ],
)  # fmt: skip
def test_a_location_that_is_no_plain_url_is_refused(location):
    with Server(_to(location)) as server:
        with pytest.raises(TransportError):
            _read(server.url)
        assert 1 == len(server.asked)


@pytest.mark.parametrize("trick", [
    "{server}@{other}/x", "//{other}/x", "http://{other}#@{server}/", "http://{other}?@{server}/",
    "http://{server}:80@{other}/", "HTTP://{other}/x", "http://{other}/http://{server}/",
])  # fmt: skip
def test_no_spelling_makes_another_origin_look_like_ours(trick):
    with Server(says(answer(b"evil"))) as other:
        host = other.origin.removeprefix("http://")
        moves = {}
        with Server(_moving(moves)) as server:
            own = server.origin.removeprefix("http://")
            moves["/a/x.json"] = trick.format(other=host, server=own)
            with contextlib.suppress(TransportError):
                _read(server.url)
        assert 0 == other.connections


def test_a_server_cannot_choose_our_credentials():
    moves = {}
    with Server(_moving(moves)) as server:
        moves["/a/x.json"] = server.url.replace("//", "//user:password@") + "y"
        with pytest.raises(TransportError, match="not a plain URL"):
            _read(server.url)


def test_https_is_never_left_for_http(tmp_path):
    authority = Authority(directory=tmp_path)
    with (
        Server(says(answer(b"plain"))) as plain,
        Server(_to(f"{plain.url}x"), tls=authority.server()) as server,
    ):
        with pytest.raises(TransportError, match="from https to"):
            _read(server.url, tls=Tls(ca_file=authority.file), redirects=redirects_to(plain.origin))
        assert 0 == plain.connections


def test_another_origin_is_not_shown_our_certificate(tmp_path):
    """T-65: a client certificate is a credential too."""
    authority = Authority(directory=tmp_path)
    context = authority.server()
    certificate, key = authority.issued("client.example")
    with (
        Server(says(answer(b"cdn")), tls=context) as cdn,
        Server(_to(f"{cdn.url}x"), tls=context) as server,
    ):
        tls = Tls(ca_file=authority.file, client_cert=certificate, client_key=key)
        assert b"cdn" == _read(server.url, tls=tls, redirects=redirects_to(cdn.origin))

        assert [True] == list(map(bool, server.certificates))
        assert [False] == list(map(bool, cdn.certificates))


def test_a_policy_is_a_value():
    assert SAME_ORIGIN == Redirects()
    assert redirects_to("http://a.example", "http://b.example") == redirects_to(
        "http://b.example", "http://a.example"
    )
