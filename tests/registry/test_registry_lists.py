"""Lists end, whatever the registry says follows; and what is on them is what they say it is."""

import json

import pytest
from registry.contents import OCI_INDEX, OCI_MANIFEST, described, digest, index, manifest, raw
from registry.scripted import NOT_FOUND, Scripted, answer, served

from trustlib import Digest, LimitError, MalformedError, TooLongError, TransportError
from trustlib.registry import RegistryLimits

TAGS = "GET /v2/acme/app/tags/list?n=1000"
ABOUT = digest(b"what it is about")
REFERRERS = f"GET /v2/acme/app/referrers/{ABOUT}"


def _tags(*tags: str, **headers: str) -> bytes:
    return answer(json.dumps({"name": "acme/app", "tags": list(tags)}).encode(), **headers)


def _referrers(*kinds: str, **headers: str) -> bytes:
    entries = [described(k.encode(), OCI_MANIFEST, artifactType=k) for k in kinds]
    return served(raw(index(manifests=entries)), OCI_INDEX, **headers)


@pytest.fixture
def kinds(without_tls):
    """What is listed, each way."""

    def ask(server, **settings):
        registry = without_tls(server, **settings)
        found = registry.referrers("acme/app", ABOUT)
        return registry.tags("acme/app"), tuple(entry.artifact_type for entry in found)

    return ask


@pytest.mark.parametrize(
    "link",
    [
        *('</{}2>; rel="next"', "</{}2>;rel=next", '</{}2> ; rel = "x"; REL="NEXT"'),
        *("<{origin}/{}2>; title=x; rel=next", '</>; rel="prev", </{}2>; rel="next"'),
        *('</{}2>; rel="next"; title="x"', '</{}2>; rel="next", </x>; rel="last"'),
    ],
)
def test_pages_are_read_until_there_are_none(kinds, link):
    with Scripted({}) as server:
        tags, more = (link.replace("{origin}", server.origin).format(at) for at in "tr")
        server.routes |= {
            TAGS: _tags("b", "a", Link=tags),
            "GET /t2": _tags("c", "a"),
            REFERRERS: _referrers("b", "a", Link=more),
            "GET /r2": _referrers("c"),
        }
        assert (("b", "a", "c"), ("b", "a", "c")) == kinds(server)


@pytest.mark.parametrize(
    "link",
    ["", "x", "<>; rel=next", "</t2>", "</t2>; rel=prev", "</t2>; rel=nextx", "</a b>; rel=next"],
)
def test_what_names_no_next_page_is_the_end(kinds, link):
    with Scripted({TAGS: _tags("a", Link=link), REFERRERS: _referrers("a", Link=link)}) as server:
        assert (("a",), ("a",)) == kinds(server)
        assert 2 == len(server.heard)


def test_of_several_headers_each_is_looked_at(without_tls):
    first = _tags("a", Link="</x>; rel=prev").replace(
        b"\r\n\r\n", b"\r\nLink: </2>; rel=next\r\n\r\n", 1
    )
    with Scripted({TAGS: first, "GET /2": _tags("b")}) as server:
        assert ("a", "b") == without_tls(server).tags("acme/app")


def test_pages_that_never_end_do(without_tls):
    """T-60: a link to itself, and one to ever new pages."""
    few = RegistryLimits(pages=5)
    for route, page in ((TAGS, _tags), (REFERRERS, _referrers)):
        path = route.removeprefix("GET ")
        turning = page("a", Link=f"<{path}>; rel=next")
        with Scripted({route: turning}) as server:
            registry = without_tls(server, limits=few)
            with pytest.raises(LimitError, match="pages of"):
                registry.tags("acme/app") if route == TAGS else registry.referrers(
                    "acme/app", ABOUT
                )
            assert 5 == len(server.heard)


def test_a_list_has_as_many_pages_and_entries_as_it_may(kinds):
    more = {"Link": "</2>; rel=next"}
    routes = {TAGS: _tags("a", "b", **more), "GET /2": _tags("c")}
    with Scripted(routes | {REFERRERS: _referrers("a", "b", "c")}) as server:
        exactly = RegistryLimits(pages=2, entries=3)
        assert (("a", "b", "c"), ("a", "b", "c")) == kinds(server, limits=exactly)
        with pytest.raises(LimitError, match="entries"):
            kinds(server, limits=RegistryLimits(entries=2))
    with (
        Scripted({REFERRERS: _referrers("a", "b", "c")}) as server,
        pytest.raises(LimitError, match="entries"),
    ):
        kinds(server, limits=RegistryLimits(entries=2))


@pytest.mark.parametrize("route", [TAGS, REFERRERS])
def test_a_page_has_as_many_bytes_as_it_may(kinds, route):
    with Scripted({route: answer(b" " * 1_001)}) as server, pytest.raises(TooLongError):
        kinds(server, limits=RegistryLimits(page=1_000))


@pytest.mark.parametrize("place", ["http://{}/x", "//{}/x", "https://127.0.0.1/x", "http://a@{}/x"])
def test_a_page_elsewhere_is_not_read(without_tls, place):
    with Scripted({}) as other, Scripted({}) as server:
        link = f"<{place.format(other.domain)}>; rel=next"
        server.routes = {TAGS: _tags("a", Link=link), REFERRERS: _referrers("a", Link=link)}
        registry = without_tls(server)
        with pytest.raises(TransportError):
            registry.tags("acme/app")
        with pytest.raises(TransportError):
            registry.referrers("acme/app", ABOUT)
    assert 0 == other.connections


def test_a_repository_that_is_not_there_has_no_tags(without_tls):
    with Scripted({}) as server:
        assert () == without_tls(server).tags("acme/app")


@pytest.mark.parametrize(
    "made", [NOT_FOUND, answer(b"", status="500 X"), answer(b"", status="204 X")]
)
def test_a_page_that_is_missing_is_no_end(without_tls, made):
    link = {"Link": "</2>; rel=next"}
    routes = {TAGS: _tags("a", **link), REFERRERS: _referrers("a", **link), "GET /2": made}
    with Scripted(routes) as server:
        registry = without_tls(server)
        with pytest.raises(TransportError):
            registry.tags("acme/app")
        with pytest.raises(TransportError):
            registry.referrers("acme/app", ABOUT)


@pytest.mark.parametrize("body", [b'{"name":"acme/app","tags":null}', b'{"tags":[]}'])
def test_no_tags_are_no_tags(without_tls, body):
    with Scripted({TAGS: answer(body)}) as server:
        assert () == without_tls(server).tags("acme/app")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b"null", b'{"tags":{}}', b'{"tags":"a"}', b'{"tags":[1]}'),
        *(b'{"tags":[null]}', b'{"tags":[""]}', b'{"tags":["../x"]}', b'{"tags":["a\\n"]}'),
        *(b'{"tags":["' + b"a" * 129 + b'"]}', b'{"tags":[],"tags":[]}', b'{"tags":["a:b"]}'),
    ],
)
def test_what_are_no_tags_are_refused(without_tls, body):
    with Scripted({TAGS: answer(body)}) as server, pytest.raises(MalformedError):
        without_tls(server).tags("acme/app")


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (answer(b"{}", Content_Type="application/json"), MalformedError),
        (answer(b"", Content_Type=OCI_INDEX), MalformedError),
        (served(raw(index(layers=[])), OCI_INDEX), MalformedError),
        (served(raw(manifest()), OCI_MANIFEST), TransportError),
        (answer(b"", status="500 X"), TransportError),
        (answer(b"", status="403 X"), TransportError),
    ],
)
def test_what_are_no_referrers_are_refused(without_tls, made, error):
    with Scripted({REFERRERS: made}) as server, pytest.raises(error):
        without_tls(server).referrers("acme/app", ABOUT)


def test_referrers_of_one_type_are_chosen_here_too(without_tls):
    path = f"{REFERRERS}?artifactType=text%2Fb%26c"
    with Scripted({path: _referrers("text/a", "text/b&c")}) as server:
        (only,) = without_tls(server).referrers("acme/app", ABOUT, "text/b&c")
    assert "text/b&c" == only.artifact_type


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_registry_without_such_lists_has_them_under_a_tag(without_tls, algorithm):
    about = Digest.of(b"x", algorithm)
    tag = f"GET /v2/acme/app/manifests/{algorithm}-{about.hex[:64]}"
    with Scripted({tag: _referrers("a", "b")}) as server:
        registry = without_tls(server)
        assert 2 == len(registry.referrers("acme/app", about))
        assert 1 == len(registry.referrers("acme/app", about, "b"))


def test_an_image_under_that_tag_is_no_list(without_tls):
    tag = f"GET /v2/acme/app/manifests/sha256-{ABOUT.hex}"
    with Scripted({tag: served(raw(manifest(b"x")), OCI_MANIFEST)}) as server:
        assert () == without_tls(server).referrers("acme/app", ABOUT)
