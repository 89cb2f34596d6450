"""What ``docker login`` has kept is found, whoever keeps it; and nothing of it is ever printed."""

import base64
import json
import os
import stat
import sys

import pytest

from trustlib import MalformedError, StorageError, TrustError
from trustlib.registry.credentials import (
    AccessToken,
    Always,
    DockerConfig,
    IdentityToken,
    Password,
    anonymous,
    described,
)

SECRET = "s3cret-pass"
ANN = Password("ann", SECRET)
HERE = "registry.example"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


AUTH = {"auth": _encoded(f"ann:{SECRET}")}


@pytest.fixture
def config(tmp_path):
    """A function that writes a ``config.json`` and reads it as Docker would."""

    def make(value, **settings):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        (tmp_path / "config.json").write_bytes(data)
        return DockerConfig(tmp_path / "config.json", **settings)

    return make


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """A function that writes a program ``docker-credential-test``, in Python, and makes it found."""

    def make(code: str):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "docker-credential-test"
        program.write_text(f"#!{sys.executable} -IS\nimport os, sys, time\n{code}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return make


def _says(username: str, secret: str) -> str:
    answer = json.dumps({"ServerURL": "x", "Username": username, "Secret": secret})
    return f"asked = sys.stdin.read()\nprint({answer!r})"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (AUTH, ANN),
        ({"auth": _encoded(f"ann:{SECRET}\0\0")}, ANN),
        ({"auth": _encoded("ann:a:b")}, Password("ann", "a:b")),
        ({"auth": _encoded("ann:")}, Password("ann", "")),
        ({"username": "ann", "password": SECRET}, ANN),
        ({"auth": _encoded("änn:pässwörd")}, Password("änn", "pässwörd")),
        ({**AUTH, "identitytoken": "x"}, IdentityToken("x")),
        ({**AUTH, "identitytoken": ""}, ANN),
        ({"registrytoken": "x", "identitytoken": "y"}, AccessToken("x")),
        ({"auth": _encoded(f"<token>:{SECRET}")}, IdentityToken(SECRET)),
        ({}, None),
        ({"auth": ""}, None),
        ({"auth": "", "username": "", "password": "x"}, None),
        ({"email": "x"}, None),
    ],
)
def test_each_way_to_keep_them_is_read(config, entry, expected):
    assert expected == config({"auths": {HERE: entry}})(HERE)


@pytest.mark.parametrize(
    "value", [{}, {"auths": {}}, {"auths": {"other.example": AUTH}}, {"credHelpers": {}}]
)
def test_nothing_kept_is_nobody(config, value):
    assert config(value)(HERE) is None


def test_no_file_is_nobody(tmp_path):
    assert DockerConfig(tmp_path / "nowhere")(HERE) is None


@pytest.mark.parametrize(
    "name",
    [
        HERE,
        f"https://{HERE}",
        f"https://{HERE}/",
        f"http://{HERE}/v1/",
        f"{HERE}/v2",
        f"{HERE}/v1/",
    ],
)
def test_a_domain_was_spelled_in_several_ways(config, name):
    assert config({"auths": {name: AUTH}})(HERE) == ANN


@pytest.mark.parametrize(
    "name",
    [
        *(
            f"{HERE}/acme",
            f"https://{HERE}/acme/app",
            f"{HERE}:5000",
            f"x{HERE}",
            f"{HERE}.evil.example",
        ),
        *(
            f"https://{HERE}@evil.example",
            f"ftp://{HERE}",
            HERE.upper(),
            f"{HERE}/v1/x",
            f"https://{HERE}//",
        ),
    ],
)
def test_what_is_kept_for_something_else_is_not_told(config, name):
    """Podman keeps some for a part of a registry only."""
    assert config({"auths": {name: AUTH}})(HERE) is None


def test_the_exact_name_comes_first(config):
    other = {"auth": _encoded("bob:x")}
    for names in ((HERE, f"https://{HERE}/v1/"), (f"https://{HERE}/v1/", HERE)):
        entries = {name: AUTH if name == HERE else other for name in names}
        assert config({"auths": entries})(HERE) == ANN


@pytest.mark.parametrize(
    "name",
    ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "https://index.docker.io/v1"],
)
def test_docker_hub_has_names_of_its_own(config, name):
    kept = config({"auths": {name: AUTH}})
    assert kept("docker.io") == ANN
    assert kept("registry-1.docker.io") is None


def test_what_podman_writes_is_read(tmp_path):
    path = tmp_path / "auth.json"
    path.write_text(
        json.dumps({"auths": {"quay.io": AUTH, "docker.io": {"auth": _encoded("bob:x")}}})
    )
    assert DockerConfig(str(path))("quay.io") == ANN
    assert DockerConfig(path)("docker.io") == Password("bob", "x")


def test_docker_says_where_its_file_is():
    of = DockerConfig.of
    assert of({"DOCKER_CONFIG": "/x"}).path.as_posix() == "/x/config.json"
    assert of({"HOME": "/home/ann"}).path.as_posix() == "/home/ann/.docker/config.json"
    assert of({}).path == DockerConfig("~/.docker/config.json").path
    assert "~" not in str(of({}).path)


def test_who_logs_in_meanwhile_is_logged_in(config):
    kept = config({})
    assert kept(HERE) is None
    config({"auths": {HERE: AUTH}})
    assert kept(HERE) == ANN


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"{", b"\xff", b"[]", b'"s3cret-pass"', b"12345", b"null", b"[" * 10_000),
        *({"auths": "s3cret-pass"}, {"auths": ["s3cret-pass"]}, {"auths": {HERE: SECRET}}),
        *({"auths": {HERE: {"auth": 12345}}}, {"auths": {HERE: {"password": 12345}}}),
        {"auths": {HERE: {"username": "ann", "password": ["s3cret-pass"]}}},
        *({"auths": {HERE: {"auth": _encoded(f"{SECRET}-without-colon")}}},),
        *({"auths": {HERE: {"auth": f"{SECRET}!"}}}, {"auths": {HERE: {"auth": SECRET}}}),
        *({"auths": {HERE: {"registrytoken": f"{SECRET}\r\nX-Evil: 1"}}},),
        *({"auths": {HERE: {"identitytoken": f"{SECRET} x"}}},),
        *({"auths": {HERE: {"username": f"a:{SECRET}", "password": ""}}},),
        *({"auths": {HERE: {"username": "a\nb", "password": SECRET}}},),
        *({"auths": {HERE: {"auth": _encoded(f"<token>:{SECRET}\n")}}},),
        b'{"auths":{"registry.example":{"password":1.2345}}}',
        b'{"auths":{"registry.example":{"password":"s3cret-pass","password":"x"}}}',
        b'{"auths":{"registry.example":{"username":"ann","password":"s3cret-pass\\ud800"}}}',
        *(
            {"credsStore": 12345},
            {"credHelpers": {HERE: ["s3cret-pass"]}},
            {"credHelpers": "s3cret-pass"},
        ),
    ],
)
def test_a_broken_file_is_explained_without_what_is_in_it(config, value):
    with pytest.raises(MalformedError) as error:
        config(value)(HERE)

    chain = [error.value, error.value.__cause__, error.value.__context__]
    printed = " ".join(f"{one!r} {one!s} {vars(one) if one else ''}" for one in chain)
    for secret in ("s3cret", "2345", SECRET, _encoded(SECRET)[:12]):
        assert secret not in printed
    assert "config.json" in str(error.value)


def test_what_is_broken_for_another_registry_is_no_business_of_ours(config):
    value = {"auths": {"other.example": {"auth": "?"}, HERE: AUTH}}
    assert config(value)(HERE) == ANN


def test_a_file_that_cannot_be_read_is_an_error_of_ours(tmp_path, config):
    with pytest.raises(StorageError, match="cannot be read"):
        DockerConfig(tmp_path)(HERE)
    with pytest.raises(StorageError, match="more than 1000000 bytes"):
        config(b" " * 1_000_001)(HERE)
    with pytest.raises(StorageError, match="more than 1000000 bytes"):
        DockerConfig("/dev/zero")(HERE)


@pytest.mark.parametrize(
    "value", [{"credsStore": "test"}, {"credHelpers": {HERE: "test"}, "credsStore": "x"}]
)
def test_a_program_is_asked_that_keeps_them(config, helper, value):
    helper(
        "asked = sys.stdin.read()\n"
        'print(\'{"Username":"%s","Secret":"%s"}\' % (sys.argv[1], asked))'
    )

    assert Password("get", HERE) == config({**value, "auths": {HERE: AUTH}})(HERE)


def test_a_program_is_asked_for_docker_hub_by_the_name_that_docker_uses(config, helper):
    helper("asked = sys.stdin.read()\n" + 'print(\'{"Username":"ann","Secret":"%s"}\' % asked)')

    for value in ({"credsStore": "test"}, {"credHelpers": {"docker.io": "test"}}):
        assert Password("ann", "https://index.docker.io/v1/") == config(value)("docker.io")


def test_a_program_may_keep_a_token_or_nothing(config, helper):
    kept = config({"credsStore": "test"})
    helper(_says("<token>", "x"))
    assert IdentityToken("x") == kept(HERE)
    helper(_says("", ""))
    assert kept(HERE) is None
    helper("print('credentials not found in native keychain')\nsys.exit(1)")
    assert kept(HERE) is None


def test_an_empty_name_is_no_program(config):
    assert config({"credsStore": "", "auths": {HERE: AUTH}})(HERE) == ANN


@pytest.mark.parametrize(
    "name",
    ["../x", "/bin/sh", "x/y", "x\\y", ".x", "-x", "x y", "x;y", "x\n", "x\0", "$(x)", "é", " "],
)
def test_a_program_of_any_other_name_is_not_run(config, name):
    with pytest.raises(MalformedError, match="the last part of a program's name"):
        config({"credsStore": name})(HERE)


def test_a_program_that_is_not_there_is_an_error_of_ours(config):
    with pytest.raises(StorageError, match="docker-credential-nowhere: cannot be run"):
        config({"credsStore": "nowhere"})(HERE)


@pytest.mark.parametrize(
    "code",
    [
        *(
            "print('s3cret-pass')\nsys.exit(3)",
            "print('credentials not found')",
            "os.kill(os.getpid(), 9)",
        ),
        *("", "print('s3cret-pass')", "print('[]')", "print('\"s3cret-pass\"')", "print('{}')"),
        *(
            'print(\'{"Username":"ann","Secret":12345}\')',
            _says("a:b", SECRET),
            _says("<token>", "s3cret x"),
        ),
        "print('credentials not found' + 's3cret-pass' * 1000); sys.exit(0)",
        "print(' ' * 2000 + 'credentials not found'); sys.exit(1)",
    ],
)
def test_a_program_that_fails_is_an_error_without_what_it_printed(config, helper, code):
    helper(code)
    with pytest.raises(TrustError, match="docker-credential-test") as error:
        config({"credsStore": "test"})(HERE)

    chain = [error.value, error.value.__cause__, error.value.__context__]
    for secret in ("s3cret", "12345"):
        assert secret not in " ".join(f"{one!r} {vars(one) if one else ''}" for one in chain)


def test_what_a_program_printed_that_failed_does_not_count(config, helper):
    helper(_says("ann", SECRET) + "\nsys.exit(3)")
    with pytest.raises(StorageError, match=r"could not say who we are .status 3"):
        config({"credsStore": "test"})(HERE)


@pytest.mark.parametrize(
    "code", ["time.sleep(60)", "os.close(1); time.sleep(60)", "os.fork() or time.sleep(2)"]
)
def test_a_program_that_hangs_is_stopped(config, helper, code):
    helper(code)
    with pytest.raises(StorageError, match=r"took longer than 0\.2 seconds, and was stopped"):
        config({"credsStore": "test"}, seconds=0.2)(HERE)


def test_a_program_that_prints_without_an_end_is_stopped(config, helper):
    helper("while True: os.write(1, b' ' * 65536)")
    with pytest.raises(StorageError, match="printed more than 1000000 bytes"):
        config({"credsStore": "test"})(HERE)


def test_a_program_that_does_not_listen_is_heard(config, helper):
    helper("os.close(0)\n" + _says("ann", SECRET).partition("\n")[2])
    assert ANN == config({"credsStore": "test"})(HERE)


@pytest.mark.parametrize("kept", [ANN, IdentityToken(SECRET), AccessToken(SECRET)])
def test_a_secret_is_in_no_repr(kept):
    for one in (kept, Always(HERE, kept), described(kept)):
        assert SECRET not in f"{one!r} {one!s}"
        assert _encoded(f"ann:{SECRET}") not in f"{one!r} {one!s}"


@pytest.mark.parametrize(
    "make",
    [
        *(
            lambda: AccessToken(""),
            lambda: AccessToken(f"{SECRET}\n"),
            lambda: IdentityToken("s3cret x"),
        ),
        *(
            lambda: Password("a:b", SECRET),
            lambda: Password("a\n", SECRET),
            lambda: Password("a", f"{SECRET}\ud800"),
        ),
    ],
)
def test_credentials_that_no_header_can_say_are_a_mistake_that_is_not_printed(make):
    with pytest.raises(ValueError) as error:
        make()
    assert "s3cret" not in str(error.value)


def test_whom_we_say_we_are_can_be_printed():
    assert "nobody" == described(anonymous(HERE))
    assert "the user ann" == described(ANN)
    assert "the holder of a token" == described(IdentityToken("x"))
    assert Always(HERE, ANN)("other.example") is None
