"""Archives are read as GNU tar and Python write them, and hostile ones are refused."""

import gzip
import io
import subprocess
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib.signing import _tar
from trustlib.signing._tar import Member, TarError

MEMBERS = (Member(("a",), None), Member(("a", "key"), b"x" * 700), Member(("a", "empty"), b""))
LONG = "long-" * 40


def entry(name="a/key", kind=tarfile.REGTYPE, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for attribute, value in more.items():
        setattr(info, attribute, value)
    return info, data


def archive(*entries, format=tarfile.USTAR_FORMAT):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def resummed(data, at, new):
    """The archive with *new* bytes in its first header, and the sum that fits."""
    header = bytearray(data[:512])
    header[at : at + len(new)] = new
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def refusal(data):
    with pytest.raises(TarError) as error:
        _tar.read(_tar.unpacked(data))
    return str(error.value)


def test_what_is_written_is_read():
    assert MEMBERS == _tar.read(_tar.written(MEMBERS))
    assert _tar.written(MEMBERS) == _tar.written(MEMBERS)


def test_python_and_tar_read_what_is_written(tmp_path):
    data = _tar.written(MEMBERS)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = {info.name: (info.mode, info.mtime, info.uid) for info in tar}
        content = tar.extractfile("a/key").read()
    listed = subprocess.run(["tar", "-t"], input=data, capture_output=True, check=True)

    assert {"a": (0o700, 0, 0), "a/key": (0o600, 0, 0), "a/empty": (0o600, 0, 0)} == names
    assert b"x" * 700 == content
    assert (b"a/\na/key\na/empty\n", b"") == (listed.stdout, listed.stderr)


def test_a_name_that_does_not_fit_is_a_mistake():
    with pytest.raises(ValueError, match="a name of 101 bytes"):
        _tar.written([Member(("x" * 101,), b"")])


@pytest.mark.parametrize(
    "format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str
)
@pytest.mark.parametrize("folder", ["store", "home/alice/keys", f"{'d' * 90}/{'e' * 40}"])
def test_what_python_packs_is_read(format, folder):
    data = archive(
        entry(folder, tarfile.DIRTYPE, mtime=1.5), entry(f"{folder}/key", data=b"k"), format=format
    )

    path = tuple(folder.split("/"))
    assert (Member(path, None), Member((*path, "key"), b"k")) == _tar.read(data)


@pytest.mark.parametrize("options", [[], ["--format=ustar"], ["--format=gnu"], ["--format=pax"]])
@pytest.mark.parametrize("packing", [[], ["-z"]], ids=["plain", "gzip"])
def test_what_tar_packs_is_read(tmp_path, options, packing):
    folder = tmp_path / "store" / "grün" / LONG[:90]
    folder.mkdir(parents=True)
    (folder / "key").write_bytes(b"k" * 1000)
    packed = subprocess.run(
        ["tar", *options, *packing, "-C", tmp_path / "store", "-c", "."],
        capture_output=True,
        check=True,
    ).stdout
    found = {member.path: member.data for member in _tar.read(_tar.unpacked(packed))}

    assert b"k" * 1000 == found["grün", LONG[:90], "key"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([entry("../key")], "leads elsewhere"),
        ([entry("a/../../key")], "leads elsewhere"),
        ([entry("/etc/passwd")], "leads elsewhere"),
        ([entry("a//key")], "leads elsewhere"),
        ([entry("a/./key")], "leads elsewhere"),
        ([entry("")], "leads elsewhere"),
        ([entry("..\\key")], "no key store has"),
        ([entry("a\nkey")], "no key store has"),
        ([entry("a\x1b[2Jkey")], "no key store has"),
        ([entry(kind=tarfile.SYMTYPE, linkname="/etc/passwd")], "a symbolic link"),
        ([entry(kind=tarfile.LNKTYPE, linkname="/etc/passwd")], "a hard link"),
        ([entry(kind=tarfile.CHRTYPE)], "a device"),
        ([entry(kind=tarfile.BLKTYPE)], "a device"),
        ([entry(kind=tarfile.FIFOTYPE)], "a pipe"),
        ([entry(kind=tarfile.CONTTYPE)], "neither file nor directory"),
        ([entry(kind=tarfile.GNUTYPE_SPARSE)], "a sparse file"),
        ([entry(), entry()], "'a/key' twice"),
        ([entry(), entry("./a/key")], "'a/key' twice"),
        ([entry("a", tarfile.DIRTYPE), entry("a")], "'a' twice"),
    ],
)
def test_what_leads_elsewhere_or_is_no_file_is_refused(entries, said):
    assert said in refusal(archive(*entries))


@pytest.mark.parametrize(
    "records",
    [
        {"size": "1"},
        {"linkpath": "x"},
        {"GNU.sparse.major": "1"},
        {"GNU.sparse.name": "x"},
        {"path": "../key"},
        {"path": ""},
    ],
)
def test_an_extended_header_that_changes_what_a_file_is_is_refused(records):
    refusal(archive(entry(pax_headers=records), format=tarfile.PAX_FORMAT))


def test_an_extended_header_may_name_and_date():
    records = {"path": "grün/key", "mtime": "1.5", "LIBARCHIVE.xattr.x": "y"}
    data = archive(entry(pax_headers=records), format=tarfile.PAX_FORMAT)

    assert (Member(("grün", "key"), b""),) == _tar.read(data)


def pax(records):
    return archive(entry("x", b"x", data=records), entry())


@pytest.mark.parametrize(
    "records",
    [
        b"x",
        b"9 a=b\n",
        b"5 a=b\n",
        b"6 a=bc",
        b"4 ab\n",
        b"12 path=abc\n" * 2,
        b"0 a=b\n",
        b"99999999999999999999 a=b\n",
        b"-6 a=b\n",
        "٦ a=b\n".encode(),
        b"13 path=a\xff\xfeb\n",
    ],
)
def test_an_extended_header_that_nobody_writes_is_refused(records):
    refusal(pax(records))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cut short"),
        (bytes(511), "cut short"),
        (b"x" * 512, "a number that is not octal"),
        (archive(entry(data=b"x"))[:512], "cut short"),
        (archive(entry(data=b"x"))[:1024], "cut short"),
        (archive(entry()) + archive(entry("b")), "behind its end"),
        (archive(entry("x", b"x", data=b"6 a=b\n")), "behind its end"),
        (archive(entry("x", b"g", data=b"6 a=b\n"), entry()), "neither file nor directory"),
        (archive(entry("x", b"K", data=b"a"), entry()), "a link with a long name"),
        (archive(entry("x", b"L", data=b"a"), entry("x", b"L", data=b"a"), entry()), "neither"),
        (archive(entry("x", b"L", data=b"a" * 5000), entry()), "a part of 5000 bytes"),
        (archive(entry("x", b"x", data=b"a" * 70_000), entry()), "a part of 70000 bytes"),
        (resummed(archive(entry()), 0, b"\xff"), "not UTF-8"),
        (resummed(archive(entry()), 124, b"\x80" + b"\0" * 10 + b"\1"), "not octal"),
        (resummed(archive(entry()), 124, b"-0000000001\0"), "not octal"),
        (resummed(archive(entry()), 124, b"77777777777\0"), "a part of 8589934591 bytes"),
        (resummed(archive(entry()), 257, b"notar"), "a header is damaged"),
        (archive(entry())[:5] + b"K" + archive(entry())[6:], "a header is damaged"),
        (b"x" * (_tar.MAX_BYTES + 1), f"more than {_tar.MAX_BYTES} bytes"),
        (gzip.compress(bytes(_tar.MAX_BYTES + 1)), f"more than {_tar.MAX_BYTES} bytes"),
        (gzip.compress(archive(entry()))[:-5], "damaged or cut short"),
        (gzip.compress(archive(entry())) + b"x", "damaged or cut short"),
        (b"\x1f\x8b" + b"x" * 50, "damaged or cut short"),
    ],
)
def test_damage_and_endless_archives_are_named(data, said):
    assert said in refusal(data)


@given(st.data())
def test_a_mutilated_archive_is_refused_or_read(data):
    whole = _tar.written(MEMBERS)[:3072]
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 3)))
    mutilated = whole[:start] + data.draw(st.binary(max_size=3)) + whole[end:]
    with suppress(TarError):
        _tar.read(_tar.unpacked(mutilated))
