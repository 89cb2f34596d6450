"""An example that is imported once and run often: each run is a process of its own, at a terminal.

What a run is given comes as a line of JSON; its exit status goes back as a line.
"""

import fcntl
import importlib
import json
import os
import sys
import termios
import traceback
from pathlib import Path


def serve(script: Path) -> None:
    sys.path.insert(0, str(script.parent))
    main = importlib.import_module(script.stem).main
    for later in ("securesystemslib.signer", "urllib3", "trustlib.transport.exchange"):
        importlib.import_module(later)  # what is imported when it is first needed
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            run(main, asked)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps(status), flush=True)


def run(main, asked) -> None:
    """Run *main* as a program that was started at the terminal, and never return."""
    status = 99
    try:
        os.setsid()
        terminal = os.open(asked["terminal"], os.O_RDWR)
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        for number in range(3):
            os.dup2(terminal, number)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, closefd=False)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(asked["directory"])
        status = main(asked["arguments"])
    except SystemExit as error:
        status = int(error.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
