"""A registry that says what is not so, of manifests: nothing of it is believed (T-61, T-62, T-64)."""

import hashlib

import pytest
from registry.contents import OCI_INDEX, OCI_MANIFEST, digest, index, manifest, raw
from registry.scripted import NOT_FOUND, Scripted, answer, served

from trustlib import (
    DeniedError,
    Digest,
    MalformedError,
    MismatchError,
    TooLongError,
    TransportError,
    TrustError,
)
from trustlib.registry import RegistryLimits

MANIFEST, OTHER = raw(manifest(b"a layer")), raw(manifest(b"another"))
HONEST = served(MANIFEST, OCI_MANIFEST)
TAG = "GET /v2/acme/app/manifests/1"
BY_DIGEST = f"GET /v2/acme/app/manifests/{digest(MANIFEST)}"
CHUNKED = f"HTTP/1.1 200 OK\r\nContent-Type: {OCI_MANIFEST}\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def said(without_tls):
    """What becomes of an answer about a tag, or about a digest."""

    def ask(made, reference="1", **settings):
        with Scripted({"GET *": made}) as server:
            return without_tls(server, **settings).manifest("acme/app", reference)

    return ask


def test_an_honest_answer_is_believed(said):
    assert MANIFEST == said(HONEST).raw
    assert MANIFEST == said(HONEST, digest(MANIFEST)).raw
    assert MANIFEST == said(HONEST, Digest.of(MANIFEST, "sha512")).raw
    assert Digest.of(MANIFEST, "sha512") == said(HONEST, Digest.of(MANIFEST, "sha512")).digest
    assert said(NOT_FOUND) is None


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_another_manifest_than_the_digest_asked_for_is_refused(said, algorithm):
    """T-61."""
    wanted = Digest.of(MANIFEST, algorithm)
    with pytest.raises(MismatchError) as error:
        said(served(OTHER, OCI_MANIFEST, Docker_Content_Digest=str(wanted)), wanted)

    assert (wanted, Digest.of(OTHER, algorithm)) == (error.value.expected, error.value.got)


def test_bytes_for_a_digest_are_hashed_before_they_are_read(said):
    with pytest.raises(MismatchError):
        said(served(b"not even JSON", "text/html"), digest(MANIFEST))


@pytest.mark.parametrize(
    "header",
    [
        *(str(digest(OTHER)), f"sha512:{'0' * 128}", "sha256:short", "sha256:", "sha512:"),
        f"sha256:{'x' * 10_000}",
        str(digest(MANIFEST)).upper().replace("SHA", "sha"),
    ],
)
def test_a_header_that_contradicts_the_bytes_is_refused(said, header):
    with pytest.raises(MismatchError) as error:
        said(served(MANIFEST, OCI_MANIFEST, Docker_Content_Digest=header))
    assert 1_000 > len(str(error.value))


@pytest.mark.parametrize(
    "header",
    ["", str(digest(MANIFEST)), f"sha512:{hashlib.sha512(MANIFEST).hexdigest()}", "blake3:00"],
)
def test_a_header_that_does_not_is_nothing_to_us(said, header):
    assert MANIFEST == said(served(MANIFEST, OCI_MANIFEST, Docker_Content_Digest=header)).raw


@pytest.mark.parametrize(
    "made",
    [
        answer(MANIFEST),
        served(MANIFEST, "application/json"),
        served(MANIFEST, OCI_INDEX),
        served(raw(index()), OCI_MANIFEST),
        served(raw(manifest(manifests=[])), OCI_MANIFEST),
        HONEST.replace(b"\r\n\r\n", f"\r\nContent-Type: {OCI_INDEX}\r\n\r\n".encode(), 1),
        HONEST.replace(b"\r\n\r\n", f"\r\nContent-Type: {OCI_MANIFEST}\r\n\r\n".encode(), 1),
    ],
)
def test_what_is_not_clearly_one_thing_is_refused(said, made):
    with pytest.raises(MalformedError):
        said(made)


def test_an_endless_manifest_is_not_read_to_its_end(said):
    def endless(_):
        yield CHUNKED.encode()
        while True:
            yield b"1000\r\n" + b" " * 4096 + b"\r\n"

    with pytest.raises(TooLongError):
        said(endless)


def test_a_manifest_has_as_many_bytes_as_it_may(said):
    most = RegistryLimits(manifest=len(MANIFEST))
    assert MANIFEST == said(HONEST, limits=most).raw
    with pytest.raises(TooLongError):
        said(served(MANIFEST + b" ", OCI_MANIFEST), limits=most)
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + b" " * 1_000
    with pytest.raises(TrustError):
        said(announced, limits=RegistryLimits(manifest=999))


@pytest.mark.parametrize(
    "made",
    [
        *[answer(b"", status=f"{code} X") for code in (204, 206, 301, 304, 400, 410, 418, 500)],
        served(MANIFEST, OCI_MANIFEST, Content_Encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_what_is_no_clear_answer_is_none(said, made):
    def cut_off(_):
        yield made
        raise OSError

    with pytest.raises(TransportError):
        said(cut_off)


def test_unchanged_counts_where_it_was_asked_for(without_tls):
    with Scripted(
        {TAG: [served(MANIFEST, OCI_MANIFEST, ETag='"x"'), answer(b"", status="304 X")]}
    ) as server:
        registry = without_tls(server)
        held = registry.received("acme/app", "1")

        assert held is registry.received("acme/app", "1", held)
        assert [None, '"x"'] == [heard.headers.get("if-none-match") for heard in server.heard]


@pytest.mark.parametrize("etag", ["", "x", '"x', '"a"b"', '"\x01"', f'"{"x" * 2_000}"'])
def test_what_is_no_etag_is_not_sent_back_and_then_nothing_is_unchanged(without_tls, etag):
    with Scripted(
        {TAG: [served(MANIFEST, OCI_MANIFEST, ETag=etag), answer(b"", status="304 X")]}
    ) as server:
        registry = without_tls(server)
        held = registry.received("acme/app", "1")
        with pytest.raises(TransportError, match="304"):
            registry.received("acme/app", "1", held)

    assert "if-none-match" not in server.heard[1].headers


def test_unchanged_is_no_answer_about_another_digest(without_tls):
    first = served(MANIFEST, OCI_MANIFEST, ETag='"x"')
    with Scripted({TAG: first, "GET *": answer(b"", status="304 X")}) as server:
        registry = without_tls(server)
        held = registry.received("acme/app", "1")
        assert held is registry.received("acme/app", digest(MANIFEST), held)
        with pytest.raises(TransportError, match="304"):
            registry.received("acme/app", digest(OTHER), held)

    assert "if-none-match" not in server.heard[-1].headers


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"code":"DENIED","message":"\\u001b[2J\\nforged\\u202e"}]}',
        b'{"errors":[{"code":"DENIED","message":"' + b"x" * 10_000 + b'"}]}',
        b'{"errors":[{"code":"DENIED"}]}' + b" " * 3_000_000,
        *(b"\xff\xfe", b"[" * 10_000, b'{"errors":[1]}', b'{"errors":[{}]}', b'{"errors":{}}'),
        *(b'{"errors":[]}', b'{"errors":[{"message":1}]}', b"<html>\x1b[2J", b""),
    ],
)
@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_a_registry_says_in_words_is_one_short_line(said, status, body):
    made = answer(body, status=f"{status} X")
    if status == 404:
        assert said(made) is None
        return
    with pytest.raises(TransportError) as error:
        said(made)

    assert (status == 403) == isinstance(error.value, DeniedError)
    assert str(error.value).isprintable()
    assert 600 > len(str(error.value))


def test_what_a_registry_says_in_words_is_passed_on(said):
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'
    with pytest.raises(TransportError, match=r"status 500, TOOMANYREQUESTS: slow down"):
        said(answer(body, status="500 X"))
    with pytest.raises(TransportError, match=r"busy \(status 429, TOOMANYREQUESTS: slow down\)"):
        said(answer(body, status="429 X"))


@pytest.mark.parametrize(
    "name", ["", "ACME", "a//b", "../x", "acme/app?x", "a" * 300, "acme/app\n"]
)
def test_a_name_that_no_registry_can_have_is_not_asked_for(without_tls, name):
    with Scripted({}) as server:
        registry = without_tls(server)
        with pytest.raises(ValueError, match="repository name"):
            registry.manifest(name, "1")
        with pytest.raises(ValueError, match="repository name"):
            registry.mount_blob("acme/app", digest(b""), name)
    assert [] == server.heard


@pytest.mark.parametrize("tag", ["", "../x", "a b", "-x", "x" * 129, "1?n=1", "sha256:00", "1\n"])
def test_a_tag_that_is_none_is_not_asked_for(without_tls, tag):
    with Scripted({}) as server:
        registry = without_tls(server)
        for ask in (registry.manifest, registry.delete):
            with pytest.raises(ValueError, match="tag"):
                ask("acme/app", tag)
        with pytest.raises(ValueError, match="tag"):
            registry.push_manifest("acme/app", tag, MANIFEST, OCI_MANIFEST)
    assert [] == server.heard
