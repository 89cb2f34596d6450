"""Programs are called with lists, stopped in time, and not believed before they say what they have."""

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from registry.images import Content, on

from trustlib import (
    Digest,
    ImageReference,
    LimitError,
    MalformedError,
    MismatchError,
    StorageError,
    TagBinding,
    TransportError,
)
from trustlib.registry.client import Registry
from trustlib.registry.copying import pushed_from
from trustlib.registry.layout import Layout
from trustlib.registry.runtimes import DockerCli, Podman, Skopeo

EXAMPLES = Path(__file__).parents[2] / "examples"
DIGEST = Digest.of(b"the release")
REPOSITORY = "registry.example/acme/app"

posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts with a first line for POSIX")


def binding(text=f"{REPOSITORY}:1.4", digest=DIGEST):
    return TagBinding(reference=ImageReference.parse(text), digest=digest)


@pytest.fixture
def program(tmp_path):
    """Return a program that writes down how it was called, and then does what it is told to."""

    def make(body="pass"):
        path = tmp_path / "program"
        log = tmp_path / "calls"
        path.write_text(
            f"#!{sys.executable} -IS\n"
            "import sys, json, os, time\n"
            f"open({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
            + textwrap.dedent(body)
        )
        path.chmod(0o755)
        return str(path)

    return make


def calls(tmp_path):
    import json

    return [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]


HAS_IT = f"""
if "inspect" in sys.argv:
    print(json.dumps(["{REPOSITORY}@{DIGEST}"]))
"""


@posix
@pytest.mark.parametrize("engine", [Podman, DockerCli])
def test_a_digest_is_pulled_and_tagged_and_no_tag_ever_pulled(engine, program, tmp_path):
    runtime = engine(
        program=program(HAS_IT), options=["--root=/x"], pull_options=["--tls-verify=no"]
    )
    runtime.pull(binding())

    pinned = f"{REPOSITORY}@{DIGEST}"
    assert [
        ["--root=/x", "pull", "--quiet", "--tls-verify=no", pinned],
        ["--root=/x", "tag", pinned, f"{REPOSITORY}:1.4"],
        ["--root=/x", "image", "inspect", "--format", "{{json .RepoDigests}}", f"{REPOSITORY}:1.4"],
    ] == calls(tmp_path)


@posix
def test_a_tag_and_a_digest_together_are_pulled_by_digest(program, tmp_path):
    Podman(program=program(HAS_IT)).pull(binding(f"{REPOSITORY}:1.4@{DIGEST}"))

    assert f"{REPOSITORY}@{DIGEST}" == calls(tmp_path)[0][-1]
    assert f"{REPOSITORY}:1.4" == calls(tmp_path)[1][-1]


@posix
def test_names_of_docker_hub_are_spelled_out(program, tmp_path):
    with pytest.raises(MismatchError):
        Podman(program=program(HAS_IT)).pull(binding("alpine:3"))

    assert f"docker.io/library/alpine@{DIGEST}" == calls(tmp_path)[0][-1]


@posix
@pytest.mark.parametrize(
    ("printed", "error"),
    [
        ("null", MismatchError),
        ("[]", MismatchError),
        (f'["{REPOSITORY}@sha256:{"0" * 64}"]', MismatchError),
        (f'["{REPOSITORY}-other@{DIGEST}"]', MismatchError),
        ("[7]", MalformedError),
        ("", MalformedError),
        ('"' + f"{REPOSITORY}@{DIGEST}" + '"', MalformedError),
    ],
)
def test_what_a_runtime_says_must_be_that_it_has_the_digest(program, printed, error):
    body = f"if 'inspect' in sys.argv: print({printed!r})"

    with pytest.raises(error):
        Podman(program=program(body)).pull(binding())


@posix
def test_a_failure_is_said_with_its_last_words(program):
    body = """
    sys.stderr.write("noise " * 100_000 + "manifest unknown\\n")
    sys.exit(125)
    """

    with pytest.raises(
        TransportError, match=r"failed with status 125: ….*manifest unknown"
    ) as error:
        Podman(program=program(body)).pull(binding())
    assert len(str(error.value)) < 700


@posix
def test_what_a_registry_had_it_say_does_not_move_the_cursor(program):
    body = """
    sys.stderr.write("denied: \x1b[2K\x1b[1A signed by everybody \u202e")
    sys.exit(1)
    """

    with pytest.raises(TransportError, match="signed by everybody") as error:
        Podman(program=program(body)).pull(binding())
    assert str(error.value).isprintable()


@posix
def test_a_program_does_not_talk_for_ever(program):
    body = "while True: sys.stdout.write('x' * 65536)"

    with pytest.raises(LimitError, match="bytes printed by"):
        Podman(program=program(body)).pull(binding())


@posix
def test_a_program_does_not_take_for_ever(program):
    with pytest.raises(TransportError, match=r"took longer than 0\.2 seconds"):
        Podman(program=program("time.sleep(600)"), seconds=0.2).pull(binding())


def test_a_program_that_is_not_there_is_to_be_installed(tmp_path):
    with pytest.raises(StorageError, match="install it"):
        Podman(program=str(tmp_path / "none")).pull(binding())


@posix
def test_nothing_is_taken_apart_by_a_shell(program, tmp_path):
    odd = "$(touch x); `y` 'z"
    runtime = Skopeo(lambda _: f"oci:{odd}", program=program())
    with pytest.raises(MismatchError):
        runtime.pull(binding())

    assert f"oci:{odd}" == calls(tmp_path)[0][-1]


@pytest.mark.parametrize("destination", ["", "oci:", "--option", "/srv/images", "OCI:x"])
def test_a_destination_is_one_of_skopeos(destination):
    with pytest.raises(ValueError, match="transport:place"):
        Skopeo(lambda _: destination, program="nothing").pull(binding())


# -- real ones --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def registry(require_servers):
    """The module of the examples that starts a registry and builds images."""
    require_servers("docker-registry", "skopeo")
    sys.path.insert(0, str(EXAMPLES))
    try:
        import _registry

        yield _registry
    finally:
        sys.path.remove(str(EXAMPLES))


@pytest.fixture(scope="module")
def host(registry, tmp_path_factory):
    with registry.registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="module")
def images(registry, host, tmp_path_factory):
    """Images in a real registry; the tag has been moved away from all of them."""
    layout = Layout(tmp_path_factory.mktemp("image"))
    registry.built(layout.path, "the release")
    image = layout.manifest()
    index = Content().index(on(image, "linux/amd64"))
    layout.add(index, "index")
    content = Content()
    plain = content.image("layers that skopeo would compress")
    packed = Layout(content.written(tmp_path_factory.mktemp("plain"), plain=plain))
    other = Layout(tmp_path_factory.mktemp("other"))
    registry.built(other.path, "another")
    with Registry(host, scheme="http") as pushing:
        pushed_from(layout, pushing, "acme/app", image.digest, "1.4")
        pushed_from(layout, pushing, "acme/app", "index", "1.4")
        pushed_from(packed, pushing, "acme/app", None, "1.4")
        pushed_from(other, pushing, "acme/app", None, "1.4")
    return {"index": index, "image": image, "plain": plain}


@pytest.mark.servers
@pytest.mark.parametrize("which", ["index", "image", "plain"])
def test_skopeo_copies_what_was_signed_and_nothing_else(host, images, tmp_path, which):
    wanted = images[which]
    runtime = Skopeo(
        lambda reference: f"oci:{tmp_path}:{reference.tag}",
        options=["--insecure-policy"],
        copy_options=["--src-tls-verify=false"],
    )
    runtime.pull(binding(f"{host}/acme/app:1.4", wanted.digest))

    assert wanted == Layout(tmp_path).manifest("1.4")


@pytest.mark.servers
def test_skopeo_says_what_the_registry_does_not_have(host, images, tmp_path):
    runtime = Skopeo(lambda _: f"oci:{tmp_path}", copy_options=["--src-tls-verify=false"])

    with pytest.raises(TransportError, match="manifest unknown"):
        runtime.pull(binding(f"{host}/acme/app:1.4"))


@pytest.mark.servers
@pytest.mark.parametrize("which", ["index", "image"])
def test_podman_has_what_was_signed_under_its_plain_name(host, images, which, podman):
    wanted = images[which]
    runtime = Podman(options=podman, pull_options=["--tls-verify=false"])
    runtime.pull(binding(f"{host}/acme/app:1.4", wanted.digest))

    listed = subprocess.run(
        ["podman", *podman, "images", "--digests", "--format", "{{.Repository}}:{{.Tag}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{host}/acme/app:1.4" in listed.stdout.split()
    with pytest.raises(TransportError):
        runtime.pull(binding(f"{host}/acme/app:1.4"))


@pytest.fixture
def podman():
    """The options with which podman runs here; not everybody has it, and few tests need it."""
    found = any(os.access(Path(folder) / "podman", os.X_OK) for folder in os.get_exec_path())
    if not found or os.geteuid() != 0:
        pytest.skip("podman: not installed, or not run as root")
    with tempfile.TemporaryDirectory() as short:  # podman takes no long path
        where = [f"--root={short}/root", f"--runroot={short}/run"]
        yield [*where, "--storage-driver=vfs", "--cgroup-manager=cgroupfs"]
