"""A collection is copied whole by programs that have never heard of it: here, skopeo."""

import json
from threading import Thread

import pytest
from core.worlds import NOW
from publish.desks import anchor_of, created, opened, publish, tagged
from registry.honest import client
from registry.processes import running, skopeo

from trustlib import MemoryStorage, Updater
from trustlib.registry._artifact import TAG, TITLE
from trustlib.registry.reading import RegistryTransport
from trustlib.registry.storing import RegistryStorage

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def registries(require_servers, tmp_path_factory):
    """Two docker-registries; in the first is a collection, acme/trust, twice published."""
    require_servers("docker-registry", "skopeo")
    with (
        running(tmp_path_factory.mktemp("from")) as first,
        running(tmp_path_factory.mktemp("to")) as second,
        client(first) as talking,
    ):
        storage = RegistryStorage(talking, "acme/trust", receipts=MemoryStorage())
        publish(storage, created(), tagged(created()), now=NOW)
        before = opened(storage)
        publish(storage, before, tagged(before, letter="b"), now=NOW)
        yield first, second, anchor_of(storage)


def resolved(transport, anchor):
    updater = Updater(
        anchor=anchor, transport=transport, storage=MemoryStorage(), clock=lambda: NOW
    )
    return updater.resolve("acme/app:1.4").digest.hex[0]


@pytest.mark.parametrize("options", [(), ("--all",), ("--all", "--preserve-digests")])
def test_it_is_read_from_a_copy_in_another_registry(registries, options):
    first, second, anchor = registries
    name = f"mirror/trust{len(options)}"
    skopeo(
        "copy", *options, "--src-tls-verify=false", "--dest-tls-verify=false",
        f"docker://{first}/acme/trust:{TAG}", f"docker://{second}/{name}:{TAG}",
    )  # fmt: skip

    with client(first) as original, client(second) as copy:
        assert "b" == resolved(RegistryTransport(copy, name), anchor)
        raw = original.manifest("acme/trust", TAG).raw
        assert raw == copy.manifest(name, TAG).raw


def test_a_copy_can_be_published_to(registries):
    first, _, anchor = registries
    skopeo(
        "copy", "--src-tls-verify=false", "--dest-tls-verify=false",
        f"docker://{first}/acme/trust:{TAG}", f"docker://{first}/acme/fork:{TAG}",
    )  # fmt: skip

    with client(first) as talking:
        storage = RegistryStorage(talking, "acme/fork", receipts=MemoryStorage())
        before = opened(storage, anchor)
        publish(storage, before, tagged(before, letter="c"), now=NOW)

        assert "c" == resolved(RegistryTransport(talking, "acme/fork"), anchor)
        assert "b" == resolved(RegistryTransport(talking, "acme/trust"), anchor)


@pytest.mark.parametrize("options", [(), ("--all",)])
def test_it_is_whole_in_an_oci_layout(registries, tmp_path, options):
    """Which is read with nothing but json; and from which it comes back."""
    first, second, anchor = registries
    layout = f"oci:{tmp_path}/layout:trust"
    skopeo(
        "copy", *options, "--src-tls-verify=false",
        f"docker://{first}/acme/trust:{TAG}", layout,
    )  # fmt: skip

    assert "b" == resolved(InLayout(tmp_path / "layout"), anchor)

    skopeo("copy", "--dest-tls-verify=false", layout, f"docker://{second}/back/trust:{TAG}")
    with client(second) as talking:
        assert "b" == resolved(RegistryTransport(talking, "back/trust"), anchor)


class InLayout:
    """A transport over an OCI layout directory."""

    def __init__(self, directory):
        self.directory = directory
        [manifest] = json.loads((directory / "index.json").read_bytes())["manifests"]
        layers = json.loads(self.blob(manifest["digest"]))["layers"]
        self.files = {layer["annotations"][TITLE]: layer["digest"] for layer in layers}

    def blob(self, digest):
        return (self.directory / "blobs" / digest.replace(":", "/")).read_bytes()

    def fetch(self, request):
        digest = self.files.get(request.path)
        return None if digest is None else iter((self.blob(digest),))


def test_who_reads_while_others_publish_never_sees_a_part(registries):
    """docker-registry says 500 to who reads a tag that is being moved; then it is asked again."""
    first, _, _ = registries
    with client(first) as talking:
        storage = RegistryStorage(talking, "acme/busy")
        publish(storage, created(), tagged(created()), now=NOW)
        anchor, done = anchor_of(storage), []

        def publishing():
            for letter in "bcdef":
                before = opened(storage)
                publish(storage, before, tagged(before, letter=letter), now=NOW)
            done.append(True)

        thread = Thread(target=publishing)
        thread.start()
        seen = []
        while not done and thread.is_alive():
            seen.append(resolved(RegistryTransport(talking, "acme/busy"), anchor))
        thread.join()
        assert [True] == done
        assert sorted(seen) == seen
        assert "f" == resolved(RegistryTransport(talking, "acme/busy"), anchor)
