"""What is asked for is exactly what was meant, whatever names metadata contains."""

import pytest
from transport.servers import Proxy, Server, answer, files, says

from trustlib._types import UrlPath
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport import NO_RETRIES, HttpTransport, Timeouts, redirects_to


def _fetch(url: str, path: str) -> bytes:
    with HttpTransport(url, retries=NO_RETRIES) as transport:
        return b"".join(transport.fetch(Request(path=UrlPath(path))))


PLAIN = [
    *("timestamp.json", "1.root.json", "3...%2Fx.json", "1.%2Fdelegatedrole.json", "3.%3F.json"),
    *("a/b/c", "...", "..a", "a..", "a:b@c", "!$&'()*+,;=~_-", "%25252E", "%E2%82%AC", "a%20b"),
    *("http:x", "%00", "3.%23.json", "...%2F...", "targets/acme/app:1.4"),
]

HOSTILE = [
    *("", "/", "/etc/passwd", "//evil.example/x", "a//b", "a/", "http://evil.example/"),
    *("..", "../x", "a/../b", "a/..", ".", "./x", "a/./b", "%2e%2e/x", "%2E.%2Fx", "a/.%2e"),
    *("a%2F..%2Fb", "..%2Fx", "..%5Cx", "a%5c..%5cb", "%2e", "a?b", "?", "a#b", "../../evil?"),
    *("a\\b", "..\\x", "a b", "a\tb", "a\r\nX: y", "a\0", "a\x7f", "é", "€", "\ud800", "%", "a%2", "%zz"),
    *('a"b', "<", "[", "{", "^", "`", "|"),
]  # fmt: skip


@pytest.mark.parametrize("base", ["", "base/", "base%2Fof/all"])
@pytest.mark.parametrize("path", PLAIN)
def test_a_path_arrives_as_it_was_meant(path, base):
    with Server(says(answer(b"x"))) as server:
        _fetch(server.url + base, path)

        assert [f"/{base.removesuffix('/')}/{path}".replace("//", "/")] == server.targets


@pytest.mark.parametrize("path", PLAIN)
def test_a_path_arrives_through_a_proxy_as_it_was_meant(path):
    with Server(says(answer(b"x"))) as proxy:
        with HttpTransport("http://trust.invalid/base", proxy=proxy.url) as transport:
            transport.fetch(Request(path=UrlPath(path))).close()

        assert [f"http://trust.invalid/base/{path}"] == proxy.targets


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_can_be_read_in_two_ways_is_refused(path):
    """P66: ``../../evil?`` in a name."""
    with Server(says(answer(b"x"))) as server:
        with pytest.raises(TransportError) as error:
            _fetch(server.url, path)

        assert 0 == server.connections
        assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "/x", "//a.example/", "ftp://a.example/", "file:///etc/passwd", "http:///x"),
        *("https://user:s3cret@a.example/", "https://s3cret@a.example/", "https://@a.example/"),
        *("https://a.example/?s3cret", "https://a.example/x?", "https://a.example/#s3cret"),
        *("https://a.example:99999/", "https://a.example:/", "https://a.example:x/"),
        *("https://a.example/a b", "https://bücher.example/", "https://a.example/\r\nX: y"),
        *("https://a.example/../x", "https://a.example/%2e%2e/x", "https://a.example/a//b"),
        *("https://a.example\\@evil.example/", "https://[::1", "https://[x]/", "https://a.example\n"),
        *("https://user:s3cret@a.example\\@x/", " https://a.example/"),
    ],
)  # fmt: skip
def test_a_base_url_is_plain_or_a_mistake(url):
    with pytest.raises(ValueError) as error:
        HttpTransport(url)

    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://a.example", "https://a.example/"),
        ("HTTP://a.example:80/x", "HTTP://a.example:80/x/"),
        ("https://[::1]:443/x/", "https://[::1]:443/x/"),
        ("http://under_score/%2F", "http://under_score/%2F/"),
    ],
)
def test_a_base_url_gets_a_slash(url, base):
    assert base == HttpTransport(url).base_url


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x",
        "ftp://a.example",
        "a.example",
        "https://*.example",
        "https://u@a.example",
    ],
)
def test_a_policy_allows_origins_and_nothing_else(url):
    with pytest.raises(ValueError):
        redirects_to(url)


def test_one_origin_has_one_spelling():
    assert redirects_to("https://CDN.example") == redirects_to("https://cdn.example:443/")


@pytest.mark.parametrize(
    "proxy",
    [
        "a.example:80",
        "socks5://a.example",
        "http://a.example/x",
        "http://u:s3cret@",
        "http://u:s3cret\n@a.example",
    ],
)
def test_a_proxy_is_plain_or_a_mistake(proxy):
    with pytest.raises(ValueError) as error:
        HttpTransport("https://a.example", proxy=proxy)

    assert "s3cret" not in str(error.value)


def test_a_proxy_is_asked_with_its_credentials_and_the_server_does_not_see_them():
    with Server(files({"http://trust.invalid/x": b"through"})) as proxy:
        transport = HttpTransport(
            "http://trust.invalid/", proxy=proxy.url.replace("//", "//user:s3cret@")
        )
        with transport:
            assert b"through" == b"".join(transport.fetch(Request(path=UrlPath("x"))))

        assert "Basic dXNlcjpzM2NyZXQ=" == proxy.asked[0].headers["proxy-authorization"]
        assert "s3cret" not in repr(transport)


def test_the_environment_names_no_proxy(monkeypatch):
    with Server(files({"/x": b"direct"})) as server, Server(says(answer(b"proxied"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        assert b"direct" == _fetch(server.url, "x")


def test_a_proxy_that_is_not_there_is_a_transport_error():
    with Server(says()) as proxy:
        pass

    transport = HttpTransport("http://trust.invalid/", proxy=proxy.url, retries=NO_RETRIES)
    with (
        transport,
        pytest.raises(TransportError, match=r"trust\.invalid/x: the proxy: no connection"),
    ):
        transport.fetch(Request(path=UrlPath("x")))


def test_a_proxy_that_refuses_to_tunnel_is_a_transport_error():
    with Server(says(answer(b"", status="407 Who Are You"))) as proxy:
        transport = HttpTransport("https://trust.invalid/", proxy=proxy.url, retries=NO_RETRIES)
        with transport, pytest.raises(TransportError, match="407"):
            transport.fetch(Request(path=UrlPath("x")))

        assert ["trust.invalid:443"] == proxy.targets


def test_a_proxy_is_never_believed_about_tls():
    """A proxy that answers the handshake in plain text does not get the question."""
    with Server(says(answer(b"x"))) as server, Proxy(server) as proxy:
        transport = HttpTransport(
            "https://127.0.0.1:1/",
            proxy=proxy.url,
            retries=NO_RETRIES,
            timeout=Timeouts(connect=0.3),
        )
        with transport, pytest.raises(TransportError):
            transport.fetch(Request(path=UrlPath("x")))

        assert [] == server.asked
