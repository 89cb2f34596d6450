"""Envelopes of PBES2, part by part, with whatever parameters a test wants."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from trustlib.signing._der import OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, der, der_integer

SCRYPT = "2b06010401da47040b"
PBKDF2 = "2a864886f70d01050c"
PBES2 = "2a864886f70d01050d"
AES_256 = "60864801650304012a"
SALT = b"eight by"


def algorithm(identifier, *parameters):
    return der(SEQUENCE, der(OBJECT_IDENTIFIER, bytes.fromhex(identifier)), *parameters)


def scrypt(n, r, p, *rest, salt=SALT):
    numbers = (der_integer(number) for number in (n, r, p, *rest))
    return algorithm(SCRYPT, der(SEQUENCE, der(OCTET_STRING, salt), *numbers))


def pbkdf2(iterations, *rest, salt=SALT):
    return algorithm(PBKDF2, der(SEQUENCE, der(OCTET_STRING, salt), der_integer(iterations), *rest))


def aes(identifier=AES_256, iv=b"\x00" * 16):
    return algorithm(identifier, der(OCTET_STRING, iv))


def envelope(kdf, scheme=None, ciphertext=b"\x00" * 32, outer=PBES2):
    scheme = aes() if scheme is None else scheme
    return der(
        SEQUENCE, algorithm(outer, der(SEQUENCE, kdf, scheme)), der(OCTET_STRING, ciphertext)
    )


def sealed(data, passphrase):
    """An envelope that holds *data*, as we write it, but for a derivation that takes no time."""
    kdf = Scrypt(salt=SALT, length=32, n=2, r=1, p=1).derive(passphrase)
    padder, cipher = PKCS7(128).padder(), Cipher(AES(kdf), CBC(bytes(16))).encryptor()
    padded = padder.update(data) + padder.finalize()
    return envelope(scrypt(2, 1, 1), aes(), cipher.update(padded) + cipher.finalize())
