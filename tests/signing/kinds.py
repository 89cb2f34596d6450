"""One private key of every kind, and every way to write it to a file; each made once.

To derive a key from a passphrase takes as long as we could make it take. What is not
about that is tested with files that are ``light``: all the same, and no work.
"""

import subprocess
from functools import cache

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from signing.envelopes import sealed

from trustlib.signing import Algorithm, KeyFile, _files
from trustlib.signing._pem import pem
from trustlib.signing._private import pkcs8

PASSPHRASE = "correct horse"
SECRET = PASSPHRASE.encode()

EVERY = tuple(Algorithm)
CURVES = (Algorithm.ECDSA_P256, Algorithm.ECDSA_P384)
RSA = (Algorithm.RSA_3072, Algorithm.RSA_4096)
OLD = (*CURVES, Algorithm.RSA_3072)  # kinds that were there before PKCS#8
BEFORE_ML_DSA = (Algorithm.ED25519, *CURVES, *RSA)
SCHEMES = {
    Algorithm.ED25519: "ed25519",
    Algorithm.ECDSA_P256: "ecdsa-sha2-nistp256",
    Algorithm.ECDSA_P384: "ecdsa-sha2-nistp384",
    Algorithm.RSA_3072: "rsassa-pss-sha256",
    Algorithm.RSA_4096: "rsassa-pss-sha256",
    Algorithm.ML_DSA_44: "ml-dsa-44/1",
    Algorithm.ML_DSA_65: "ml-dsa-65/1",
    Algorithm.ML_DSA_87: "ml-dsa-87/1",
}


@cache
def private(algorithm):
    """The one key of that kind that these tests share; an RSA key takes a while to make."""
    return algorithm.generate()


@cache
def ours(algorithm):
    return _files.encrypted(private(algorithm), SECRET)


@cache
def light(algorithm):
    """The same form, with the least of scrypt."""
    return pem("ENCRYPTED PRIVATE KEY", sealed(pkcs8(private(algorithm)), SECRET))


def light_file(path, passphrase, algorithm=Algorithm.ED25519):
    """A key file of a new key, as :meth:`KeyFile.generate` makes them, and light."""
    made = algorithm.generate()
    raw = pem("ENCRYPTED PRIVATE KEY", sealed(pkcs8(made), passphrase.encode()))
    file = KeyFile(path)
    _files.created(file.path, raw, made)
    return file


def cryptography(algorithm, form=PrivateFormat.PKCS8, encryption=None):
    encryption = BestAvailableEncryption(SECRET) if encryption is None else encryption
    return private(algorithm).private_bytes(Encoding.PEM, form, encryption)


def plain(algorithm, form=PrivateFormat.PKCS8):
    return cryptography(algorithm, form, NoEncryption())


def openssl(*options):
    @cache
    def write(algorithm):
        return subprocess.run(
            ["openssl", *options, "-passout", f"pass:{PASSPHRASE}"],
            input=plain(algorithm),
            capture_output=True,
            check=True,
        ).stdout

    return write


pbkdf2 = openssl("pkcs8", "-topk8", "-iter", "10")
scrypt = openssl("pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16")


def traditional(cipher):
    return openssl("pkey", "-traditional", f"-{cipher}")


@cache
def openssh(algorithm):
    """As ssh-keygen writes it, but for one round of bcrypt; its own files have a test."""
    form = PrivateFormat.OpenSSH
    encryption = form.encryption_builder().kdf_rounds(1).build(SECRET)
    return cryptography(algorithm, form, encryption)


def plain_openssh(algorithm):
    return plain(algorithm, PrivateFormat.OpenSSH)


def plain_traditional(algorithm):
    return plain(algorithm, PrivateFormat.TraditionalOpenSSL)


def crossed(**groups):
    """Pairs of how to write and of what kind, and a name for each; openssl-* need the program."""
    return [
        (write, algorithm, f"{name}-{algorithm.value}")
        for name, (write, kinds) in groups.items()
        for algorithm in kinds
    ]


LOCKED = crossed(
    light=(light, EVERY),
    cryptography=(cryptography, EVERY),
    openssl_pbkdf2=(pbkdf2, BEFORE_ML_DSA),
    openssl_scrypt=(scrypt, BEFORE_ML_DSA),
    openssl_aes128=(traditional("aes128"), OLD),
    openssl_aes192=(traditional("aes192"), OLD),
    openssl_aes256=(traditional("aes256"), OLD),
    openssl_des3=(traditional("des3"), OLD),
    openssh=(openssh, BEFORE_ML_DSA),
)
BARE = crossed(
    pkcs8=(plain, EVERY),
    traditional=(plain_traditional, OLD),
    openssh=(plain_openssh, BEFORE_ML_DSA),
)
