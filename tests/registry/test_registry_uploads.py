"""What is sent arrives whole, where it was meant to, or is an error."""

import pytest
from registry.contents import OCI_INDEX, OCI_MANIFEST, digest, manifest, raw
from registry.scripted import NOT_FOUND, Scripted, answer, challenge
from transport.servers import ResetError

from trustlib import (
    Digest,
    MalformedError,
    MismatchError,
    StorageError,
    TransportError,
)
from trustlib.registry._settings import OCTETS
from trustlib.registry.credentials import Always, Password
from trustlib.registry.manifests import Descriptor
from trustlib.transport import Retries

LAYER = bytes(range(256)) * 4_000  # several pieces
MANIFEST = raw(manifest(b"a layer"))
BEGIN = "POST /v2/acme/app/blobs/uploads/"
SHA = f"digest=sha256%3A{digest(LAYER).hex}"
AGAIN = Retries(backoff=0, longest=0)


def _begun(location: str = "/up/1", status: str = "202 Accepted") -> bytes:
    return answer(b"", status=status, Location=location)


def _ended(digest: str = "", status: str = "201 Created") -> bytes:
    return answer(b"", status=status, Docker_Content_Digest=digest)


@pytest.fixture
def server():
    """A registry that takes blobs."""
    routes = {BEGIN: _begun(), "PATCH /up/1": _begun("/up/2?a=b"), f"PUT /up/2?a=b&{SHA}": _ended()}
    with Scripted(routes) as server:
        yield server


def test_a_blob_is_sent_in_one_piece_between_two_requests(server, without_tls):
    descriptor = without_tls(server).upload_blob("acme/app", LAYER, "text/x")

    assert Descriptor.of(LAYER, "text/x") == descriptor
    head = f"HEAD /v2/acme/app/blobs/{digest(LAYER)}"
    assert [head, BEGIN, "PATCH /up/1", f"PUT /up/2?a=b&{SHA}"] == server.lines
    assert [b"", b"", LAYER, b""] == [heard.body for heard in server.heard]
    assert str(len(LAYER)) == server.heard[2].headers["content-length"]


def test_a_stream_is_sent_as_it_is_made(server, without_tls):
    pieces = (LAYER[at : at + 1_000] for at in range(0, len(LAYER), 1_000))
    descriptor = without_tls(server).upload_stream("acme/app", pieces)

    assert Descriptor.of(LAYER, OCTETS) == descriptor
    assert [b"", LAYER, b""] == [heard.body for heard in server.heard]
    assert "chunked" == server.heard[1].headers["transfer-encoding"]


def test_what_is_there_already_is_not_sent(server, without_tls):
    server.routes["HEAD *"] = answer(b"")
    assert digest(LAYER) == without_tls(server).upload_blob("acme/app", LAYER).digest
    assert 1 == len(server.heard)


@pytest.mark.parametrize("status", [403, 500, 206, 302])
def test_whether_it_is_there_is_a_clear_answer(server, without_tls, status):
    server.routes["HEAD *"] = answer(b"", status=f"{status} X")
    with pytest.raises(TransportError):
        without_tls(server).upload_blob("acme/app", LAYER)
    assert 1 == len(server.heard)


@pytest.mark.parametrize(
    ("begun", "then"),
    [
        ("/up/1", "/up/2"),
        ("1", "/v2/acme/app/blobs/uploads/1"),
        ("?a=b", "/v2/acme/app/blobs/uploads/?a=b"),
    ],
)
def test_where_an_upload_goes_on_may_be_said_in_short(without_tls, begun, then):
    with Scripted({BEGIN: _begun(begun), "PATCH *": _begun("?2"), "PUT *": _ended()}) as server:
        without_tls(server).upload_stream("acme/app", [LAYER])
        sent_to = server.heard[1].target
        assert then in (sent_to, sent_to.replace("/up/1", "/up/2"))
        assert f"PUT {sent_to.partition('?')[0]}?2&{SHA}" == server.lines[2]


@pytest.mark.parametrize("at", [BEGIN, "PATCH /up/1"])
@pytest.mark.parametrize(
    "location",
    [
        *(
            "http://{other}/x",
            "//{other}/x",
            "https://{own}/x",
            "http://ann:x@{own}/x",
            "file:///x",
        ),
        *(r"http://{own}\\@{other}/x", "http://{own}@{other}/x", "", "/\xe9", "http://[::1"),
    ],
)
def test_an_upload_does_not_go_on_anywhere_else(server, without_tls, at, location):
    with Scripted({}) as other:
        server.routes[at] = _begun(location.format(other=other.domain, own=server.domain))
        with pytest.raises(TransportError):
            without_tls(server).upload_blob("acme/app", LAYER)
        assert at == server.lines[-1]
    assert 0 == other.connections


@pytest.mark.parametrize("at", [BEGIN, "PATCH /up/1", f"PUT /up/2?a=b&{SHA}"])
@pytest.mark.parametrize("status", [203, 206, 301, 400, 403, 404, 413, 500])
def test_an_upload_that_is_not_taken_is_an_error(server, without_tls, at, status):
    server.routes[at] = answer(
        b'{"errors":[{"code":"NO"}]}', status=f"{status} X", Location="/up/1"
    )
    with pytest.raises(TransportError, match="NO"):
        without_tls(server).upload_stream("acme/app", [LAYER])
    assert at == server.lines[-1]


@pytest.mark.parametrize("claimed", ["sha256:" + "0" * 64, "sha256:", "sha256:x"])
def test_a_registry_that_got_something_else_is_a_mismatch(server, without_tls, claimed):
    server.routes |= {f"PUT /up/2?a=b&{SHA}": _ended(claimed), "PUT *": _ended(claimed)}
    registry = without_tls(server)
    for write in (
        lambda: registry.upload_blob("acme/app", LAYER),
        lambda: registry.upload_stream("acme/app", [LAYER]),
        lambda: registry.push_manifest("acme/app", "1", MANIFEST, OCI_MANIFEST),
    ):
        with pytest.raises(MismatchError):
            write()


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_manifest_is_put_as_it_is(without_tls, status):
    accepted = answer(b"{}", status=f"{status} X", Docker_Content_Digest=str(digest(MANIFEST)))
    with Scripted({"PUT *": accepted}) as server:
        registry = without_tls(server)

        assert Descriptor.of(MANIFEST, OCI_MANIFEST) == registry.push_manifest(
            "acme/app", "1", MANIFEST, OCI_MANIFEST
        )
        assert (
            digest(MANIFEST)
            == registry.push_manifest("acme/app", digest(MANIFEST), MANIFEST, OCI_MANIFEST).digest
        )

        assert [MANIFEST, MANIFEST] == [heard.body for heard in server.heard]
        assert OCI_MANIFEST == server.heard[0].headers["content-type"]
        assert [
            f"PUT /v2/acme/app/manifests/{at}" for at in ("1", digest(MANIFEST))
        ] == server.lines


def test_a_manifest_is_named_by_the_digest_that_it_is_put_at(without_tls):
    wanted = Digest.of(MANIFEST, "sha512")
    accepted = answer(b"", status="201 X", Docker_Content_Digest=str(digest(MANIFEST)))
    with Scripted({"PUT *": accepted}) as server:
        pushed = without_tls(server).push_manifest("acme/app", wanted, MANIFEST, OCI_MANIFEST)
    assert wanted == pushed.digest


def test_what_others_might_take_for_something_else_is_not_pushed(without_tls):
    with Scripted({"PUT *": answer(b"", status="201 X")}) as server:
        registry = without_tls(server)
        with pytest.raises(MalformedError):
            registry.push_manifest("acme/app", "1", raw(manifest(manifests=[])), OCI_MANIFEST)
        with pytest.raises(MalformedError):
            registry.push_manifest("acme/app", "1", MANIFEST, OCI_INDEX)
        with pytest.raises(MalformedError):
            registry.push_manifest("acme/app", "1", MANIFEST, "text/x\r\nX-Evil: 1")
        with pytest.raises(ValueError, match="the manifest has the digest"):
            registry.push_manifest("acme/app", digest(b""), MANIFEST, OCI_MANIFEST)
    assert [] == server.heard


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_sent_is_an_error_and_no_second_request(
    server, without_tls, tmp_path, change
):
    file = tmp_path / "layer"
    file.write_bytes(LAYER)

    def changed(so_far, _):
        if so_far < len(LAYER) / 2:
            with file.open("r+b") as opened:
                opened.truncate(300_000)
            if change == "grows":
                file.write_bytes(LAYER + b"DELETE /v2/acme/app/manifests/1 HTTP/1.1\r\n\r\n")

    with Scripted(server.routes) as own, pytest.raises(TransportError, match="changed meanwhile"):
        without_tls(own).upload_blob("acme/app", file, progress=changed)
    assert not any(line.startswith("DELETE") for line in own.lines)
    assert len(LAYER) >= max(len(heard.body) for heard in own.heard)


def test_a_file_that_cannot_be_read_is_an_error_of_ours(server, without_tls, tmp_path):
    with pytest.raises(StorageError, match="nowhere"):
        without_tls(server).upload_blob("acme/app", tmp_path / "nowhere")
    assert [] == server.heard


def test_an_upload_that_breaks_begins_again(server, without_tls):
    server.routes["PATCH /up/1"] = [_breaks, _begun("/up/2?a=b")]

    assert digest(LAYER) == without_tls(server, retries=AGAIN).upload_blob("acme/app", LAYER).digest
    assert [BEGIN, "PATCH /up/1", BEGIN, "PATCH /up/1"] == server.lines[1:5]


def _breaks(_):
    raise ResetError
    yield b""


def test_an_upload_that_always_breaks_ends(server, without_tls):
    server.routes["PATCH /up/1"] = _breaks

    with pytest.raises(TransportError):
        without_tls(server, retries=AGAIN).upload_blob("acme/app", LAYER)
    assert 3 == server.lines.count("PATCH /up/1")


def test_a_stream_that_breaks_is_not_sent_again(server, without_tls):
    server.routes["PATCH /up/1"] = _breaks

    with pytest.raises(TransportError):
        without_tls(server, retries=AGAIN).upload_stream("acme/app", iter([LAYER]))
    assert 1 == server.lines.count("PATCH /up/1")


@pytest.mark.parametrize(("status", "times"), [(429, 2), (503, 2), (502, 1), (504, 1)])
def test_a_piece_is_sent_again_only_if_it_was_not_taken(server, without_tls, status, times):
    busy = answer(b"", status=f"{status} X")
    server.routes["PATCH /up/1"] = [busy, _begun("/up/2?a=b")]
    registry = without_tls(server, retries=AGAIN)
    if times == 1:
        with pytest.raises(TransportError, match="busy"):
            registry.upload_blob("acme/app", LAYER)
    else:
        registry.upload_blob("acme/app", LAYER)
    assert times == server.lines.count("PATCH /up/1")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_stream_is_sent_once_even_to_who_is_busy(server, without_tls, status):
    server.routes["PATCH /up/1"] = answer(b"", status=f"{status} X")
    with pytest.raises(TransportError, match="busy"):
        without_tls(server, retries=AGAIN).upload_stream("acme/app", iter([LAYER]))
    assert 1 == server.lines.count("PATCH /up/1")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_changes_nothing_is_asked_again(without_tls, status):
    busy, answers = answer(b"", status=f"{status} X"), {}
    for method in ("GET", "HEAD", "PUT", "DELETE", "POST"):
        answers[f"{method} *"] = [busy, busy, NOT_FOUND]
    with Scripted(answers) as server:
        registry = without_tls(server, retries=AGAIN)
        assert registry.manifest("acme/app", "1") is None
        assert not registry.has_blob("acme/app", digest(b""))
        registry.delete("acme/app", "1")
        with pytest.raises(TransportError, match="404"):
            registry.push_manifest("acme/app", "1", MANIFEST, OCI_MANIFEST)
        with pytest.raises(TransportError, match="404"):
            registry.upload_stream("acme/app", [])
        assert 15 == len(server.heard)


def test_a_blob_is_mounted_or_not(without_tls):
    with Scripted({"POST *": answer(b"", status="201 X")}) as server:
        assert without_tls(server).mount_blob("acme/app", digest(LAYER), "acme/base")
        assert [f"{BEGIN}?mount=sha256%3A{digest(LAYER).hex}&from=acme%2Fbase"] == server.lines


@pytest.mark.parametrize("status", [204, 401, 403, 404, 500])
def test_an_upload_that_was_begun_instead_of_a_mount_is_given_up_if_that_is_possible(
    without_tls, status
):
    gone = answer(b"", status=f"{status} X")
    with Scripted({"POST *": _begun(), "DELETE /up/1": gone}) as server:
        assert not without_tls(server).mount_blob("acme/app", digest(LAYER), "acme/base")
        assert "DELETE /up/1" == server.lines[1]


def test_and_not_anywhere_else(without_tls):
    with Scripted({}) as other, Scripted({"POST *": _begun(f"{other.origin}/x")}) as server:
        assert not without_tls(server).mount_blob("acme/app", digest(LAYER), "acme/base")
        assert 1 == len(server.heard)
    assert 0 == other.connections


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_a_mount_that_is_neither_is_an_error(without_tls, status):
    with (
        Scripted({"POST *": answer(b"", status=f"{status} X")}) as server,
        pytest.raises(TransportError, match=str(status)),
    ):
        without_tls(server).mount_blob("acme/app", digest(LAYER), "acme/base")


@pytest.mark.parametrize("status", [200, 202, 404])
def test_what_is_deleted_is_gone(without_tls, status):
    with Scripted({"DELETE *": answer(b"", status=f"{status} X")}) as server:
        without_tls(server).delete("acme/app", digest(MANIFEST))
        without_tls(server).delete("acme/app", "1")
        assert ["DELETE"] * 2 == [heard.method for heard in server.heard]


@pytest.mark.parametrize("status", [400, 405, 500, 204])
def test_what_is_not_deleted_is_an_error(without_tls, status):
    with (
        Scripted({"DELETE *": answer(b"", status=f"{status} X")}) as server,
        pytest.raises(TransportError, match=str(status)),
    ):
        without_tls(server).delete("acme/app", "1")


def test_a_password_is_sent_with_every_request_of_an_upload(server, without_tls):
    server.routes["HEAD *"] = NOT_FOUND
    server.routes[BEGIN] = [challenge("Basic"), _begun()]
    registry = without_tls(server, credentials=Always(server.domain, Password("ann", "x")))

    registry.upload_blob("acme/app", LAYER)

    assert ["Basic YW5uOng="] * 3 == [heard.authorization for heard in server.heard[2:]]
