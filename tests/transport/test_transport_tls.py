"""TLS: the server is always verified, by whom the caller names."""

import ssl

import pytest
from transport.servers import Authority, Proxy, Server, answer, says

from trustlib._types import UrlPath
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport import NO_RETRIES, HttpTransport, Retries, Timeouts, Tls


@pytest.fixture
def authority(tmp_path):
    return Authority(directory=tmp_path)


def _read(url: str, **settings) -> bytes:
    with HttpTransport(url, **{"retries": NO_RETRIES} | settings) as transport:
        return b"".join(transport.fetch(Request(path=UrlPath("x"))))


def test_a_server_is_believed_if_our_authority_vouches_for_it(authority):
    with Server(says(answer(b"x"), then=None), tls=authority.server()) as server:
        assert b"x" == _read(server.url, tls=Tls(ca_file=str(authority.file)))


def test_secure_connections_are_used_again(authority):
    with (
        Server(says(answer(b"x" * 100_000), then=None), tls=authority.server()) as server,
        HttpTransport(server.url, tls=Tls(ca_file=authority.file)) as transport,
    ):
        for _ in range(3):
            b"".join(transport.fetch(Request(path=UrlPath("x"))))

        assert 1 == server.connections


def test_a_server_that_nobody_vouches_for_is_refused_and_not_asked(authority):
    with Server(says(answer(b"x")), tls=authority.server()) as server:
        with pytest.raises(TransportError, match=r"TLS failed.*CERTIFICATE_VERIFY_FAILED"):
            _read(server.url, retries=Retries(backoff=0))
        assert ([], 1) == (server.asked, server.connections)


def test_a_server_under_another_name_is_refused(authority):
    with Server(says(answer(b"x")), tls=authority.server("trust.example")) as server:
        with pytest.raises(TransportError, match="TLS failed"):
            _read(server.url, tls=Tls(ca_file=authority.file))
        assert [] == server.asked


def test_the_environment_names_no_authority_and_no_key_log(authority, monkeypatch, tmp_path):
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with Server(says(answer(b"x")), tls=authority.server()) as server:
        with pytest.raises(TransportError, match="TLS failed"):
            _read(server.url)
        _read(server.url, tls=Tls(ca_file=authority.file))

    assert not log.exists()


def test_old_tls_is_refused(authority):
    old = authority.server()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with Server(says(answer(b"x")), tls=old) as server, pytest.raises(TransportError):
        _read(server.url, tls=Tls(ca_file=authority.file))


def test_a_server_without_tls_is_a_transport_error():
    with Server(says(answer(b"x"))) as server, pytest.raises(TransportError):
        _read(server.url.replace("http:", "https:"), timeout=Timeouts(connect=0.3))


def test_we_can_show_a_certificate(authority):
    certificate, key = authority.issued("client.example")
    with Server(says(answer(b"x")), tls=authority.server()) as server:
        _read(server.url, tls=Tls(ca_file=authority.file, client_cert=certificate, client_key=key))

        assert ("commonName", "client.example") == server.certificates[0]["subject"][0][0]


def test_a_certificate_and_its_key_may_be_in_one_file(authority):
    certificate, key = authority.issued("client.example")
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    with Server(says(answer(b"x")), tls=authority.server()) as server:
        _read(server.url, tls=Tls(ca_file=authority.file, client_cert=certificate))

        assert server.certificates[0]


def test_a_tunnel_is_as_secure_as_no_tunnel(authority):
    tls = Tls(ca_file=authority.file)
    with (
        Server(says(answer(b"x"), then=None), tls=authority.server()) as server,
        Proxy(server) as proxy,
    ):
        assert b"x" == _read(server.url, tls=tls, proxy=proxy.url, headers={"X-Token": "s3cret"})
        with pytest.raises(TransportError, match="TLS failed"):
            _read("https://127.0.0.2:1/", tls=tls, proxy=proxy.url)

        assert [server.url.removeprefix("https://").strip("/"), "127.0.0.2:1"] == proxy.targets
        assert "x-token" not in proxy.asked[0].headers


def test_a_proxy_can_speak_tls_and_does_not_learn_who_we_are(authority):
    certificate, key = authority.issued("client.example")
    tls = Tls(ca_file=authority.file, client_cert=certificate, client_key=key)
    with Server(says(answer(b"x")), tls=authority.server()) as proxy:
        assert b"x" == _read("http://trust.invalid/", tls=tls, proxy=proxy.url)
        assert [False] == list(map(bool, proxy.certificates))


def test_a_proxy_that_speaks_tls_is_verified(authority):
    with Server(says(answer(b"x")), tls=authority.server()) as proxy:
        with pytest.raises(TransportError, match="TLS failed"):
            _read("http://trust.invalid/", proxy=proxy.url)
        assert [] == proxy.asked


@pytest.mark.parametrize("broken", ["ca_file", "client_cert"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_cannot_be_used_is_named(authority, tmp_path, broken, content):
    file = tmp_path / "broken.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TransportError, match=r"broken\.pem.*cannot be used"):
        _read("https://127.0.0.1:1/", tls=Tls(**{broken: file}))


def test_an_encrypted_key_asks_nobody_for_its_passphrase(authority):
    certificate, key = authority.issued("client.example", passphrase=b"x")
    with pytest.raises(TransportError, match=r"client\.example\.key.*cannot be used"):
        _read("https://127.0.0.1:1/", tls=Tls(client_cert=certificate, client_key=key))


def test_a_key_without_a_certificate_is_a_mistake():
    with pytest.raises(ValueError, match="client_cert"):
        Tls(client_key="x.key")


def test_nothing_says_do_not_verify():
    assert {"ca_file", "client_cert", "client_key"} == {f.name for f in Tls.__attrs_attrs__}
