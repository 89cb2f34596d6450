"""docs/reference/registry-format.md says enough to write a reader and a publisher: here they are.

Both use that page's words, urllib and nothing of ours.
"""

import base64
import hashlib
import json
import secrets
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from core.worlds import NOW
from interop.peers import Theirs
from publish.desks import anchor_of, created, opened, publish, tagged
from registry.honest import Honest, client, served

from trustlib import MemoryStorage, Updater
from trustlib.registry import _artifact, lease
from trustlib.registry._operations import Received
from trustlib.registry.manifests import Descriptor, parsed
from trustlib.registry.reading import RegistryTransport
from trustlib.registry.storing import RegistryStorage

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "registry-format.md"

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
COLLECTION = "application/vnd.trustlib.collection.v1"
FILE = "application/vnd.trustlib.collection.file.v1"
TITLE = "org.opencontainers.image.title"


# -- a reader ---------------------------------------------------------------------------


def collection(repository, tag="_trust"):
    """Return the files of the collection at the URL *repository*, or None."""
    try:
        with urlopen(Request(f"{repository}/manifests/{tag}", headers={"Accept": MANIFEST})) as got:
            kind, raw = got.headers["Content-Type"], got.read(4_194_305)
    except HTTPError as error:
        error.close()
        if error.code != 404:
            raise
        return None
    manifest = json.loads(raw)
    assert len(raw) <= 4_194_304
    assert MANIFEST == kind == manifest["mediaType"]
    assert COLLECTION == manifest["artifactType"]
    files = {}
    for layer in manifest["layers"]:
        path = layer["annotations"][TITLE]
        assert FILE == layer["mediaType"]
        assert path not in files
        assert not {"", ".", ".."} & {*path.split("/")}
        if "data" in layer:
            data = base64.b64decode(layer["data"], validate=True)
        else:
            with urlopen(f"{repository}/blobs/{layer['digest']}") as got:
                data = got.read(layer["size"] + 1)
        assert layer["size"] == len(data)
        assert layer["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        files[path] = data
    return files


# -- a publisher ------------------------------------------------------------------------


def put_together(repository, files, tag="_trust"):
    """Make *files* the collection at the URL *repository*."""

    def described(data, kind):
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        with asked("POST", f"{repository}/blobs/uploads/", b"") as begun:
            upload = repository.partition("/v2/")[0] + begun.headers["Location"]
        asked("PUT", f"{upload}?digest={digest}", data).close()
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def asked(method, url, data, kind="application/octet-stream"):
        return urlopen(Request(url, data, {"Content-Type": kind}, method=method))

    try:
        with urlopen(Request(f"{repository}/manifests/{tag}", headers={"Accept": MANIFEST})) as got:
            raw = got.read()
            there = json.loads(raw).get("annotations", {})
            own = f"sha256:{hashlib.sha256(raw).hexdigest()}"
            whose = there.get("vnd.trustlib.collection.publisher")
            before = there.get("vnd.trustlib.collection.history", "").split()
            history = [f"{own}@{whose}" if whose else own, *before]
    except HTTPError as error:
        error.close()
        history = []
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": COLLECTION,
        "config": described(b"{}", "application/vnd.oci.empty.v1+json"),
        "layers": [
            described(data, FILE) | {"annotations": {TITLE: path}} for path, data in files.items()
        ],
        "annotations": {
            "vnd.trustlib.collection.mark": secrets.token_hex(8),
            **({"vnd.trustlib.collection.history": " ".join(history[:64])} if history else {}),
        },
    }
    raw = json.dumps(manifest, indent=2).encode()
    asked("PUT", f"{repository}/manifests/{tag}", raw, MANIFEST).close()


# -- and whether they understand ours, and ours them ------------------------------------


@pytest.fixture
def place():
    """A repository of a registry: its URL, and a client."""
    with served(Honest()) as domain, client(domain) as talking:
        yield f"http://{domain}/v2/acme/trust", talking


def test_the_reader_reads_what_we_publish(place, tmp_path):
    url, talking = place
    storage = RegistryStorage(talking, "acme/trust", receipts=MemoryStorage())
    assert collection(url) is None
    before, with_many = created(), tagged(created())
    for number in range(100):
        with_many = with_many.with_tag(f"acme/many:{number}", digest=f"sha256:{'b' * 64}", size=1)
    publish(storage, before, with_many, now=NOW)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="b"), now=NOW)

    files = collection(url)

    assert {path: storage.read(path).data for path in storage.list()} == files
    theirs = Theirs(files["1.root.json"], tmp_path)
    assert [1, 2, 2, 2] == theirs.ask(files, ["acme/app:1.4"])["refresh"]


def test_we_read_and_publish_on_top_of_what_the_publisher_writes(place):
    url, talking = place
    signed = MemoryStorage()
    publish(signed, created(), tagged(created()), now=NOW)
    put_together(url, dict(signed.files))
    anchor = anchor_of(signed)

    def resolved():
        return Updater(
            anchor=anchor,
            transport=RegistryTransport(talking, "acme/trust"),
            storage=MemoryStorage(),
            clock=lambda: NOW,
        ).resolve("acme/app:1.4")

    assert "a" == resolved().digest.hex[0]
    storage = RegistryStorage(talking, "acme/trust", receipts=MemoryStorage())
    before = opened(storage, anchor)
    publish(storage, before, tagged(before, letter="b"), now=NOW)
    assert "b" == resolved().digest.hex[0]

    before = opened(signed)
    for letter in "cd":
        before = publish(signed, before, tagged(before, letter=letter), now=NOW).repository
    put_together(url, dict(signed.files))

    assert "d" == resolved().digest.hex[0]
    assert "timestamp.json" in storage.list(), "its history says that it came after ours"


@pytest.mark.parametrize(
    "name", ["ARTIFACT", "FILE", "MARK", "PUBLISHER", "HISTORY", "TAG", "TITLE"]
)
def test_the_page_names_what_we_write(name):
    assert getattr(_artifact, name) in PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", ["LEASE", "NAME"])
def test_the_page_names_what_leases_are(name):
    assert getattr(lease, name) in PAGE.read_text("utf-8")


def test_the_page_has_our_numbers():
    text = PAGE.read_text("utf-8")
    for number in (_artifact.MOST, _artifact._SMALL, _artifact._EMBEDDED):
        assert f"{number:,}" in text
    assert f"the first {_artifact._NAMELESS}; keep {_artifact.REMEMBERED}" in text
    assert str(_artifact.CONFIG.digest) in text


# -- what is embedded, and remembered ---------------------------------------------------


def rendered(files, before=None, publisher=""):
    named = {path: Descriptor.of(data, FILE) for path, data in files.items()}
    return _artifact.rendered(named, files, before, publisher, "0" * 16)


def embedded(files):
    layers = json.loads(rendered(files))["layers"]
    return {layer["annotations"][TITLE] for layer in layers if "data" in layer}


def test_what_every_client_asks_for_is_embedded_before_what_few_do():
    roots = {f"{number}.root.json": b"r" * 100 for number in range(1, 1_000)}
    roles = {f"3.team{number}.json": b"t" * 1_000 for number in range(63)}
    some = embedded({**roots, **roles, "timestamp.json": b"x" * 2_000})
    assert {"timestamp.json", *roles} < some
    assert 0 < len(some & roots.keys()) < 50

    roles |= {"3.one.json": b"t" * 1_000, "3.two.json": b"t" * 1_000}
    assert {"timestamp.json"} == embedded({**roles, "timestamp.json": b"x" * 2_000}) - roles.keys()


def test_a_file_that_is_large_is_not_embedded_and_keeps_no_other_out():
    files = {"timestamp.json": b"x" * 8_193, "3.snapshot.json": b"x" * 8_192, "1.root.json": b""}
    assert {"3.snapshot.json", "1.root.json"} == embedded(files)


def following(count, publisher):
    """The history after so many manifests, each of whose publisher is what *publisher* says."""
    before = None
    for number in range(count):
        raw = rendered({"n": b"%d" % number}, before, publisher(number))
        before = _artifact.viewed(Received(manifest=parsed(raw, MANIFEST, "m")), "here")
    return [one.publisher for one in before.history]


def test_of_each_publisher_the_latest_is_remembered_and_no_more_than_sixty_four():
    assert [""] * 16 == following(100, lambda _: "")
    assert ["b" * 16, "a" * 16] == following(100, lambda number: "ab"[number % 2] * 16)[::-1]
    assert 64 == len(following(100, lambda number: f"{number:016x}"))


def test_a_history_without_an_end_is_neither_written_nor_read():
    document = json.loads(rendered({}))
    entries = [f"sha256:{number:064x}@{number:016x}" for number in range(10_000)]
    document["annotations"][_artifact.HISTORY] = " ".join(entries)
    raw = json.dumps(document).encode()
    view = _artifact.viewed(Received(manifest=parsed(raw, MANIFEST, "m")), "here")
    assert 64 == len(view.history)

    after = json.loads(rendered({}, view))["annotations"][_artifact.HISTORY].split()
    assert [str(view.digest), *entries[:63]] == after


@pytest.mark.parametrize("name", ["xyz", "A" * 16, "a" * 17])
def test_a_publisher_that_is_none_is_nobody(name):
    raw = rendered({}, None, name)
    view = _artifact.viewed(Received(manifest=parsed(raw, MANIFEST, "m")), "here")
    assert "" == view.publisher
