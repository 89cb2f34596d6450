"""The file of ``notary key export``: one block for each key, still encrypted.

A header says where the block came from. It is taken for the name of a key and
never becomes a path. The file is looked at completely before anything of it
is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId
from trustlib.errors import SigningError
from trustlib.notary.keys import _blocks, _sealing
from trustlib.notary.keys._blocks import Block
from trustlib.notary.keys._places import SUFFIX, Place
from trustlib.notary.keys.file import NotaryKeyFile
from trustlib.signing._forms import Bare

MAX_BYTES: Final = 8 * 2**20
"""Of a bundle: some sixteen thousand keys."""


def bundled(files: Iterable[NotaryKeyFile]) -> bytes:
    """Return the bundle of *files*, byte by byte what Notary writes for them.

    Raises:
        SigningError: one of them cannot be read, is damaged, or not encrypted.
    """
    return b"".join(_exported(file) for file in files)


def unbundled(data: bytes, *, what: str) -> FrozenMap[KeyId, bytes]:
    """Return the key files in *data*, by their names.

    Raises:
        SigningError: it is no bundle; or a block in it is damaged, not
            encrypted, without a name, or there twice.
    """
    found: dict[KeyId, bytes] = {}
    for number, block in enumerate(_blocks.blocks(data, _blocks.PRIVATE, what=what), 1):
        within = f"{what}, block {number}"
        keyid, file = _imported(block, what=within)
        if keyid in found:
            raise SigningError(
                within,
                f"is the key {keyid}, which is in the bundle already: take one of the two out",
            )
        found[keyid] = file
    return FrozenMap(found)


def _exported(file: NotaryKeyFile) -> bytes:
    block, what = _sealing.read(file.path), str(file.path)
    if isinstance(_sealing.form(block, what=what), Bare):
        raise SigningError(what, "is not encrypted, so it is not exported; encrypt() it first")
    said = {_blocks.PATH: file.id, _blocks.ROLE: file.role, _blocks.GUN: file.gun}
    headers = {name: value for name, value in said.items() if value is not None}
    return Block(block.label, block.content, block.headers.including(headers)).rendered()


def _imported(block: Block, *, what: str) -> tuple[KeyId, bytes]:
    if isinstance(_sealing.form(block, what=what), Bare):
        raise SigningError(what, "is not encrypted; bring such a key in with add_unencrypted()")
    path = block.said(_blocks.PATH)
    if path is None:
        raise SigningError(
            what, "does not say which key it is; bring it in with add(), and its passphrase"
        )
    place = Place.parse(tuple(path.removesuffix(SUFFIX).split("/")), what=what)
    said = {_blocks.ROLE: place.role, _blocks.GUN: place.gun}
    headers = {name: value for name, value in said.items() if value is not None}
    kept = block.headers.excluding(_blocks.PATH).including(headers)
    return place.id, Block(block.label, block.content, kept).rendered()
