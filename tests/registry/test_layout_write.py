"""A layout that we write: whole files, the list last, and nobody's entries lost."""

import json
import os
import subprocess
import sys
import threading

import pytest
from registry.images import Content

from trustlib import (
    Digest,
    LimitError,
    MalformedError,
    MismatchError,
    NotFoundError,
    StorageError,
)
from trustlib.registry._arriving import expected_blob
from trustlib.registry.layout import NAME, Layout, _beyond
from trustlib.registry.manifests import OCI_INDEX, OCI_MANIFEST

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs as POSIX has them")


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


def images(*texts):
    content = Content()
    return [content.image(text) for text in texts]


def listed(layout):
    return [(one.annotations.get(NAME), one.digest) for one in layout.entries()]


def test_what_was_added_is_there(layout):
    (image,) = images("the release")

    assert image.descriptor == layout.add(image, "release")
    assert image == layout.manifest("release")
    assert {"blobs", "index.json", "oci-layout"} == {
        path.name for path in layout.path.iterdir() if not path.name.startswith(".")
    }
    assert {"imageLayoutVersion": "1.0.0"} == json.loads((layout.path / "oci-layout").read_bytes())


def test_a_name_is_taken_over_and_the_bytes_stay(layout):
    before, after = images("before", "after")
    layout.add(before, "app")
    layout.add(before, "kept")
    layout.add(after, "app")

    assert [("kept", before.digest), ("app", after.digest)] == listed(layout)
    assert before == layout.described(before.descriptor)


def test_what_is_listed_already_is_not_listed_again(layout):
    (image,) = images("the release")
    layout.add(image, "app")
    layout.add(image)
    before = (layout.path / "index.json").stat().st_mtime_ns
    layout.add(image)
    layout.add(image, "app")

    assert [("app", image.digest), (None, image.digest)] == listed(layout)
    assert before == (layout.path / "index.json").stat().st_mtime_ns


def test_one_who_has_no_name_replaces_nobody(layout):
    one, other = images("one", "other")
    layout.add(one)
    layout.add(other)

    assert [(None, one.digest), (None, other.digest)] == listed(layout)


def test_a_name_that_stood_for_two_stands_for_one(layout):
    one, other = images("one", "other")
    layout.add(one, "app")
    layout.add(other, "app2")
    index = layout.path / "index.json"
    index.write_text(index.read_text().replace("app2", "app"))
    layout.add(one, "app")

    assert [("app", one.digest)] == listed(layout)


def test_what_others_say_of_their_entries_stays(layout):
    one, other = images("one", "other")
    layout.add(one, "one")
    index = layout.path / "index.json"
    value = json.loads(index.read_text())
    value["manifests"][0]["platform"] = {
        "os": "windows",
        "architecture": "amd64",
        "os.version": "10.0.1",
    }
    value["annotations"] = {"theirs": "too"}
    index.write_text(json.dumps(value))
    layout.add(other, "other")

    after = json.loads(index.read_text())
    assert value["manifests"] == after["manifests"][:1]
    assert {"theirs": "too"} == after["annotations"]


def test_nothing_is_written_into_what_is_no_layout(layout):
    (image,) = images("the release")
    layout.path.mkdir()
    (layout.path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')
    with pytest.raises(MalformedError):
        layout.add(image)
    assert not (layout.path / "index.json").exists()

    (layout.path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout.path / "index.json").write_text("{}")
    with pytest.raises(MalformedError):
        layout.add(image)
    assert "{}" == (layout.path / "index.json").read_text()


def test_the_list_does_not_grow_beyond_what_is_read(tmp_path):
    layout = Layout(tmp_path, most=1000)
    many = images(*map(str, range(9)))

    with pytest.raises(LimitError, match="bytes in the list"):
        for image in many:
            layout.add(image, str(image.digest))

    assert 0 < len(layout.entries()) < 9


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[31m"])
def test_a_name_is_text_that_can_be_printed(layout, name):
    (image,) = images("the release")

    with pytest.raises(ValueError, match="printable"):
        layout.add(image, name)


# -- blobs --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_a_blob_is_added_from_memory_or_from_a_file(layout, tmp_path, kind):
    data = os.urandom(600_000)
    (tmp_path / "file").write_bytes(data)

    descriptor = layout.add_blob({"bytes": data, "file": tmp_path / "file"}[kind], "text/plain")

    assert (Digest.of(data), 600_000, "text/plain") == (
        descriptor.digest,
        descriptor.size,
        descriptor.media_type,
    )
    assert data == layout.read_blob(descriptor)


def test_a_blob_that_was_broken_is_mended(layout):
    descriptor = layout.add_blob(b"right")
    layout.place(descriptor).write_bytes(b"wrong")
    with pytest.raises(MismatchError):
        layout.read_blob(descriptor)

    layout.add_blob(b"right")

    assert b"right" == layout.read_blob(descriptor)


def test_what_an_earlier_process_left_of_a_blob_is_gone_on_with(layout):
    data = os.urandom(600_000)
    descriptor = layout.add_blob(data)
    place = layout.place(descriptor)
    place.unlink()
    with pytest.raises(NotFoundError):
        layout.read_blob(descriptor)
    draft = f".trustlib-{expected_blob('', descriptor).identity}-0.part"
    place.with_name(draft).write_bytes(data[:100_001])
    place.with_name(draft).chmod(0o600)

    layout.add_blob(data)

    assert data == layout.read_blob(descriptor)
    assert [place.name] == os.listdir(place.parent)


@pytest.mark.parametrize("offset", range(7))
def test_what_was_left_is_gone_on_with_at_the_very_byte(offset):
    assert b"abcdef"[offset:] == b"".join(_beyond(offset, [b"ab", b"", b"cde", b"f"]))


@posix
def test_a_link_in_the_place_of_a_blob_is_replaced_and_not_followed(layout, tmp_path):
    descriptor = layout.add_blob(b"right")
    (tmp_path / "precious").write_bytes(b"precious")
    layout.place(descriptor).unlink()
    layout.place(descriptor).symlink_to(tmp_path / "precious")

    layout.add_blob(b"right")

    assert b"right" == layout.read_blob(descriptor)
    assert b"precious" == (tmp_path / "precious").read_bytes()


@posix
@pytest.mark.parametrize("what", ["blobs", "blobs/sha256"])
def test_nothing_is_written_through_a_link(layout, tmp_path, what):
    (tmp_path / "elsewhere").mkdir()
    (layout.path / what).parent.mkdir(parents=True)
    (layout.path / what).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StorageError):
        layout.add_blob(b"right")
    assert [] == list((tmp_path / "elsewhere").iterdir())


@posix
def test_a_list_that_is_a_link_is_not_replaced(layout, tmp_path):
    one, other = images("one", "other")
    layout.add(one, "one")
    index = layout.path / "index.json"
    index.rename(tmp_path / "elsewhere")
    index.symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()

    with pytest.raises(StorageError):
        layout.add(other, "other")
    assert before == (tmp_path / "elsewhere").read_bytes()


# -- others who write at the same time ----------------------------------------------------


def test_threads_lose_nothing_that_others_list(layout):
    many = images(*map(str, range(12)))
    ready = threading.Barrier(4)

    def add(share):
        ready.wait(60)
        for image in share:
            layout.add(image, str(image.digest))

    threads = [threading.Thread(target=add, args=(many[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {image.digest for image in many} == {digest for _, digest in listed(layout)}


def test_an_entry_that_came_in_between_is_not_lost(layout):
    first, between, last = images("first", "between", "last")
    layout.add(first, "first")

    class Slow(Layout):
        def _list(self):
            before = super()._list()
            layout.add(between, "between")
            return before

    Slow(layout.path).add(last, "last")

    assert ["first", "between", "last"] == [name for name, _ in listed(layout)]


ADD = """
import sys
from trustlib.registry.layout import Layout
from trustlib.registry.manifests import parsed
layout, media_type = Layout(sys.argv[1]), sys.argv[2]
for name in sys.argv[3:]:
    raw = b'{"schemaVersion": 2, "manifests": [], "annotations": {"name": "%s"}}' % name.encode()
    layout.add(parsed(raw, media_type, name), name)
"""


def test_processes_lose_nothing_that_others_list(layout):
    shares = ["abcd", "efgh"]
    adding = [
        subprocess.Popen([sys.executable, "-c", ADD, layout.path, OCI_INDEX, *share])
        for share in shares
    ]

    assert [0, 0] == [one.wait() for one in adding]
    assert {*"abcdefgh"} == {name for name, _ in listed(layout)}


def test_an_entry_says_what_it_is(layout):
    (image,) = images("the release")
    layout.add(image, "app")
    (entry,) = json.loads((layout.path / "index.json").read_bytes())["manifests"]

    assert {
        "mediaType": OCI_MANIFEST,
        "digest": str(image.digest),
        "size": len(image.raw),
        "annotations": {NAME: "app"},
    } == entry
