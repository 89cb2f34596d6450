"""Files of age, part by part."""

import hmac

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from trustlib.signing import _age

PASSPHRASE = b"correct horse battery staple"


def written(data, *, work=1, passphrase=PASSPHRASE, mac=None, wrapped=None, chunks=None):
    """A file with the parts that a test wants otherwise; its passphrase costs nothing."""
    file_key, salt, nonce = bytes(range(16)), b"s" * 16, b"n" * 16
    if wrapped is None:
        key = _age._wrapping(passphrase, salt, work if work <= 18 else 1)
        wrapped = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %s %d\n%s\n---" % (
        _age._text(salt),
        work,
        _age._text(wrapped),
    )
    made = hmac.digest(_age._derived(file_key, b"", b"header"), header, "sha256")
    cipher = ChaCha20Poly1305(_age._derived(file_key, nonce, b"payload"))
    pieces = [(data, True)] if chunks is None else chunks
    payload = b"".join(
        cipher.encrypt(_age._nonce(number, last=last), piece, None)
        for number, (piece, last) in enumerate(pieces)
    )
    return header + b" " + _age._text(made if mac is None else mac) + b"\n" + nonce + payload
