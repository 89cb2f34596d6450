"""An agent's keys sign as TUF wants it, and an agent that lies or stalls is a short error."""

import base64
import contextlib
import os
import socket
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signers.sources import add_ssh_key, short_folder, ssh_agent

from trustlib.errors import SigningError
from trustlib.signing import MemorySigner, SshAgent
from trustlib.signing import _ssh_wire as wire

PAYLOAD = b'{"_type":"root"}'
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
CURVE = ec.derive_private_key(7, ec.SECP256R1())


def ssh_blob(public):
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


BLOB, CURVE_BLOB = ssh_blob(PRIVATE.public_key()), ssh_blob(CURVE.public_key())


def listing(*blobs):
    return (
        b"\x0c"
        + len(blobs).to_bytes(4)
        + b"".join(wire.string(b) + wire.string(b"") for b in blobs)
    )


def signature(kind, value):
    return b"\x0e" + wire.string(wire.string(kind) + wire.string(value))


def mpint(number):
    return wire.string(number.to_bytes(number.bit_length() // 8 + 1))


class Agent:
    """An agent that answers what a test wants: one reply for each message, in their order."""

    def __init__(self, path, *replies):
        self.replies = replies
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        for reply in self.replies:
            with contextlib.suppress(OSError):  # whoever asked hung up, or nobody will ask any more
                client, _ = self.listening.accept()
                with client:
                    length = int.from_bytes(client.recv(4, socket.MSG_WAITALL))
                    client.recv(length, socket.MSG_WAITALL)
                    if callable(reply):
                        reply(client)
                    else:
                        client.sendall(reply)

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listening.close()


@pytest.fixture
def agent():
    """Start an agent that says *replies*; returns how we see it."""
    with contextlib.ExitStack() as stack:

        def start(*replies, seconds=30.0):
            path = stack.enter_context(short_folder()) / "agent"
            there = Agent(path, *replies)
            stack.callback(there.close)
            return SshAgent(path, seconds=seconds)

        yield start


def framed(message):
    return wire.string(message)


def refusal(call):
    with pytest.raises(SigningError) as caught:
        call()
    assert len(str(caught.value)) < 400
    return str(caught.value)


# -- the real one -------------------------------------------------------------------------


@pytest.mark.servers
def test_every_kind_of_key_is_found_and_others_are_left_out(require_servers):
    with ssh_agent(require_servers) as path:
        assert () == SshAgent(path).keys
        for kind in ("ed25519", "ecdsa", "rsa"):
            add_ssh_key(path, "-t", kind)
        add_ssh_key(path, "-t", "ecdsa", "-b", "521")
        schemes = [key.key.scheme for key in SshAgent(path).keys]

    assert ["ed25519", "ecdsa-sha2-nistp256", "rsa-pkcs1v15-sha256"] == schemes


@pytest.mark.servers
def test_a_key_is_found_by_its_public_half(require_servers):
    with ssh_agent(require_servers) as path:
        add_ssh_key(path, "-t", "ed25519")
        add_ssh_key(path, "-t", "ecdsa")
        agent = SshAgent(path)
        for key in agent.keys:
            assert key == agent.key(key.key)

        assert "does not have key" in refusal(lambda: agent.key(MemorySigner.generate().key))


@pytest.mark.servers
def test_a_locked_or_emptied_agent_refuses(require_servers):
    with ssh_agent(require_servers) as path:
        add_ssh_key(path, "-t", "ed25519")
        [key] = SshAgent(path).keys
        subprocess.run(["ssh-add", "-q", "-D"], env={**os.environ, "SSH_AUTH_SOCK": str(path)}, check=True, stderr=subprocess.DEVNULL)  # fmt: skip

        assert "refused to sign" in refusal(lambda: key.sign(PAYLOAD))
    assert "cannot be reached: No such file" in refusal(lambda: key.sign(PAYLOAD))


@pytest.mark.servers
def test_a_payload_that_no_agent_reads_is_refused_with_the_reason(require_servers):
    with ssh_agent(require_servers) as path:
        add_ssh_key(path, "-t", "ed25519")
        [key] = SshAgent(path).keys
        largest = b"x" * (256 * 1024 - len(key._blob) - 13)

        assert key.key.verifies(key.sign(largest).value, largest)
        assert "use a key file or a token" in refusal(lambda: key.sign(largest + b"x"))


# -- what we say --------------------------------------------------------------------------


def test_a_signature_is_asked_for_as_the_protocol_has_it(agent):
    there = agent(framed(listing(BLOB)), framed(signature(b"ssh-ed25519", PRIVATE.sign(PAYLOAD))))
    [key] = there.keys

    assert PRIVATE.sign(PAYLOAD) == key.sign(PAYLOAD).value


def test_a_curve_signature_becomes_der(agent):
    der = CURVE.sign(PAYLOAD, ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(der)
    said = framed(signature(b"ecdsa-sha2-nistp256", mpint(r) + mpint(s)))
    [key] = agent(framed(listing(CURVE_BLOB)), said).keys

    assert der == key.sign(PAYLOAD).value


# -- agents that lie ----------------------------------------------------------------------

GOOD = PRIVATE.sign(PAYLOAD)
R, S = decode_dss_signature(CURVE.sign(PAYLOAD, ec.ECDSA(SHA256())))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"\x05", "refused to sign"),
        (b"\x1e", "refused to sign"),
        (b"\x06", "answers 6"),
        (b"\x0e", "reach beyond the end"),
        (signature(b"ssh-ed25519", GOOD) + b"\0", "1 bytes too many"),
        (b"\x0e" + wire.string(wire.string(b"ssh-ed25519")), "reach beyond the end"),
        (
            b"\x0e" + wire.string(wire.string(b"ssh-ed25519") + wire.string(GOOD) + b"\0"),
            "too many",
        ),
        (b"\x0e\xff\xff\xff\xff", "reach beyond the end"),
        (signature(b"ssh-rsa", GOOD), "a signature that is called"),
        (signature(b"\x1b[2J" * 100, GOOD), "a signature that is called"),
        (signature(b"ssh-ed25519", GOOD[:-1]), "does not verify"),
        (signature(b"ssh-ed25519", PRIVATE.sign(b"another")), "does not verify"),
        (signature(b"ssh-ed25519", b""), "does not verify"),
    ],
)
def test_an_answer_that_is_no_signature_of_this_key_is_refused(agent, said, problem):
    [key] = agent(framed(listing(BLOB)), framed(said)).keys

    assert problem in refusal(lambda: key.sign(PAYLOAD))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        mpint(R),
        mpint(R) + mpint(S) + b"\0",
        mpint(R) + wire.string(b""),
        mpint(R) + wire.string(b"\0" + S.to_bytes(40)),
        mpint(R) + wire.string(b"\xff"),
        mpint(R) + mpint(1 << 4000),
        mpint(R) + mpint(0),
        mpint(S) + mpint(R),
    ],
)
def test_numbers_that_are_no_curve_signature_are_refused(agent, value):
    said = framed(signature(b"ecdsa-sha2-nistp256", value))
    [key] = agent(framed(listing(CURVE_BLOB)), said).keys

    refusal(lambda: key.sign(PAYLOAD))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (framed(b"\x05"), "answers 5"),
        (framed(b""), "answers with 0 bytes"),
        (b"\xff\xff\xff\xff", "answers with 4294967295 bytes"),
        ((256 * 1024 + 1).to_bytes(4), "answers with 262145 bytes"),
        (b"", "hung up"),
        (b"\0\0", "hung up"),
        (framed(listing(BLOB))[:-1], "hung up"),
        (framed(b"\x0c"), "reach beyond the end"),
        (framed(b"\x0c\xff\xff\xff\xff"), "reach beyond the end"),
        (framed(listing(BLOB)[:-1]), "reach beyond the end"),
        (framed(listing(BLOB) + b"\0"), "1 bytes too many"),
        (framed(listing(b"\xff\xff\xff\xff")), "reach beyond the end"),
    ],
)
def test_a_listing_that_is_none_is_refused(agent, said, problem):
    there = agent(said)

    assert problem in refusal(lambda: there.keys)


SMALL = rsa.generate_private_key(65_537, 1024).public_key()


@pytest.mark.parametrize(
    "blob",
    [
        wire.string(b"sk-ssh-ed25519@openssh.com") + BLOB[15:] + wire.string(b"ssh:"),
        wire.string(b"ssh-ed25519-cert-v01@openssh.com") + BLOB[15:],
        wire.string(b"ssh-ed25519"),
        BLOB[:-1],
        BLOB + b"\0",
        wire.string(b"ssh-ed25519") + wire.string(bytes(32)),
        wire.string(b"ecdsa-sha2-nistp256") + CURVE_BLOB[23:].replace(b"nistp256", b"nistp384"),
        CURVE_BLOB[:-1] + bytes([CURVE_BLOB[-1] ^ 1]),
        ssh_blob(SMALL),
        wire.string(b"ssh-rsa") + mpint(65_537) + mpint(1 << 1_000_000),
    ],
    ids=["a security key", "a certificate", "nothing", "short", "long", "small order", "two curves", "off the curve", "small RSA", "huge RSA"],
)  # fmt: skip
def test_keys_that_cannot_count_are_left_out(agent, blob):
    there = agent(framed(listing(blob, BLOB)))

    assert [wire.public_key(BLOB)] == [key.key for key in there.keys]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda b: b"\0\0\0\x0bssh-ed25519" + b))
def test_bytes_of_any_kind_are_a_key_a_signature_or_an_error(data):
    with contextlib.suppress(wire.SshError):
        wire.public_key(data)
    for scheme in ("ed25519", "ecdsa-sha2-nistp256", "rsa-pkcs1v15-sha256"):
        with contextlib.suppress(wire.SshError):
            wire.signature_value(data, scheme)


# -- agents that stall --------------------------------------------------------------------


def drip(client):
    client.sendall((1000).to_bytes(4))
    while True:
        client.sendall(b"\x0c")
        time.sleep(0.02)


@pytest.mark.parametrize("stall", [lambda client: client.recv(1), drip], ids=["silent", "dripping"])
def test_an_agent_that_does_not_come_to_an_end_is_left(agent, stall):
    there = agent(stall, seconds=0.3)

    assert "did not answer within 0.3 seconds" in refusal(lambda: there.keys)


def test_no_time_at_all_is_an_error_too(agent):
    there = agent(drip, seconds=1e-9)

    assert "did not answer within 1e-09 seconds" in refusal(lambda: there.keys)


def test_where_no_agent_is_the_error_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "nothing", tmp_path / "file", tmp_path / ("long" * 30)):
        there = SshAgent(path)

        assert "cannot be reached" in refusal(lambda there=there: there.keys)


def test_an_agent_is_a_value_and_connects_to_nothing():
    assert SshAgent("~/agent") == SshAgent("~/agent")
    with pytest.raises(ValueError):
        SshAgent("agent", seconds=0)
