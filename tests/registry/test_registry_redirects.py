"""Where a registry may send us, and what we take along: for blobs anywhere, and nothing (T-65)."""

import contextlib

import pytest
from registry.contents import OCI_MANIFEST, blob, digest, manifest, raw
from registry.scripted import Scripted, answer, bearer, challenge, granted, only_for, served
from transport.servers import Authority, HangUpError

from trustlib import DeniedError, NotFoundError, TransportError
from trustlib.registry.credentials import Always, Password
from trustlib.transport import NO_REDIRECTS, SAME_ORIGIN, Timeouts, Tls, redirects_to

MANIFEST, LAYER = raw(manifest(b"a layer")), b"a layer"
TAG = "GET /v2/acme/app/manifests/1"
BLOB = f"/v2/acme/app/blobs/{digest(LAYER)}"
ANN = Password("ann", "x")
SECRET = "Basic YW5uOng="


def _to(location: str, status: int = 307) -> bytes:
    return answer(b"moved", status=f"{status} X", Location=location)


@pytest.fixture
def other():
    with Scripted({"GET *": answer(LAYER), "HEAD *": answer(b"")}) as other:
        yield other


@pytest.fixture
def as_ann(without_tls):
    """Somebody whose password the registry has been shown already."""

    def make(server, **settings):
        known = served(MANIFEST, OCI_MANIFEST)
        server.routes.setdefault("GET /v2/acme/app/manifests/known", [challenge("Basic"), known])
        registry = without_tls(server, credentials=Always(server.domain, ANN), **settings)
        registry.manifest("acme/app", "known")
        server.heard.clear()
        return registry

    return make


def test_a_manifest_is_not_taken_from_elsewhere(as_ann, other):
    with Scripted({"GET *": _to(f"{other.origin}/x")}) as server:
        registry = as_ann(server, downloads=redirects_to(other.origin))
        with pytest.raises(TransportError, match="does not allow"):
            registry.manifest("acme/app", "1")
        with pytest.raises(TransportError, match="does not allow"):
            registry.tags("acme/app")
        with pytest.raises(TransportError, match="does not allow"):
            registry.referrers("acme/app", digest(MANIFEST))
    assert 0 == other.connections


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_manifest_may_move_within_the_registry(as_ann, status):
    routes = {TAG: _to("/moved", status), "GET /moved": served(MANIFEST, OCI_MANIFEST)}
    with Scripted(routes) as server:
        assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw
        assert [SECRET, SECRET] == [heard.authorization for heard in server.heard]


def test_a_blob_may_be_elsewhere_and_nobody_there_learns_who_asks(as_ann, other):
    routes = {f"{method} {BLOB}": _to(f"{other.origin}/x?sig=y") for method in ("GET", "HEAD")}
    with Scripted(routes) as server:
        registry = as_ann(server, downloads=redirects_to(other.origin))

        assert LAYER == registry.read_blob("acme/app", blob(LAYER))
        assert registry.has_blob("acme/app", digest(LAYER))

        assert [SECRET, SECRET] == [heard.authorization for heard in server.heard]
    assert ["GET /x?sig=y", "HEAD /x?sig=y"] == other.lines
    plain = {"host", "user-agent", "accept", "accept-encoding"}
    assert [plain, plain] == [set(heard.headers) for heard in other.heard]


def test_a_download_continues_elsewhere_too(as_ann, other, tmp_path):
    routes = {f"GET {BLOB}": _to(f"{other.origin}/x")}

    def cut_off(_):
        yield answer(LAYER)[:-3]
        raise HangUpError

    other.routes["GET *"] = [
        cut_off,
        answer(LAYER[-3:], status="206 X", Content_Range="bytes 4-6/7"),
    ]
    with Scripted(routes) as server:
        registry = as_ann(server, downloads=redirects_to(other.origin))

        assert LAYER == registry.download_blob("acme/app", blob(LAYER), tmp_path / "x").read_bytes()
    assert [None, "bytes=4-"] == [heard.headers.get("range") for heard in other.heard]
    assert not any(heard.authorization for heard in other.heard)


def test_credentials_do_not_come_back_either(as_ann, other):
    """The other server chose that URL, not we."""
    with Scripted({f"GET {BLOB}": _to(f"{other.origin}/x"), "GET /evil": answer(LAYER)}) as server:
        other.routes["GET *"] = _to(f"{server.origin}/evil")
        registry = as_ann(server, downloads=redirects_to(other.origin))

        assert LAYER == registry.read_blob("acme/app", blob(LAYER))
        assert [SECRET, None] == [heard.authorization for heard in server.heard]


@pytest.mark.parametrize(
    "wanted",
    ['Basic realm="x"', 'Bearer realm="{own}/any/path"', 'Bearer realm="{other}/token"', "Digest"],
)
@pytest.mark.parametrize("status", [401, 403])
def test_a_server_elsewhere_that_wants_to_know_who_asks_is_not_told(as_ann, other, wanted, status):
    with Scripted({f"GET {BLOB}": _to(f"{other.origin}/x"), "GET *": granted()}) as server:
        asking = challenge(wanted.format(own=server.origin, other=other.origin))
        other.routes["GET *"] = asking.replace(b"401", str(status).encode())
        registry = as_ann(server, downloads=redirects_to(other.origin), realms={other.origin})
        with pytest.raises(TransportError, match="is where the registry sends us") as error:
            registry.read_blob("acme/app", blob(LAYER))

        assert not isinstance(error.value, DeniedError)
        assert [f"GET {BLOB}"] == server.lines
    assert [None] == [heard.authorization for heard in other.heard]


def test_what_is_not_there_either_is_not_there(as_ann, other):
    other.routes = {}
    with (
        Scripted({f"GET {BLOB}": _to(f"{other.origin}/x")}) as server,
        pytest.raises(NotFoundError),
    ):
        as_ann(server, downloads=redirects_to(other.origin)).read_blob("acme/app", blob(LAYER))


def test_by_default_a_blob_is_taken_from_no_server_without_tls(as_ann, other):
    with (
        Scripted({f"GET {BLOB}": _to(f"{other.origin}/x")}) as server,
        pytest.raises(TransportError, match="does not allow"),
    ):
        as_ann(server).read_blob("acme/app", blob(LAYER))
    assert 0 == other.connections


@pytest.mark.parametrize("downloads", [SAME_ORIGIN, NO_REDIRECTS])
def test_a_caller_may_allow_less(as_ann, other, downloads):
    with (
        Scripted({f"GET {BLOB}": _to(f"{other.origin}/x")}) as server,
        pytest.raises(TransportError),
    ):
        as_ann(server, downloads=downloads).read_blob("acme/app", blob(LAYER))
    assert 0 == other.connections


@pytest.mark.parametrize(
    "location",
    [
        *("", "file:///etc/passwd", "ftp://{own}/x", "http://ann:x@{own}/x", "//{other}/x"),
        *("http://{own}@{other}/x", r"http://{own}\\@{other}/x", "/\xe9", "http://[::1"),
    ],
)
def test_a_location_that_is_no_plain_url_of_the_registry_is_not_visited(as_ann, other, location):
    with Scripted({}) as server:
        location = location.format(own=server.domain, other=other.domain)
        server.routes |= {f"GET {BLOB}": _to(location), TAG: _to(location)}
        registry = as_ann(server)
        with pytest.raises(TransportError):
            registry.read_blob("acme/app", blob(LAYER))
        with pytest.raises(TransportError):
            registry.manifest("acme/app", "1")
        assert 2 == len(server.heard)
    assert 0 == other.connections


def test_a_circle_ends(as_ann):
    with Scripted({TAG: _to(TAG.removeprefix("GET "))}) as server:
        with pytest.raises(TransportError, match="307"):
            as_ann(server).manifest("acme/app", "1")
        assert 6 == len(server.heard)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_what_writes_is_not_sent_anywhere_else(as_ann, other, status):
    moved = _to(f"{other.origin}/x", status)
    with Scripted(
        {f"{method} *": moved for method in ("PUT", "POST", "PATCH", "DELETE")}
    ) as server:
        registry = as_ann(server, downloads=redirects_to(other.origin))
        for write in (
            lambda: registry.push_manifest("acme/app", "1", MANIFEST, OCI_MANIFEST),
            lambda: registry.upload_blob("acme/app", LAYER),
            lambda: registry.upload_stream("acme/app", [LAYER]),
            lambda: registry.mount_blob("acme/app", digest(LAYER), "acme/base"),
            lambda: registry.delete("acme/app", "1"),
        ):
            with pytest.raises(TransportError, match=str(status)):
                write()
    assert 0 == other.connections


@pytest.fixture
def authority(tmp_path):
    return Authority(directory=tmp_path)


@pytest.fixture
def known(authority):
    certificate, key = authority.issued("client.example")
    return Tls(ca_file=authority.file, client_cert=certificate, client_key=key)


def test_another_server_is_not_shown_our_certificate_and_neither_is_ours_after_it(
    authority, known, speaking
):
    """A client certificate is a credential too."""
    context = authority.server()
    with Scripted({}, tls=context) as cdn, Scripted({}, tls=context) as server:
        server.routes = {f"GET {BLOB}": _to(f"{cdn.origin}/x"), "GET /back": answer(LAYER)}
        cdn.routes = {"GET *": _to(f"{server.origin}/back")}

        assert LAYER == speaking(server.domain, tls=known).read_blob("acme/app", blob(LAYER))

        assert [True, False] == list(map(bool, server.certificates))
        assert [False] == list(map(bool, cdn.certificates))


def test_tls_is_never_left_for_a_blob(authority, known, speaking, other):
    with Scripted({f"GET {BLOB}": _to(f"{other.origin}/x")}, tls=authority.server()) as server:
        for settings in ({}, {"downloads": redirects_to(other.origin)}):
            registry = speaking(server.domain, tls=known, **settings)
            with pytest.raises(TransportError, match=r"does not allow|never followed"):
                registry.read_blob("acme/app", blob(LAYER))
    assert 0 == other.connections


def test_tls_is_the_default(without_tls, speaking):
    with (
        Scripted({TAG: served(MANIFEST, OCI_MANIFEST)}) as server,
        contextlib.suppress(TransportError),
    ):
        speaking(server.domain, timeout=Timeouts(connect=0.3)).manifest("acme/app", "1")
    assert [] == server.heard


def test_a_password_is_not_shown_before_somebody_asks(without_tls):
    with Scripted({TAG: served(MANIFEST, OCI_MANIFEST)}) as server:
        registry = without_tls(server, credentials=Always(server.domain, ANN))
        registry.manifest("acme/app", "1")
        assert [None] == [heard.authorization for heard in server.heard]


def test_what_a_descriptor_says_of_urls_is_not_asked(without_tls, other):
    """T-65: a manifest's author does not choose whom we talk to."""
    entry = {"mediaType": "text/x", "digest": str(digest(LAYER)), "size": 7}
    data = raw(manifest(layers=[entry | {"urls": [f"{other.origin}/x"]}]))
    with Scripted({TAG: served(data, OCI_MANIFEST)}) as server:
        registry = without_tls(server, downloads=redirects_to(other.origin))
        (layer,) = registry.manifest("acme/app", "1").layers
        with pytest.raises(NotFoundError):
            registry.read_blob("acme/app", layer)
        with pytest.raises(NotFoundError):
            registry.blob("acme/app", layer)
    assert 0 == other.connections


def test_a_token_is_for_the_registry_and_not_for_where_it_sends_us(without_tls, other):
    with Scripted({"GET *": granted()}) as server:
        moved = _to(f"{other.origin}/x")
        server.routes[f"GET {BLOB}"] = only_for("Bearer t0ken", moved, bearer(f"{server.origin}/t"))
        registry = without_tls(server, downloads=redirects_to(other.origin))

        assert LAYER == registry.read_blob("acme/app", blob(LAYER))
    assert [None] == [heard.authorization for heard in other.heard]
