"""What hostile bytes may cause, said as functions that raise if they cause more.

Each harness takes any bytes. It returns where trustlib answered as documented,
an error of its own included, and raises where something undocumented escaped
or where an answer differs from that of a slow and simple reference.
"""

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from building import compose_files, dockerfiles
from mutate import extracted
from repository import IMAGES, NOW, Served, original, signed_again, signed_in, signers

from trustlib import (
    TUF_JSON,
    TUF_JSON_RFC3339,
    Anchor,
    Digest,
    HashPrefixes,
    ImageReference,
    Key,
    MalformedError,
    MemoryStorage,
    NotFoundError,
    PathPatterns,
    PerOrganisation,
    PerRepository,
    Repository,
    Root,
    Signature,
    SigningError,
    SigningRequest,
    Snapshot,
    SuccinctRoles,
    Targets,
    Timestamp,
    TrustError,
    Updater,
)
from trustlib._canonical import canonical, compact
from trustlib._frozen import freeze
from trustlib._globs import matches
from trustlib._json import read
from trustlib._paths import plain, published, stored
from trustlib.registry._challenges import challenges as challenged
from trustlib.registry.credentials import Password, _kept, _quietly
from trustlib.registry.manifests import INDEXES, MEDIA_TYPES, parsed
from trustlib.signing import KeyFile, Label, UnencryptedKeyWarning, _age, _backup, _tar, pbes2
from trustlib.signing._legacy import LABELS, without_headers
from trustlib.signing._openssh import LABEL, private_file
from trustlib.signing._pem import pem, pem_block
from trustlib.storage._names import client_place
from trustlib.wire import key_in

PASSPHRASE = b"a passphrase"
_CHEAP = 2**14  # of N·r·p, or of PBKDF2 rounds; accepted files may ask for seconds
_FEW = 4  # rounds of bcrypt
_LITTLE = 6  # log2 of what age asks of scrypt
_LABELS = ("ENCRYPTED PRIVATE KEY", "PRIVATE KEY", LABEL, *LABELS, "PUBLIC KEY")


def check(truth: object, *what: object) -> None:
    """Raise if something is not as it must be; not ``assert``, which -O drops."""
    if not truth:
        raise AssertionError(*what)


# -- JSON and the roles -----------------------------------------------------------------


def strict_json(raw: bytes) -> None:
    """What is read is what the standard library reads, and is written back the same."""
    try:
        value = read(raw, "file").value
    except MalformedError:
        return
    check(_strictly(raw) == value, "another value than json's")
    check(_depth(value) <= 64, "nested too deeply")
    check(_reference(value) == canonical(value), "not canonical")
    check(_reference(value) == canonical(freeze(value)), "freezing changes it")
    check(value == read(compact(value).encode(), "again").value, "does not survive writing")


def roles(raw: bytes) -> None:
    """At most one kind of role fits; what is verified is what was received."""
    fits = 0
    for kind in (Root, Timestamp, Snapshot, Targets):
        try:
            document = TUF_JSON_RFC3339.parse(kind, raw)
        except MalformedError as error:
            str(error)
            continue
        fits += 1
        _agrees(document, raw)
        role = document.unverified
        check(_reference(_strictly(raw)["signed"]) == document.payload, "other bytes to verify")
        again = TUF_JSON.parse(kind, TUF_JSON.render(role, document.signatures))
        check(role == again.unverified, "does not survive writing", role, again.unverified)
        check(document.signatures == again.signatures, "signatures do not survive writing")
        check(TUF_JSON.payload(role) == again.payload, "signs other bytes than it writes")
        check(hash(role) == hash(again.unverified))
    check(fits <= 1, "two roles in one file")


def _agrees(document: Any, raw: bytes) -> None:
    """The strict reader says the same, or takes exception to how the time is spelled."""
    try:
        strict = TUF_JSON.parse(type(document.unverified), raw)
    except MalformedError as error:
        check(error.path == "$.signed.expires", "the wider reader is wider elsewhere", error.path)
    else:
        check(strict == document, "two readers, two documents")


def _strictly(raw: bytes) -> Any:
    """Return what *raw* spells; whatever must not be accepted is an AssertionError."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        check(len({name for name, _ in pairs}) == len(pairs), "a member twice")
        return dict(pairs)

    def never(text: str) -> None:
        check(None, "a fraction", text)

    return json.loads(
        raw.decode(), object_pairs_hook=members, parse_float=never, parse_constant=never
    )


def _depth(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, items), default=0) if isinstance(value, dict | list) else 0


def _reference(value: Any) -> bytes:
    """Canonical JSON, as slowly and simply as it can be said."""
    match value:
        case None | True | False:
            return {None: b"null", True: b"true", False: b"false"}[value]
        case int():
            return str(value).encode()
        case str():
            return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
        case list():
            return b"[" + b",".join(map(_reference, value)) + b"]"
        case dict():
            inner = (_reference(k) + b":" + _reference(value[k]) for k in sorted(value))
            return b"{" + b",".join(inner) + b"}"
    raise TypeError(type(value))


# -- keys and signatures ----------------------------------------------------------------


def keys(raw: bytes) -> None:
    """A key object is a key or is none; it never raises, and its material is one spelling."""
    with suppress(ValueError):
        _same_key(Key.from_pem(raw.decode("utf-8", "replace")))
    try:
        key = key_in(read(raw, "key"))
    except MalformedError:
        return
    check(len(key.id) == 64)
    for signature in (b"", b"\0" * 64, raw[:200]):
        check(not key.verifies(signature, b"payload"), "a signature out of nothing")
    if key.material is not None:
        _same_key(key)


def _same_key(key: Key) -> None:
    check(key.material is not None, "a key that does not count")
    from trustlib._schemes import _pem

    check(key.material == Key.from_pem(_pem(key.material)).material, "two spellings of one key")


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="trustlib-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _written(name: str, raw: bytes) -> Path:
    path = _folder() / f"{os.getpid()}.{name}"
    path.touch(mode=0o600)
    path.write_bytes(raw)
    return path


def key_files(raw: bytes) -> None:
    """A key file opens, or is refused with a SigningError.

    Bytes that are not text stand for what is inside: of which kind, the first one says.
    """
    if raw[:1] < b"\x08":
        raw = pem(_LABELS[raw[0] % len(_LABELS)] if raw else "X", raw[1:])
    path = _written("key", raw)
    file = KeyFile(path)
    file.public_path.unlink(missing_ok=True)
    with suppress(SigningError), catch_warnings():
        simplefilter("ignore", UnencryptedKeyWarning)
        _signs(file.unlock_unencrypted())
    if not _expensive(raw):
        with suppress(SigningError):
            _signs(file.unlock(PASSPHRASE))
    file.public_path.write_bytes(raw)
    with suppress(SigningError):
        _same_key(file.key)


def _signs(unlocked: Any) -> None:
    signature = unlocked.sign(b"payload")
    check(unlocked.key.verifies(signature.value, b"payload"), "signs what it cannot verify")


def _expensive(raw: bytes) -> bool:
    try:
        raw, _ = without_headers(raw, what="key")
        label, data = pem_block(raw, ("ENCRYPTED PRIVATE KEY", LABEL), what="key")
        if label == LABEL:
            return (private_file(data, what="key").rounds or 0) > _FEW
        kdf = pbes2.read(data, what="key").kdf
    except SigningError:
        return False
    if isinstance(kdf, pbes2._ScryptParameters):
        return kdf.n * kdf.r * kdf.p > _CHEAP
    return kdf.iterations > _CHEAP


def backups(raw: bytes) -> None:
    """A backup is keys, each under its own id, or is refused with a SigningError."""
    header = _age._HEADER.match(raw)
    if header is None or int(header[2]) <= _LITTLE:
        with suppress(SigningError):
            _age.decrypted(raw, PASSPHRASE, what="backup")
    with suppress(_tar.TarError):
        for member in _tar.read(_tar.unpacked(raw)):
            check(not {"", ".", ".."} & set(member.path), "leads elsewhere", member.path)
    with suppress(SigningError):
        for keyid, contents in _backup._unpacked(raw, what="backup").items():
            check(keyid == Key.from_pem(contents["key.pub"].decode()).id, "another key", keyid)
            label = Label.parse(contents["label.json"], what="label")
            check(label == Label.parse(label.rendered(), what="again"), "does not survive writing")


def signature_files(raw: bytes) -> None:
    """A signature file is a signature, or is refused with a MalformedError."""
    try:
        signature = Signature.read(_written("sig", raw))
    except MalformedError:
        return
    path = _folder() / "again.sig"
    signature.write(path)
    check(signature == Signature.read(path), "does not survive writing")


def requests(raw: bytes) -> None:
    """A signing request can be shown and carried on, or is refused with a MalformedError."""
    try:
        request = SigningRequest.read(_written("request", raw))
    except MalformedError:
        return
    shown = str(request)
    check(all(line.isprintable() for line in shown.split("\n")), "terminal control", shown)
    for signer in signers().values():
        with suppress(SigningError):
            check(request.asks(signer.key), request.sign(signer))
    path = _folder() / "again.request"
    request.write(path)
    check(request == SigningRequest.read(path), "does not survive writing")


# -- names ------------------------------------------------------------------------------


def patterns(raw: bytes) -> None:
    """Patterns, hash prefixes and bins answer as slow references do."""
    pattern, _, path = raw.decode("utf-8", "replace")[:600].partition("\n")
    expected = _matches(pattern, path)
    check(expected == matches(pattern, path), "another match", pattern, path)
    check(expected == PathPatterns((pattern,)).covers(path))
    digest = hashlib.sha256(path.encode()).hexdigest()
    prefixes = tuple(pattern.split(","))
    check(any(digest[: len(p)] == p for p in prefixes) == HashPrefixes(prefixes).covers(path))
    bits = len(pattern) % 32 + 1
    bins = SuccinctRoles(keyids=(), threshold=1, bit_length=bits, name_prefix=pattern)
    name = bins.bin_for(path)
    check(name in bins, name)
    check(int(name.rpartition("-")[2], 16) == int(f"{int(digest, 16):0256b}"[:bits], 2))
    if path in bins:
        check(f"{int(path.rpartition('-')[2], 16):0{(bits + 3) // 4}x}" == path.rpartition("-")[2])


def _matches(pattern: str, path: str) -> bool:
    fits = [True] + [False] * len(path)  # whether what was read of the pattern fits path[:i]
    for letter in pattern:
        before, fits = fits, [False] * len(fits)
        for i in range(len(fits)):
            if letter == "*":
                fits[i] = before[i] or (i > 0 and fits[i - 1] and path[i - 1] != "/")
            elif i > 0 and before[i - 1]:
                fits[i] = path[i - 1] == letter or (letter == "?" and path[i - 1] != "/")
    return fits[-1]


def file_names(raw: bytes) -> None:
    """Two roles never share a file, on no file system; and no name leads out of the store."""
    one, _, other = raw.decode("utf-8", "replace").partition("\n")
    files = [stored(name) for name in (one, other)]
    for name, file in zip((one, other), files, strict=True):
        check(file.isascii() and len(file) <= 255 and not set(file) & set('/\\:*?"<>|\0 '), file)
        check((file,) == client_place(file), file)
        check(plain(published(name, None)) == f"{name}.json")
        check("/" not in published(name, 3) and published(name, 3).isascii())
    check((one == other) == (files[0].casefold() == files[1].casefold()), one, other)
    check((one == other) == (published(one, None) == published(other, None)))


def references(raw: bytes) -> None:
    """A reference has one value, however it is spelled, or is refused with a ValueError."""
    text = raw.decode("utf-8", "surrogateescape")
    with suppress(ValueError):
        check(text == str(Digest.parse(text)), "a digest with two spellings")
    try:
        reference = ImageReference.parse(text)
    except ValueError:
        return
    check(reference == ImageReference.parse(str(reference)), "another image")
    check(reference == ImageReference.parse(reference.familiar), "another image, shortened")
    tagged = reference.without_digest().tagged()
    for naming in (PerOrganisation(reference.domain), PerRepository(reference.repository)):
        check(tagged == naming.reference(naming.target_path(tagged)), "another image, signed")
    with suppress(NotFoundError):
        PerOrganisation().target_path(tagged)


# -- registries -------------------------------------------------------------------------


def challenges(raw: bytes) -> None:
    """What a registry wants to know is read or left out, and what is read stands there."""
    headers = raw.decode("latin-1").split("\n")
    found = challenged(headers)
    check(len(found) <= 16, "too many challenges")
    said = raw.decode("latin-1").lower().replace("\\", "")
    for one in found:
        check(one.scheme == one.scheme.lower() and one.scheme in said, "a scheme of our own")
        for name, value in one.parameters.items():
            check(name == name.lower() and name in said, "a parameter of our own", name)
            check(value.lower().replace("\\", "") in said, "a value of our own", value)


def manifests(raw: bytes) -> None:
    """A manifest is of one kind, also for a reader who ignores the case of letters."""
    kinds = []
    for kind in MEDIA_TYPES:
        try:
            manifest = parsed(raw, kind, "manifest")
        except MalformedError as error:
            str(error)
            continue
        kinds.append(kind)
        value = {name.casefold(): member for name, member in _strictly(raw).items()}
        own = "manifests" if kind in INDEXES else "layers"
        entries = manifest.manifests if kind in INDEXES else manifest.layers
        check({"manifests", "layers"} & set(value) == {own}, "of two kinds")
        check(value.get("mediatype", kind) == kind, "of another kind")
        for entry, found in zip(value[own], entries, strict=True):
            folded = {name.casefold(): member for name, member in entry.items()}
            check(folded["digest"] == str(found.digest), "another digest")
            check(folded["size"] == found.size, "another size")
            check(folded["mediatype"] == found.media_type, "another kind of layer")
            data = found.data
            check(data is None or Digest.of(data, found.digest.algorithm) == found.digest)
        check(Digest.of(raw) == manifest.digest and raw == manifest.raw)
    is_index = {kind in INDEXES for kind in kinds}
    check(len(is_index) <= 1, "an image and a list of images", kinds)


def docker_configs(raw: bytes) -> None:
    """What is kept is found, or the file is refused; the error has nothing of what was there."""
    for domain in ("registry.example", "docker.io"):
        try:
            kept = _quietly(lambda name=domain: _kept(read(raw, "config.json"), name))
        except MalformedError as error:
            check(repr(error.got) == "something else", "a secret in an error")
            continue
        if isinstance(kept, Password):
            check(kept.basic.isascii() and kept.basic.isprintable(), "no header")


# -- the client -------------------------------------------------------------------------


def client(raw: bytes) -> None:
    """Without a key, nothing that was not signed is ever believed or stored."""
    files = extracted(raw)
    for remembered in ({}, original().remembered):
        storage = MemoryStorage(remembered)
        answers = _asked(original().anchor, files, storage)
        for image, binding in answers.items():
            check(_genuine()[image] == (binding.digest, binding.size), "a forged answer", image)
        for name, stored_file in storage.files.items():
            if "/" not in name:
                check(signed_in(stored_file) in original().signed, "a forged file", name)


def publisher(raw: bytes) -> None:
    """Whoever holds every key can lie, and still can cause nothing but a TrustError."""
    files = signed_again(extracted(raw))
    anchor = Anchor.root(files.get("1.root.json", b""))
    storage = MemoryStorage(original().remembered)
    for name in (*_asked(anchor, files, MemoryStorage()), *_asked(anchor, files, storage)):
        check(name in IMAGES)
    with suppress(TrustError):
        str(Repository.open(MemoryStorage(files), anchor=anchor))


def _asked(anchor: Anchor, files: dict[str, bytes], storage: MemoryStorage) -> dict[str, Any]:
    updater = Updater(anchor=anchor, transport=Served(files), storage=storage, clock=lambda: NOW)
    answers = {}
    for image in IMAGES:
        try:
            answers[image] = updater.resolve(image)
        except TrustError as error:
            str(error)
    return answers


@cache
def _genuine() -> dict[str, Any]:
    answers = _asked(original().anchor, original().files, MemoryStorage())
    return {image: (binding.digest, binding.size) for image, binding in answers.items()}


HARNESSES: dict[str, Callable[[bytes], None]] = {
    harness.__name__: harness
    for harness in (
        *(strict_json, roles, keys, key_files, backups, signature_files, requests),
        *(patterns, file_names, references, challenges, manifests, docker_configs),
        *(dockerfiles, compose_files, client, publisher),
    )
}
