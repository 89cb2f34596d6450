"""Who is told who we are: the registry, the token server that belongs to it, and nobody else.

CVE-2020-15157, T-65.
"""

import base64
import json
import logging
import pickle
from contextlib import ExitStack
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from registry.contents import OCI_MANIFEST, digest, manifest, raw
from registry.scripted import (
    Scripted,
    answer,
    bearer,
    challenge,
    granted,
    only_for,
    served,
)
from transport.servers import Authority

from trustlib import DeniedError, MalformedError, TooLongError, TransportError, TrustError
from trustlib._frozen import FrozenMap
from trustlib.registry._challenges import Challenge
from trustlib.registry._tokens import Authority as Told
from trustlib.registry._tokens import Memory
from trustlib.registry.credentials import AccessToken, Always, IdentityToken, Password, anonymous
from trustlib.transport import Retries, Tls

SECRET = "s3cret-pass"
ANN = Password("ann", SECRET)
BASIC = "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()
MANIFEST = raw(manifest(b"a layer"))
HONEST = served(MANIFEST, OCI_MANIFEST)
TAG = "GET /v2/acme/app/manifests/1"


@pytest.fixture
def server():
    """A registry that wants to know who asks, and believes one token; its routes can be changed."""
    with Scripted({}) as server:
        realm = f"{server.origin}/token"
        server.routes |= {
            TAG: only_for("Bearer t0ken", HONEST, bearer(realm, service="here")),
            "GET *": granted(),
            "POST *": granted(),
        }
        yield server


@pytest.fixture
def other():
    with Scripted({"GET *": granted(), "POST *": granted()}) as other:
        yield other


@pytest.fixture
def as_ann(without_tls):
    def make(server, **settings):
        settings = {"credentials": Always(server.domain, ANN)} | settings
        return without_tls(server, **settings)

    return make


def _query(heard) -> dict[str, list[str]]:
    return parse_qs(urlsplit(heard.target).query, keep_blank_values=True)


def test_a_token_is_asked_for_with_a_password_and_shown_to_the_registry(server, as_ann):
    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw

    assert [None, BASIC, "Bearer t0ken"] == [heard.authorization for heard in server.heard]
    asked = {"service": ["here"], "scope": ["repository:acme/app:pull"], "account": ["ann"]}
    assert asked == _query(server.heard[1])


def test_what_was_granted_is_used_again_until_it_is_refused(server, as_ann):
    registry = as_ann(server)
    for _ in range(3):
        registry.manifest("acme/app", "1")
    assert 5 == len(server.heard)

    later = only_for("Bearer later", HONEST, bearer(f"{server.origin}/token"))
    server.routes |= {TAG: later, "GET *": granted("later")}
    registry.manifest("acme/app", "1")
    registry.manifest("acme/app", "1")

    assert ["Bearer t0ken", BASIC, "Bearer later", "Bearer later"] == [
        heard.authorization for heard in server.heard[5:]
    ]


def test_what_was_granted_stays_in_its_process(server, as_ann):
    registry = as_ann(server)
    registry.manifest("acme/app", "1")
    copy = pickle.loads(pickle.dumps(registry.spoken_to))

    assert copy == registry.spoken_to
    assert b"t0ken" not in pickle.dumps(registry.spoken_to)
    assert copy._session.memory.granted("repository:acme/app:pull") is None


def test_not_more_is_remembered_than_can_be():
    memory = Memory()
    for number in range(10_000):
        memory.remember(str(number), "x")
    assert "x" == memory.granted("0")
    memory.remember("one more", "y")

    assert (None, "y") == (memory.granted("0"), memory.granted("one more"))


def test_nobody_in_particular_asks_for_a_token_without_a_password(server, as_ann):
    assert MANIFEST == as_ann(server, credentials=anonymous).manifest("acme/app", "1").raw

    assert [None, None, "Bearer t0ken"] == [heard.authorization for heard in server.heard]
    assert "account" not in _query(server.heard[1])


def test_what_is_kept_for_another_registry_is_not_told(server, as_ann):
    registry = as_ann(server, credentials=Always("other.example", ANN))
    assert MANIFEST == registry.manifest("acme/app", "1").raw

    assert not any(BASIC == heard.authorization for heard in server.heard)


def test_a_token_that_is_exchanged_stands_in_no_url(server, as_ann):
    kept = Always(server.domain, IdentityToken("refresh&me=1"))
    assert MANIFEST == as_ann(server, credentials=kept).manifest("acme/app", "1").raw

    asked = server.heard[1]
    assert "POST /token" == asked.line
    assert {
        "service": ["here"],
        "scope": ["repository:acme/app:pull"],
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh&me=1"],
        "client_id": ["trustlib"],
    } == parse_qs(asked.body.decode())
    assert "application/x-www-form-urlencoded" == asked.headers["content-type"]


@pytest.mark.parametrize("wanted", ['Bearer realm="{}/token"', 'Basic realm="x"'])
def test_a_token_for_the_registry_itself_is_shown_to_it_and_to_nobody_else(server, as_ann, wanted):
    server.routes[TAG] = only_for("Bearer mine", HONEST, challenge(wanted.format(server.origin)))

    kept = Always(server.domain, AccessToken("mine"))
    assert MANIFEST == as_ann(server, credentials=kept).manifest("acme/app", "1").raw
    assert [TAG, TAG] == server.lines


def test_a_password_is_shown_to_a_registry_that_wants_no_token(server, as_ann):
    server.routes[TAG] = only_for(BASIC, HONEST, challenge('Basic realm="x"'))

    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw
    assert [TAG, TAG] == server.lines


@pytest.mark.parametrize("kept", [None, IdentityToken("x")])
def test_who_has_no_password_is_told_so(server, as_ann, kept):
    server.routes[TAG] = challenge('Basic realm="x"')

    with pytest.raises(DeniedError, match="wants a name and password, and knows"):
        as_ann(server, credentials=lambda _: kept).manifest("acme/app", "1")
    assert [TAG] == server.lines


@pytest.mark.parametrize(
    "realm",
    [
        *(
            "https://{other}/token",
            "http://{other}/token",
            "HTTP://{other}",
        ),
        *("https://{own}/token", "http://evil.example/token", "http://127.0.0.1/token"),
        *("http://[::1]:{port}/token", "http://[::ffff:127.0.0.1]:{port}/token"),
        *("http://localhost:{port}/token", "http://127.1:{port}/", "http://2130706433:{port}/"),
        *("http://127.0.0.1.:{port}/token", "http://0x7f.1:{port}/token"),
    ],
)
def test_a_token_server_that_does_not_belong_to_it_is_not_asked(server, other, as_ann, realm):
    port = server.address[1]
    server.routes[TAG] = bearer(realm.format(own=server.domain, other=other.domain, port=port))

    with pytest.raises(DeniedError, match="realms="):
        as_ann(server).manifest("acme/app", "1")
    assert ([TAG], 0) == (server.lines, other.connections)


@pytest.mark.parametrize(
    "realm",
    [
        *(
            "",
            "x",
            "/token",
            "//{other}/token",
            "{own}/token",
            "ftp://{own}/",
            "file:///etc/passwd",
        ),
        *("http://{own}@{other}/token", "http://ann@{own}/token", "http://ann:x@{own}/token"),
        *(
            r"http://{own}\\@{other}/",
            r"http://{own}\\.evil/",
            r"http:\\\\{other}/",
            "http://{own}#@{other}/",
        ),
        *("http://{own}/a b", "http://{own}/\xe9", "http://{own}/%", "http://{own}/../token"),
        *(
            "http://{own}/a//b",
            "http://{own}/token#x",
            "http://{own}/token?a=b#x",
            "http://{own}:1/",
        ),
        *(
            "http://[::1/token",
            "http://[x]/",
            "http://:{port}/",
            "http://127.0.0.1:99999/",
            "http://",
        ),
        *("http://{own}/token?scope=repository:acme/app:push", "http://{own}/token?a=b;SCOPE=x"),
        *(
            "http://{own}/token?a&sc%6Fpe=x",
            "http://{own}/token?account=eve",
            "http://{own}/token?service=x",
        ),
    ],
)
def test_a_realm_that_is_no_plain_url_is_not_asked(server, other, as_ann, realm):
    port = server.address[1]
    server.routes[TAG] = bearer(realm.format(own=server.domain, other=other.domain, port=port))

    with pytest.raises(TransportError, match="names no token server that can be asked"):
        as_ann(server).manifest("acme/app", "1")
    assert ([TAG], 0) == (server.lines, other.connections)


def test_a_realm_may_have_a_query_of_its_own(server, as_ann):
    realm = f"{server.origin}/token?tenant=a%20b"
    server.routes[TAG] = only_for("Bearer t0ken", HONEST, bearer(realm))

    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw
    assert {"tenant": ["a b"], "scope": ["repository:acme/app:pull"], "account": ["ann"]} == _query(
        server.heard[1]
    )


def test_a_challenge_does_not_choose_what_the_token_is_for(server, as_ann):
    wide = bearer(f"{server.origin}/token", scope="repository:other/app:pull,push", account="eve")
    server.routes[TAG] = only_for("Bearer t0ken", HONEST, wide)

    as_ann(server).manifest("acme/app", "1")

    assert {"scope": ["repository:acme/app:pull"], "account": ["ann"]} == _query(server.heard[1])


def test_what_a_service_is_called_adds_no_field(server, as_ann):
    service = "x&scope=repository:other/app:push"
    server.routes[TAG] = only_for(
        "Bearer t0ken", HONEST, bearer(f"{server.origin}/t", service=service)
    )

    as_ann(server).manifest("acme/app", "1")

    asked = _query(server.heard[1])
    assert (["repository:acme/app:pull"], [service]) == (asked["scope"], asked["service"])


def test_a_token_server_that_the_caller_knows_is_asked(server, other, as_ann):
    server.routes[TAG] = only_for("Bearer t0ken", HONEST, bearer(f"{other.origin}/token"))

    registry = as_ann(server, realms={other.origin})

    assert MANIFEST == registry.manifest("acme/app", "1").raw
    assert [BASIC] == [heard.authorization for heard in other.heard]


def test_a_token_server_does_not_send_our_password_elsewhere(server, other, as_ann):
    server.routes["GET *"] = answer(b"", status="307 X", Location=f"{other.origin}/token")

    with pytest.raises(TransportError, match="does not allow"):
        as_ann(server).manifest("acme/app", "1")
    assert 0 == other.connections


def test_a_token_server_may_send_us_along_within_its_origin(server, as_ann):
    moved = answer(b"", status="302 X", Location="/elsewhere")
    server.routes |= {"GET *": [moved, granted()]}

    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw
    assert [BASIC, BASIC] == [heard.authorization for heard in server.heard[1:3]]


@pytest.fixture
def authority(tmp_path):
    return Authority(directory=tmp_path)


def _client(authority) -> Tls:
    certificate, key = authority.issued("client.example")
    return Tls(ca_file=authority.file, client_cert=certificate, client_key=key)


def test_a_registry_with_tls_cannot_make_us_say_it_without(authority, other, speaking):
    with Scripted({TAG: bearer(f"{other.origin}/token")}, tls=authority.server()) as server:
        registry = speaking(
            *(server.domain,),
            tls=Tls(ca_file=authority.file),
            credentials=Always(server.domain, ANN),
            realms={other.origin},
        )
        with pytest.raises(DeniedError, match="without TLS"):
            registry.manifest("acme/app", "1")
    assert 0 == other.connections


def test_a_token_server_elsewhere_is_not_shown_our_certificate(authority, speaking):
    context = authority.server()
    with ExitStack() as stack:
        tokens = stack.enter_context(Scripted({"GET *": granted()}, tls=context))
        asking = bearer(f"{tokens.origin}/token")
        routes = {TAG: only_for("Bearer t0ken", HONEST, asking)}
        server = stack.enter_context(Scripted(routes, tls=context))
        registry = speaking(server.domain, tls=_client(authority), realms={tokens.origin})

        assert MANIFEST == registry.manifest("acme/app", "1").raw

        assert [True] == list(map(bool, server.certificates))
        assert [None] == tokens.certificates or [{}] == tokens.certificates


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry-1.docker.io/v2/", "https://auth.docker.io/token"),
        ("https://registry-1.docker.io/v2/", "https://AUTH.docker.io:443/token"),
        ("https://registry.gitlab.com/v2/", "https://gitlab.com/jwt/auth"),
        ("https://registry.example/v2/", "https://registry.example:443/token"),
        ("https://[::1]:5000/v2/", "https://[::1]:5000/token"),
    ],
)
def test_whose_token_server_is_known_is_believed(registry, realm):
    told = Told(base_url=registry, tls=Tls(), realms=frozenset())
    asked = told.token_request(
        Challenge("bearer", FrozenMap({"realm": realm})), ("repository:a:pull",), ANN, "here"
    )
    assert f"{realm}?scope=repository:a:pull&account=ann" == asked.hop.url


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry.example/v2/", "https://auth.docker.io/token"),
        ("http://registry-1.docker.io/v2/", "https://auth.docker.io/token"),
        ("https://registry-1.docker.io:5000/v2/", "https://auth.docker.io/token"),
        ("https://registry-1.docker.io/v2/", "http://auth.docker.io/token"),
        ("https://registry-1.docker.io/v2/", "https://auth.docker.io.evil.example/token"),
        ("https://registry-1.docker.io/v2/", "https://gitlab.com/jwt/auth"),
        ("https://[::1]:5000/v2/", "https://[::1]:5001/token"),
    ],
)
def test_a_known_token_server_is_that_of_one_registry(registry, realm):
    told = Told(base_url=registry, tls=Tls(), realms=frozenset())
    with pytest.raises(DeniedError, match="not known to belong to it"):
        told.token_request(Challenge("bearer", FrozenMap({"realm": realm})), ("x",), ANN, "here")


@pytest.mark.parametrize("credentials", [ANN, None])
def test_a_registry_that_never_has_enough_is_asked_twice(server, as_ann, credentials):
    server.routes[TAG] = bearer(f"{server.origin}/token")
    registry = as_ann(server, credentials=lambda _: credentials)

    with pytest.raises(DeniedError, match="401"):
        registry.manifest("acme/app", "1")
    assert 3 == len(server.heard)
    with pytest.raises(DeniedError):
        registry.manifest("acme/app", "1")
    assert [None, "Bearer t0ken"] == [server.heard[at].authorization for at in (3, 5)]


@pytest.mark.parametrize(
    "values",
    [
        *([], ["Negotiate"], ['Digest realm="x"'], [""], ['Bearer realm="x'], ["\x00"], ["x=y"]),
        *(["Negotiate"] * 50 + ["Basic"], [f"Bearer {'a=b,' * 5_000}"]),
    ],
)
def test_a_challenge_that_says_nothing_is_a_no(server, as_ann, values):
    server.routes[TAG] = challenge(*values)

    with pytest.raises(DeniedError, match="does not say how to tell it"):
        as_ann(server).manifest("acme/app", "1")
    assert [TAG] == server.lines


def test_a_challenge_among_others_is_found(server, as_ann):
    asking = challenge("Negotiate", 'Basic realm="x"', f'Bearer realm="{server.origin}/token"')
    server.routes[TAG] = only_for("Bearer t0ken", HONEST, asking)

    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b'"s3cret-token"', b"{}", b"<html>", b"\xff", b"[" * 5_000, b"1.5"),
        *(b'{"token":null}', b'{"token":""}', b'{"token":12345}', b'{"token":["s3cret-token"]}'),
        *(b'{"token":"s3cret-token\\r\\nX-Evil: 1"}', b'{"token":"s3cret-token\\n"}'),
        *(b'{"token":"s3cret token"}', '{"token":"s3cret-tökén"}'.encode(), b'{"token":"\\u0000"}'),
        *(b'{"token":"a","token":"b"}', b'{"token":{"s3cret-token":1},"access_token":"x"}'),
    ],
)
def test_what_is_no_token_is_not_shown_to_anybody(server, as_ann, body):
    server.routes["GET *"] = answer(body)

    with pytest.raises(MalformedError) as error:
        as_ann(server).manifest("acme/app", "1")
    assert 2 == len(server.heard)
    assert "s3cret" not in str(error.value)
    assert "12345" not in str(error.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token":"t0ken"}',
        b'{"token":"","access_token":"t0ken"}',
        b'{"token":null,"access_token":"t0ken"}',
        b'{"token":"t0ken","access_token":"other","expires_in":60}',
    ],
)
def test_a_token_goes_by_two_names(server, as_ann, body):
    server.routes["GET *"] = answer(body)

    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw


def test_an_endless_token_is_not_read_to_its_end(server, as_ann):
    server.routes["GET *"] = answer(b'{"token":"t0ken"}' + b" " * (262_144 - 17))
    assert MANIFEST == as_ann(server).manifest("acme/app", "1").raw

    server.routes["GET *"] = answer(json.dumps({"token": "x" * 262_133}).encode())
    with pytest.raises(TooLongError):
        as_ann(server).manifest("acme/app", "1")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_token_server_may_say_no(server, as_ann, status):
    server.routes["GET *"] = answer(b"", status=f"{status} X")
    with pytest.raises(DeniedError, match=f"gives no token to the user ann .status {status}"):
        as_ann(server).manifest("acme/app", "1")


@pytest.mark.parametrize("status", [204, 404, 500, 503])
def test_a_token_server_that_is_broken_says_nothing(server, as_ann, status):
    server.routes["GET *"] = answer(b"", status=f"{status} X")
    with pytest.raises(TransportError, match=str(status)) as error:
        as_ann(server).manifest("acme/app", "1")
    assert not isinstance(error.value, DeniedError)


def test_a_token_server_that_is_busy_is_asked_again(server, as_ann):
    server.routes["GET *"] = [answer(b"", status="503 X"), granted()]
    registry = as_ann(server, retries=Retries(backoff=0))

    assert MANIFEST == registry.manifest("acme/app", "1").raw


def test_what_is_sent_once_is_not_sent_to_a_registry_that_forgot_us(server, as_ann):
    asking = bearer(f"{server.origin}/token")
    begun = answer(b"", status="202 X", Location="/upload")
    server.routes |= {
        "POST /v2/acme/app/blobs/uploads/": only_for("Bearer t0ken", begun, asking),
        "PATCH /upload": asking,
    }

    with pytest.raises(TransportError, match="in the middle of what is sent once"):
        as_ann(server).upload_stream("acme/app", iter([b"a", b"b"]))
    assert 1 == [heard.method for heard in server.heard].count("PATCH")


def test_two_repositories_are_asked_for_where_both_are_needed(server, as_ann):
    asked = urlencode({"mount": str(digest(b"x")), "from": "acme/base"})
    asking = bearer(f"{server.origin}/token")
    server.routes[f"POST /v2/acme/app/blobs/uploads/?{asked}"] = only_for(
        "Bearer t0ken", answer(b"", status="201 X"), asking
    )

    assert as_ann(server).mount_blob("acme/app", digest(b"x"), "acme/base")
    wanted = ["repository:acme/app:pull,push", "repository:acme/base:pull"]
    assert wanted == _query(server.heard[1])["scope"]


@pytest.mark.parametrize("kept", [ANN, IdentityToken(SECRET), AccessToken(SECRET)])
def test_no_secret_is_printed_or_logged(server, as_ann, caplog, kept):
    caplog.set_level(logging.DEBUG)
    server.routes |= {TAG: bearer(f"{server.origin}/token"), "GET *": granted("granted-s3cret")}
    registry = as_ann(server, credentials=Always(server.domain, kept))

    with pytest.raises(TrustError) as error:
        registry.manifest("acme/app", "1")

    asking = Told(base_url=f"{server.origin}/v2/", tls=Tls(), realms=frozenset())
    asked = asking.token_request(
        Challenge("bearer", FrozenMap({"realm": f"{server.origin}/token?key=s3cret"})),
        ("x",),
        kept,
        "y",
    )
    printed = f"{error.value!r} {registry.spoken_to!r} {registry.spoken_to._session!r} {asked!r}"
    for text in (printed, caplog.text):
        assert "s3cret" not in text
        assert BASIC.removeprefix("Basic ") not in text
