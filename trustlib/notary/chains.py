"""Whether a pinned authority issued a certificate, itself or through others.

What readers of this format check is what Go checks for a web server's
certificate, names excepted: so a leaf that says what it is for says that it is
for servers. That the certificates which its own programs make do not say that
is how it is: those are pinned one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from trustlib.notary.certificates import BROKEN, Certificate
from trustlib.publish.opening import BEGINNING

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
_SERVER: Final = frozenset(
    {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
)


def issued(
    leaf: Certificate,
    above: Sequence[Certificate],
    authorities: Sequence[Certificate],
    now: datetime,
) -> bool:
    """Return whether one of *authorities* issued *leaf*, itself or through some of *above*."""
    if not _may_be_used(leaf, now):
        return False
    trusted = [one for one in authorities if _may_issue(one, now) and one.weakness is None]
    usable = [one for one in above if _may_issue(one, now) and one.weakness is None]
    # Each certificate is reached once, by a shortest way: what is above it does not depend on it,
    # and a short way keeps within more limits than a long one.
    reached, frontier = {leaf.der}, [leaf]
    for below in range(len(usable) + 1):
        if any(_issued(one, by, below) for one in frontier for by in trusted):
            return True
        frontier = [
            by
            for by in usable
            if by.der not in reached and any(_issued(one, by, below) for one in frontier)
        ]
        reached.update(by.der for by in frontier)
    return False


def _issued(one: Certificate, by: Certificate, below: int) -> bool:
    """Return whether *by* issued *one*, and may, with so many authorities *below* it."""
    try:
        limits = by.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value
        if limits.path_length is not None and limits.path_length < below:
            return False
        one.parsed.verify_directly_issued_by(by.parsed)
    except (*BROKEN, InvalidSignature, x509.ExtensionNotFound):
        return False
    return True


def _may_be_used(one: Certificate, now: datetime) -> bool:
    if now != BEGINNING and not one.begins <= now <= one.ends:
        return False
    try:
        extensions = one.parsed.extensions
        if any(found.critical and found.oid not in _UNDERSTOOD for found in extensions):
            return False
        if any(found.oid == ExtensionOID.NAME_CONSTRAINTS for found in extensions):
            return False  # an authority for some names only; we compare none of the names it means
        uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except BROKEN:
        return False
    return not _SERVER.isdisjoint(uses)


def _may_issue(one: Certificate, now: datetime) -> bool:
    if not one.authority or not _may_be_used(one, now):
        return False
    try:
        usage = one.parsed.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except BROKEN:
        return False
    return usage.key_cert_sign
