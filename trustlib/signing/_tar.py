"""As much of tar (POSIX.1-1988 and -2001, GNU's long names) as a few small files need.

An archive is read into memory and nothing is ever extracted: who asked for it
looks at names and bytes first. Links, devices, sparse files, a name twice,
names that lead elsewhere, and whatever one reader may see and another not, are
errors.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from attrs import frozen

MAX_BYTES: Final = 16 * 2**20
"""Of an archive, unpacked."""

_BLOCK: Final = 512  # bytes
_RECORD: Final = 20 * _BLOCK
_LONGEST: Final = 4096  # bytes of a name, and of what extends a header
_PAX_LONGEST: Final = 65_536
_NAME: Final = 100  # bytes of the field
_SUM: Final = slice(148, 156)
_USTAR: Final = b"ustar\x0000"
_GNU: Final = b"ustar  \x00"
_FILE: Final = frozenset({b"0", b"\0"})
_DIRECTORY: Final = b"5"
_LONG_NAME: Final = b"L"
_EXTENDED: Final = b"x"
_OTHERS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"K": "a link with a long name",
    b"S": "a sparse file",
}
_GZIP: Final = 31  # zlib's window bits: gzip's header, and the largest window


class TarError(ValueError):
    """The bytes are not an archive that is read here."""


@frozen
class Member:
    """A file or directory in an archive.

    Attributes:
        path: the segments of its name; none is empty, ``.`` or ``..``.
        data: a file's bytes; None for a directory.
    """

    path: tuple[str, ...]
    data: bytes | None


def written(members: Iterable[Member]) -> bytes:
    """Return an archive of *members*: the same bytes for the same members.

    Raises:
        ValueError: a name is longer than 100 bytes.
    """
    parts: list[bytes] = []
    for member in members:
        data = b"" if member.data is None else member.data
        parts += (_header(member, len(data)), data, bytes(-len(data) % _BLOCK))
    length = sum(map(len, parts)) + 2 * _BLOCK
    return b"".join((*parts, bytes(2 * _BLOCK + -length % _RECORD)))


def unpacked(data: bytes) -> bytes:
    """Return *data*, uncompressed if it is gzip's.

    Raises:
        TarError: it is damaged, or longer than ``MAX_BYTES``.
    """
    if data.startswith(b"\x1f\x8b"):
        stream = zlib.decompressobj(_GZIP)
        try:
            data = stream.decompress(data, MAX_BYTES + 1)
        except zlib.error:
            data = b""
        if len(data) <= MAX_BYTES and (not stream.eof or stream.unused_data):
            raise TarError("what gzip packed is damaged or cut short")
    if len(data) > MAX_BYTES:
        raise TarError(f"more than {MAX_BYTES} bytes")
    return data


def read(data: bytes) -> tuple[Member, ...]:
    """Return what is in the archive *data*.

    Raises:
        TarError: it is damaged, cut short, or holds something else than files
            and directories with plain names.
    """
    reader, members, seen = _Reader(data), [], set[tuple[str, ...]]()
    while (member := reader.member()) is not None:
        if member.path in seen:
            raise TarError(f"{'/'.join(member.path)!r} twice")
        seen.add(member.path)
        if member.path:  # "./" is the directory that was packed
            members.append(member)
    return tuple(members)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def member(self) -> Member | None:
        """Return the next member, or None at the end."""
        name: bytes | None = None
        extended = False
        while True:
            header = self._take(_BLOCK)
            if not any(header):
                if extended or any(self._data[self._at :]):
                    raise TarError("something behind its end")
                return None
            kind, size = _checked(header), _octal(header[124:136])
            if extended or kind not in (_LONG_NAME, _EXTENDED):
                return self._plain(kind, size, _name(header) if name is None else name)
            extended = True
            if kind == _LONG_NAME:
                name = self._padded(size, _LONGEST).removesuffix(b"\0")
            else:
                name = _pax_path(self._padded(size, _PAX_LONGEST))

    def _plain(self, kind: bytes, size: int, name: bytes) -> Member:
        path = _path(name)
        if kind == _DIRECTORY and not size:
            return Member(path, None)
        if kind in _FILE and not name.endswith(b"/"):
            return Member(path, self._padded(size, MAX_BYTES))
        other = _OTHERS.get(kind, "something that is neither file nor directory")
        raise TarError(f"{'/'.join(path)!r} is {other}")

    def _padded(self, size: int, longest: int) -> bytes:
        if size > longest:
            raise TarError(f"a part of {size} bytes")
        return self._take(size + -size % _BLOCK)[:size]

    def _take(self, length: int) -> bytes:
        if length > len(self._data) - self._at:
            raise TarError("it is cut short")
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]


def _header(member: Member, size: int) -> bytes:
    name = "/".join(member.path).encode() + (b"/" if member.data is None else b"")
    if len(name) > _NAME:
        raise ValueError(f"a name of {len(name)} bytes")
    mode, kind = (b"0000700", _DIRECTORY) if member.data is None else (b"0000600", b"0")
    fields = (
        *(name.ljust(_NAME, b"\0"), mode + b"\0", b"0000000\0", b"0000000\0"),
        *(b"%011o\0" % size, b"00000000000\0", b" " * 8, kind, bytes(100), _USTAR),
        bytes(64),
        *(b"0000000\0", b"0000000\0", bytes(167)),
    )
    header = b"".join(fields)
    return header[: _SUM.start] + b"%06o\0 " % sum(header) + header[_SUM.stop :]


def _checked(header: bytes) -> bytes:
    """Return the kind of member that *header* begins."""
    without = header[: _SUM.start] + b" " * 8 + header[_SUM.stop :]
    if _octal(header[_SUM]) != sum(without) or header[257:265] not in (_USTAR, _GNU):
        raise TarError("a header is damaged, or it is no tar archive")
    return header[156:157]


def _octal(text: bytes) -> int:
    digits = text.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise TarError("a number that is not octal")
    return int(digits, 8)


def _name(header: bytes) -> bytes:
    name = header[:_NAME].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0]
    return prefix + b"/" + name if prefix and header[257:265] == _USTAR else name


def _pax_path(records: bytes) -> bytes | None:
    """Return the name that an extended header gives, or None if it gives none."""
    path = None
    while records:
        length, space, _ = records.partition(b" ")
        if not space or not length.isdigit() or len(length) > len(str(_PAX_LONGEST)):
            raise TarError("an extended header is damaged")
        record, records = records[: int(length)], records[int(length) :]
        key, equals, value = record[len(length) + 1 :].partition(b"=")
        if len(record) != int(length) or not equals or not value.endswith(b"\n"):
            raise TarError("an extended header is damaged")
        if key in (b"size", b"linkpath") or key.startswith(b"GNU.sparse"):
            raise TarError("a link, a sparse file, or a size in an extended header")
        if key == b"path":
            if path is not None:
                raise TarError("two names in an extended header")
            path = value[:-1]
    return path


def _path(name: bytes) -> tuple[str, ...]:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise TarError("a name that is not UTF-8") from None
    if len(name) > _LONGEST or not text.isprintable() or "\\" in text:
        raise TarError("a name that no key store has")
    segments = text.removesuffix("/").split("/")
    while segments[:1] == ["."]:
        del segments[0]
    if not {"", ".", ".."}.isdisjoint(segments) or not text:
        raise TarError(f"the name {text[:80]!r}, which leads elsewhere")
    return tuple(segments)
