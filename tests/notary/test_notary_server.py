"""A trust server over HTTP: what is asked, who is told who we are, and what its answers mean."""

import contextlib
import json
from urllib.parse import unquote

import pytest
from client.servers import Waiting
from notary.collections_of import NAME, NOW, Collection, grant, signer
from transport.servers import Server, answer

from trustlib import (
    DeniedError,
    ExpiredError,
    MalformedError,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    Request,
    RollbackError,
    TooLongError,
    TransportError,
    Updater,
)
from trustlib.notary import (
    RELEASES,
    ContentTrust,
    NotaryServer,
    TrustOnFirstUse,
    ahear,
    ainspect,
    docker_server,
    docker_tls,
    hear,
    inspect,
    listing,
)
from trustlib.registry.credentials import Always, Password
from trustlib.transport import NO_RETRIES

ALICE, BOB = signer("alice"), signer("bob")
PREFIX = f"/v2/{NAME}/_trust/tuf/"
NOT_FOUND = {
    "errors": [{"code": "METADATA_NOT_FOUND", "message": "no such metadata", "detail": {}}]
}


def collection():
    base = Collection.create("v1").delegating(grant(RELEASES, ALICE), by=(ALICE,))
    return base.with_role(RELEASES, ALICE, v2="two")


def serving(files, **other):
    """A script that answers as such servers do; *other* says what is special about some paths."""

    def script(asked):
        path = asked.target.removeprefix(PREFIX)
        if path in other:
            yield other[path]
        elif asked.target.startswith(PREFIX) and path in files:
            yield answer(files[path])
        else:
            yield answer(json.dumps(NOT_FOUND).encode(), status="404 Not Found")

    return script


@contextlib.contextmanager
def served(files, **other):
    with Server(serving(files, **other)) as server:
        yield server


def client(server, *, face=Updater, storage=None, now=NOW, anchor=None, **more):
    app = ContentTrust(NAME)
    return face(
        anchor=anchor or collection().pin,
        transport=NotaryServer(server.origin, NAME, retries=NO_RETRIES, **more),
        storage=MemoryStorage() if storage is None else storage,
        format=app,
        names=app.names,
        clock=lambda: now,
    )


@pytest.mark.parametrize("face", [Updater, Waiting], ids=["sync", "async"])
def test_a_tag_is_resolved_against_a_server(face):
    with served(collection().files()) as server:
        binding = client(server, face=face).resolve("acme/app:v2")

        assert ("targets", RELEASES) == binding.via
        paths = [unquote(target) for target in server.targets]
        assert f"{PREFIX}root.json" == paths[0]
        assert f"{PREFIX}timestamp.json" == paths[1]
        assert paths[-1].startswith(f"{PREFIX}targets/releases.")
        assert all(target.startswith(PREFIX) for target in paths)


def test_an_overview_can_be_awaited():
    import asyncio

    with served(collection().files()) as server:
        waited, awaited = (
            inspect(client(server)),
            asyncio.run(ainspect(client(server, face=Waiting).updater)),
        )

        assert waited == awaited
        assert {"v1": (), "v2": ()} == {tag.tag: tag.signers for tag in waited.tags}


def test_every_role_can_be_heard_waited_for_or_awaited():
    import asyncio

    grants = grant(RELEASES, ALICE), grant("targets/bob", BOB)
    held = Collection.create("v1").delegating(*grants, by=(ALICE, BOB))
    held = held.with_role(RELEASES, ALICE, v2="two")
    held = held.with_role("targets/bob", BOB, v2="bob's", v3="three")
    with served(held.files()) as server:
        waited, awaited = (
            hear(client(server)),
            asyncio.run(ahear(client(server, face=Waiting).updater)),
        )

    assert listing(waited) == listing(awaited)
    assert {"v2", "v3"} == {one.tag for one in listing(waited, "targets/bob")}
    assert {"v1", "v2", "v3"} == {one.tag for one in listing(waited)}
    assert {"v1", "v2"} == {one.tag for one in listing(waited, RELEASES, "targets")}


ANSWERS = {
    "unknown collection": ({}, {}, NoTrustDataError),
    "401": (None, {"timestamp.json": answer(b"", status="401 Unauthorized")}, DeniedError),
    "403": (None, {"timestamp.json": answer(b"", status="403 Forbidden")}, DeniedError),
    "500": (None, {"timestamp.json": answer(b"", status="500 Oops")}, TransportError),
    "204": (None, {"timestamp.json": answer(b"", status="204 No Content")}, TransportError),
    "html": (None, {"timestamp.json": answer(b"<html>")}, MalformedError),
    "oversize": (None, {"timestamp.json": answer(b" " * 2_000_000)}, TooLongError),
    "elsewhere": (
        None,
        {"timestamp.json": answer(b"", status="302 Found", Location="https://evil.example/x")},
        TransportError,
    ),
}


@pytest.mark.parametrize(("files", "other", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_of_a_server_is_its_error_and_the_store_is_as_it_was(files, other, kind):
    store = MemoryStorage()
    with served(collection().files()) as server:
        client(server, storage=store).resolve("acme/app:v2")
    before = dict(store.files)

    files = collection().next().files() if files is None else files
    with served(files, **other) as server, pytest.raises(kind):
        client(server, storage=store).refresh()

    assert before == dict(store.files)


def states():
    now = collection()
    later = now.next()
    path = ContentTrust(NAME).listed("snapshot", later.timestamp.snapshot, consistent=False)
    files = later.files()
    return {
        "wrong hash": (
            {**files, path: later.raw("snapshot").replace(b"0", b"1", 1)},
            MismatchError,
        ),
        "withheld": ({k: v for k, v in files.items() if k != path}, NotFoundError),
        "rollback": (Collection.create("v1").files(), RollbackError),
        "expired": (later.edited("timestamp", expires=NOW).files(), ExpiredError),
    }


@pytest.mark.parametrize(("files", "kind"), states().values(), ids=states())
def test_what_a_server_has_is_held_against_what_was_seen(files, kind):
    store = MemoryStorage()
    with served(collection().files()) as server:
        client(server, storage=store).refresh()
    before = dict(store.files)

    with served(files) as server, pytest.raises(kind):
        client(server, storage=store).refresh()

    assert before == dict(store.files)


def test_a_server_that_is_not_there_is_a_transport_error():
    with served({}) as server:
        pass
    with pytest.raises(TransportError):
        client(server).refresh()


def test_a_file_can_be_continued():
    with served({"root.json": b"0123456789"}) as server:
        transport = NotaryServer(server.origin, NAME)
        assert b"456789" == b"".join(transport.fetch(Request(path="root.json", offset=4)))


def test_paths_that_lead_elsewhere_are_not_asked_for():
    with served({}) as server:
        with pytest.raises(TransportError, match="refused to ask"):
            NotaryServer(server.origin, NAME).fetch(Request(path="../../other/root.json"))
        assert [] == server.asked


# -- who asks ---------------------------------------------------------------------------


def guarded(files):
    """A server that wants a token, and gives one to ada, for what she asks."""

    def script(asked):
        host = asked.headers["host"]
        if asked.target.startswith("/token"):
            named = asked.headers.get("authorization") == Password("ada", "secret").basic
            body = json.dumps({"token": "ada" if named else "anybody"}).encode()
            yield answer(body)
        elif asked.headers.get("authorization") == "Bearer ada":
            yield from serving(files)(asked)
        else:
            realm = f'Bearer realm="http://{host}/token",service="s",scope="repository:evil:*"'
            yield answer(b"", status="401 Unauthorized", WWW_Authenticate=realm)

    return script


def test_credentials_of_the_registry_are_for_the_collection_and_for_pulling():
    with Server(guarded(collection().files())) as server:
        ada = Always("docker.io", Password("ada", "secret"))
        client(server, credentials=ada).resolve("acme/app:v2")

        (asked,) = [asked for asked in server.asked if asked.target.startswith("/token")]
        assert "scope=repository:docker.io/acme/app:pull" in unquote(asked.target)
        assert "evil" not in asked.target


def test_who_is_not_let_in_is_told_so():
    with Server(guarded(collection().files())) as server:
        with pytest.raises(DeniedError):
            client(server).refresh()
        with pytest.raises(DeniedError):
            other = Always("registry.example", Password("ada", "secret"))
            client(server, credentials=other).refresh()


# -- settings ---------------------------------------------------------------------------


def test_certificates_are_where_docker_keeps_them(tmp_path):
    folder = tmp_path / "tls" / "notary.example:4443"
    folder.mkdir(parents=True)
    assert None is docker_tls(tmp_path, "https://notary.example:4443").ca_file
    for name in ("ca.crt", "client.cert", "client.key"):
        (folder / name).write_text("")

    tls = docker_tls(tmp_path, "https://notary.example:4443")

    assert (folder / "ca.crt", folder / "client.cert", folder / "client.key") == (
        tls.ca_file,
        tls.client_cert,
        tls.client_key,
    )
    assert None is docker_tls(tmp_path, "https://other.example").ca_file
    with pytest.raises(ValueError, match="not an origin"):
        docker_tls(tmp_path, "https://notary.example:4443/v2")


@pytest.mark.parametrize(
    ("name", "environment", "expected"),
    [
        ("docker.io/library/alpine", {}, "https://notary.docker.io:443"),
        ("registry.example:5000/app", {}, "https://registry.example:5000"),
        (
            "docker.io/acme/app",
            {"DOCKER_CONTENT_TRUST_SERVER": "https://notary.example/"},
            "https://notary.example:443",
        ),
    ],
)
def test_the_server_is_the_one_that_docker_would_ask(name, environment, expected):
    assert expected == docker_server(name, environment)


def test_a_server_without_tls_is_not_taken_from_the_environment():
    with pytest.raises(ValueError, match="expected an https URL"):
        docker_server(NAME, {"DOCKER_CONTENT_TRUST_SERVER": "http://notary.example"})


@pytest.mark.parametrize("name", ["", "a//b", "a/../b", "/a", "a\\b", "a b", "a\n", "x" * 2000])
def test_a_collection_has_a_plain_name(name):
    with pytest.raises(ValueError, match="name of a collection"):
        NotaryServer("https://notary.example", name)


def test_a_server_is_a_value_that_can_be_closed():
    with NotaryServer("https://notary.example", NAME) as server:
        assert server == NotaryServer("https://notary.example", NAME)
    assert TrustOnFirstUse() == TrustOnFirstUse()
