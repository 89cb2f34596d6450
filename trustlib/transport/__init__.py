"""Ways to read a repository's files; each is a :class:`trustlib.ports.Transport`."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.transport.directory import DirectoryTransport
    from trustlib.transport.http import HttpTransport
    from trustlib.transport.mirrors import Mirrors
    from trustlib.transport.offline import Offline
    from trustlib.transport.policies import (
        NO_REDIRECTS,
        NO_RETRIES,
        SAME_ORIGIN,
        TO_ANY_SECURE_ORIGIN,
        Pool,
        Redirects,
        Retries,
        Timeouts,
        Tls,
        redirects_to,
    )
    from trustlib.transport.sequential import Sequential
    from trustlib.transport.threads import Threaded, awaited

__all__ = [
    "NO_REDIRECTS",
    "NO_RETRIES",
    "SAME_ORIGIN",
    "TO_ANY_SECURE_ORIGIN",
    "DirectoryTransport",
    "HttpTransport",
    "Mirrors",
    "Offline",
    "Pool",
    "Redirects",
    "Retries",
    "Sequential",
    "Threaded",
    "Timeouts",
    "Tls",
    "awaited",
    "redirects_to",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.transport.directory": "DirectoryTransport",
            "trustlib.transport.http": "HttpTransport",
            "trustlib.transport.mirrors": "Mirrors",
            "trustlib.transport.offline": "Offline",
            "trustlib.transport.policies": (
                "NO_REDIRECTS NO_RETRIES SAME_ORIGIN TO_ANY_SECURE_ORIGIN Pool Redirects "
                "Retries Timeouts Tls redirects_to"
            ),
            "trustlib.transport.sequential": "Sequential",
            "trustlib.transport.threads": "Threaded awaited",
        },
    )
