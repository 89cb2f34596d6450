"""One question to an agent and its answer, bounded in bytes and in time.

The time is for the whole of it, so an agent that drips does not hold us longer
than one that is silent.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Final

from trustlib.errors import SigningError
from trustlib.signing import _ssh_wire

_MAX: Final = 256 * 1024  # bytes of a message, as OpenSSH's agent has it
_LENGTH: Final = 4  # bytes before each message


def answer(path: Path, message: bytes, *, seconds: float) -> tuple[int, bytes]:
    """Return the kind and the contents of what the agent at *path* says to *message*.

    Raises:
        SigningError: it cannot be reached, says nothing in time, or too much;
            or *message* is longer than agents read.
    """
    if len(message) > _MAX:
        raise SigningError(
            str(path),
            f"agents sign what fits into {_MAX} bytes with the key, and this has {len(message)};"
            " use a key file or a token for so large a role",
        )
    end = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
            agent.settimeout(seconds)
            agent.connect(str(path))
            agent.sendall(_ssh_wire.string(message))
            length = int.from_bytes(_received(agent, _LENGTH, end))
            if 1 <= length <= _MAX:
                said = _received(agent, length, end)
                return said[0], said[1:]
        problem = f"answers with {length} bytes, expected 1 to {_MAX}"
    except TimeoutError:
        problem = f"did not answer within {seconds:g} seconds"
    except (EOFError, BrokenPipeError, ConnectionResetError):
        problem = f"hung up when it was sent {len(message)} bytes; some agents read only small ones"
    except (OSError, AttributeError) as error:  # AttributeError: no Unix sockets here
        reason = getattr(error, "strerror", None) or str(error)
        problem = f"cannot be reached: {reason}; is an ssh-agent running there?"
    raise SigningError(str(path), problem)


def _received(agent: socket.socket, length: int, end: float) -> bytes:
    data = bytearray()
    while len(data) < length:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        agent.settimeout(left)
        more = agent.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return bytes(data)
