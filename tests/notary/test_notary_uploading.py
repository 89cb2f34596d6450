"""What is sent to a trust server to change something, and what each of its answers means."""

import contextlib
import json
from email import message_from_bytes

import pytest
from notary.collections_of import NAME, signer
from transport.servers import HangUpError, Server, answer

from trustlib import (
    ConflictError,
    DeniedError,
    MalformedError,
    NotFoundError,
    TooLongError,
    TransportError,
    TrustError,
)
from trustlib.notary import NotaryServer, RefusedUpdateError, uploading
from trustlib.registry import Always, Password
from trustlib.transport import NO_RETRIES

PLACE = f"/v2/{NAME}/_trust/tuf/"
KEY = signer("timestamp").key
LISTED = {"keytype": KEY.keytype, "keyval": {"public": KEY.keyval["public"], "private": None}}


def refusal(code, message="no", detail=None):
    said = {"errors": [{"code": code, "message": message, "detail": detail}]}
    return answer(json.dumps(said).encode() + b"\n", status="400 Bad Request")


def said_of(kind, message):
    return refusal("INVALID_UPDATE", detail={"Name": kind, "Error": {"Msg": message}})


class Sent(Server):
    """Reads what a POST carries; *said* is what it answers."""

    def __init__(self, said, **settings):
        super().__init__(lambda asked: iter([said]), **settings)
        self.bodies = []

    def talk(self, connection, asked):
        self.bodies.append(asked.body)
        super().talk(connection, asked)


def talking_to(server, **more):
    return NotaryServer(server.origin, NAME, retries=NO_RETRIES, **more)


def test_all_files_are_sent_in_one_request():
    with Sent(answer(b"")) as server:
        talking_to(server).post({"targets": b'{"a":1}', "targets/releases": b"--\r\n\0"})
        (asked,) = server.asked
        head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + server.bodies[0]).get_payload()

    assert ("POST", PLACE) == (asked.method, asked.target)
    assert ["targets", "targets/releases"] == [part.get_filename() for part in parts]
    assert [b'{"a":1}', b"--\r\n\0"] == [part.get_payload(decode=True) for part in parts]
    assert {"files"} == {part.get_param("name", header="Content-Disposition") for part in parts}


def test_no_files_are_sent_in_one_request_too():
    with Sent(answer(b"")) as server:
        talking_to(server).post({})

    assert server.bodies[0].startswith(b"--")
    assert server.bodies[0].endswith(b"--\r\n")


THRESHOLD = "valid signatures did not meet threshold for targets"
REFUSED = {
    "targets": (said_of("ErrBadTargets", THRESHOLD), "INVALID_UPDATE", "ErrBadTargets", THRESHOLD),
    "root": (said_of("ErrBadRoot", "x"), "INVALID_UPDATE", "ErrBadRoot", "x"),
    "snapshot": (said_of("ErrBadSnapshot", "x"), "INVALID_UPDATE", "ErrBadSnapshot", "x"),
    "validation": (said_of("ErrValidation", "x"), "INVALID_UPDATE", "ErrValidation", "x"),
    "hierarchy": (
        refusal(
            "INVALID_UPDATE",
            detail={"Name": "ErrBadHierarchy", "Error": {"Missing": "snapshot", "Msg": "x"}},
        ),
        "INVALID_UPDATE",
        "ErrBadHierarchy",
        "x",
    ),
    "another": (said_of("ErrNew", "x"), "INVALID_UPDATE", "ErrNew", "x"),
    "upload": (refusal("MALFORMED_UPLOAD", "y"), "MALFORMED_UPLOAD", "", "y"),
    "name": (refusal("NO_FILENAME", "y"), "NO_FILENAME", "", "y"),
    "role": (refusal("INVALID_ROLE", "y", "targets/X"), "INVALID_ROLE", "", "targets/X"),
    "json": (refusal("MALFORMED_JSON", "y"), "MALFORMED_JSON", "", "y"),
    "collection": (refusal("INVALID_GUN", "y"), "INVALID_GUN", "", "y"),
    "html": (answer(b"<html>", status="400 Bad Request"), "", "", "HTTP status 400"),
    "nothing": (answer(b"", status="400 Bad Request"), "", "", "HTTP status 400"),
    "no errors": (answer(b'{"errors":[]}', status="400 Bad"), "", "", "HTTP status 400"),
    "odd": (
        answer(b'{"errors":[{"code":1,"detail":{"Name":[],"Error":3}}]}', status="400 Bad"),
        "",
        "",
        "HTTP status 400",
    ),
    "odder": (answer(b'{"errors":["a"]}', status="400 Bad"), "", "", "HTTP status 400"),
    "list": (answer(b"[" * 9000, status="400 Bad"), "", "", "HTTP status 400"),
    "large": (answer(b"", status="413 Too Large"), "", "", "HTTP status 413"),
}


@pytest.mark.parametrize(("said", "code", "kind", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_a_server_refuses_is_said_in_its_words(said, code, kind, reason):
    with Sent(said) as server, pytest.raises(RefusedUpdateError) as refused:
        talking_to(server).post({"targets": b"x"})

    error = refused.value
    assert (code, kind, reason) == (error.code, error.kind, error.reason)
    assert "nothing was changed" in str(error)
    assert reason in str(error)


def test_words_of_a_server_do_not_flood_a_log():
    said = said_of("E\n" * 500, "x\x1b" * 5000)
    with Sent(said) as server, pytest.raises(RefusedUpdateError) as refused:
        talking_to(server).post({"targets": b"x"})

    assert str(refused.value).isprintable()
    assert 1000 > len(str(refused.value))


OTHERS = {
    "version": (refusal("VERSION", detail={}), ConflictError),
    "401": (answer(b"", status="401 Unauthorized"), DeniedError),
    "403": (answer(b"", status="403 Forbidden"), DeniedError),
    "404": (answer(b"", status="404 Not Found"), TransportError),
    "500": (answer(b"", status="500 Oops"), TransportError),
    "503": (answer(b"", status="503 Busy"), TransportError),
    "204": (answer(b"", status="204 No Content"), TransportError),
    "moved": (answer(b"", status="302 Found", Location="https://evil.example/"), TransportError),
    "kept": (
        answer(b"", status="307 Temporary Redirect", Location="https://evil.example/"),
        TransportError,
    ),
    "oversize": (answer(b"x" * 300_000), TooLongError),
}


@pytest.mark.parametrize(("said", "kind"), OTHERS.values(), ids=OTHERS)
def test_every_other_answer_is_an_error_of_its_own(said, kind):
    with Sent(said) as server:
        with pytest.raises(kind) as raised:
            talking_to(server).post({"targets": b"x"})
        assert 1 == len(server.asked)

    assert not isinstance(raised.value, RefusedUpdateError)


def test_a_server_that_hangs_up_may_have_heard_and_is_not_asked_again():
    class HangingUp(Sent):
        def talk(self, connection, asked):
            super().talk(connection, asked)
            raise HangUpError

    with HangingUp(b"HTTP/1.1 200") as server:
        with pytest.raises(TransportError):
            NotaryServer(server.origin, NAME).post({"targets": b"x"})
        assert 1 == len(server.asked)


# -- keys -------------------------------------------------------------------------------


def test_a_key_is_asked_for_and_another_too():
    with Sent(answer(json.dumps(LISTED).encode())) as server:
        talking = talking_to(server)
        assert KEY == talking.key("timestamp") == talking.new_key("snapshot")

    assert [("GET", f"{PLACE}timestamp.key"), ("POST", f"{PLACE}snapshot.key")] == [
        (asked.method, asked.target) for asked in server.asked
    ]


KEYS = {
    "none": (answer(b"", status="404 Not Found"), NotFoundError),
    "denied": (answer(b"", status="403 Forbidden"), DeniedError),
    "failing": (answer(b"", status="500 Oops"), TransportError),
    "html": (answer(b"<html>"), MalformedError),
    "no object": (answer(b"[]"), MalformedError),
    "no value": (answer(b'{"keytype":"ecdsa","keyval":{}}'), MalformedError),
    "no base64": (answer(b'{"keytype":"ecdsa","keyval":{"public":"!"}}'), MalformedError),
    "no key": (answer(b'{"keytype":"ecdsa","keyval":{"public":"AAAA"}}'), MalformedError),
    "unknown": (answer(b'{"keytype":"dsa","keyval":{"public":"AAAA"}}'), MalformedError),
    "deep": (answer(b"[" * 100_000), MalformedError),
    "endless": (answer(b" " * 300_000), TooLongError),
}


@pytest.mark.parametrize(("said", "kind"), KEYS.values(), ids=KEYS)
def test_what_is_no_key_is_refused(said, kind):
    with Sent(said) as server:
        talking = talking_to(server)
        for asked in (talking.key, talking.new_key):
            with pytest.raises(kind):
                asked("timestamp")


def test_a_private_half_that_a_server_says_is_not_kept():
    odd = {**LISTED, "scheme": "x", "keyval": {"public": KEY.keyval["public"], "private": "AAAA"}}
    with Sent(answer(json.dumps(odd).encode())) as server:
        assert KEY == talking_to(server).key("timestamp")


# -- all of it --------------------------------------------------------------------------


def test_a_collection_is_removed():
    for status in ("200 OK", "404 Not Found", "204 No Content"):
        with Sent(answer(b"", status=status)) as server:
            talking_to(server).delete()
        assert [("DELETE", PLACE)] == [(asked.method, asked.target) for asked in server.asked]
    for status, kind in (("403 Forbidden", DeniedError), ("500 Oops", TransportError)):
        with Sent(answer(b"", status=status)) as server, pytest.raises(kind):
            talking_to(server).delete()


def test_what_may_be_done_is_asked_for_and_no_more():
    """A token server is asked for what is to be done, whatever the challenge says."""

    def script(asked):
        if asked.target.startswith("/token"):
            yield answer(b'{"token":"t"}')
        elif "authorization" in asked.headers:
            yield answer(json.dumps(LISTED).encode() if asked.target.endswith("key") else b"")
        else:
            wanted = f'Bearer realm="{origin[0]}/token",service="s",scope="repository:other:*"'
            yield answer(b"", status="401 Unauthorized", WWW_Authenticate=wanted)

    class Scripted(Sent):
        def __init__(self):
            super().__init__(b"")
            self._script = script

    origin = []
    with Scripted() as server:
        origin.append(server.origin)
        talking = talking_to(server, credentials=Always("docker.io", Password("alice", "secret")))
        talking.key("timestamp")
        talking.post({"targets": b"x"})
        talking.new_key("snapshot")
        talking.delete()
        tokens = [asked for asked in server.asked if asked.target.startswith("/token")]

    assert [f"repository:{NAME}:push,pull", f"repository:{NAME}:*"] == [
        asked.target.partition("scope=")[2].partition("&")[0].replace("%2A", "*")
        for asked in tokens
    ]
    assert all("Basic" in asked.headers["authorization"] for asked in tokens)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "418 Teapot"])
@pytest.mark.parametrize(
    "body", [b"{", b'{"errors":', b'"', b"null", b"\xff", b'{"errors":{"code":"VERSION"}}']
)
def test_nothing_hostile_raises_anything_else(body, status):
    with Sent(answer(body, status=status)) as server:
        talking = talking_to(server)
        with contextlib.suppress(TrustError):
            talking.post({})
        with pytest.raises(TrustError):
            talking.key("timestamp")


def test_what_a_server_says_besides_yes_is_nothing():
    with Sent(answer(b"{}")) as server:
        talking = talking_to(server)
        talking.post({"targets": b"x"})
        talking.delete()


def test_a_name_between_files_is_never_one_of_their_lines():
    """The line that divides files is made anew each time, and nobody can guess it."""
    parts = [uploading._multipart({"targets": b"x"}, mark) for mark in ("a", "b")]

    assert parts[0] != parts[1]
