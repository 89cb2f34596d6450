"""What runs on a signer's machine: a process with a directory, a clock, and one person.

The person is asked for the passphrase on the standard input, and only if there
is something to sign; who has nothing to say there was not to be asked.
"""

import sys
from datetime import datetime
from pathlib import Path

from trustlib import SigningError, SigningRequest
from trustlib.signing import KeyFile


def main(now):
    key, unlocked = KeyFile("my.key"), None
    for path in sorted(Path().glob("*.request")):
        request = SigningRequest.read(path)
        try:
            request.wanted_of(key.key, now=now)
        except SigningError as error:
            print(f"refused: {error}")
            continue
        print(request)
        if unlocked is None:
            unlocked = key.unlock(sys.stdin.readline().rstrip("\n"))
        request.sign(unlocked).write(path.with_suffix(".sig"))


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
