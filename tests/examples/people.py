"""People who sit at terminals and type commands, passphrases and answers."""

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from attrs import define, field, frozen
from plain.environment import PLAINLY

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "correct horse battery staple"
"""What people type wherever they are asked for a passphrase, unless they mean to be wrong."""

ASKED = re.compile(r"(?:(?i:passphrase) for [^\n]*|The same once more): $")
YES_OR_NO = re.compile(r"\[y/N\] $")
_PATIENCE = 60


@define
class Warm:
    """A command line that is imported already, so that a run takes little more than its work.

    Attributes:
        script: what it is.
        hidden: a directory with what is to be imported instead of what is installed.
    """

    script: Path = EXAMPLES / "docker_trust.py"
    hidden: Path | None = None
    _process: subprocess.Popen = field(init=False)

    def __attrs_post_init__(self):
        paths = filter(None, (self.hidden, PLAINLY["PYTHONPATH"]))
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("warm.py"), self.script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=PLAINLY | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        )

    def started(self, arguments, directory, environment, terminal):
        asked = {
            "arguments": arguments,
            "directory": str(directory),
            "environment": environment,
            "terminal": terminal,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._process.stdout

    def close(self):
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        self._process.stdout.close()


@frozen
class Ran:
    """What was on the screen, and how it ended."""

    status: int
    screen: str

    @property
    def last(self) -> str:
        return self.screen.rstrip("\n").rpartition("\n")[2]


@define
class Person:
    """Somebody with a directory of their own, who answers what they are asked.

    Attributes:
        name: who.
        directory: their home, and where they are.
        registry: the domain of the registry without TLS that they use.
        warm: what they run.
        environment: of their shell.
    """

    name: str
    directory: Path
    registry: str
    warm: Warm
    environment: dict[str, str] = field(factory=dict)
    seen: str = field(default="", init=False)

    def __attrs_post_init__(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        usual = {
            "HOME": str(self.directory),
            "USER": self.name,
            "LOGNAME": self.name,
            "PATH": os.environ["PATH"],
            "TERM": "dumb",
            "PYTHONWARNINGS": "error",
        }
        self.environment = usual | self.environment

    def docker_trust(self, *arguments: str, typing=(), yes=True, **environment: str) -> Ran:
        """Run the command; type *typing* where something is asked, and then what is right."""
        human, other = os.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        try:
            ended = self.warm.started(
                ["--insecure-registry", self.registry, *arguments],
                self.directory,
                self.environment | environment,
                os.ttyname(other),
            )
            answers, screen, answered = list(typing), "", 0
            until = time.monotonic() + _PATIENCE
            while True:
                ready = select.select([human, ended], [], [], max(0, until - time.monotonic()))[0]
                assert ready, f"it waits, and shows {screen!r}"
                if human in ready:
                    screen += os.read(human, 65536).decode()
                elif ended in ready:
                    break
                fresh = screen.replace("\r\n", "\n")[answered:]
                if ASKED.search(fresh) or YES_OR_NO.search(fresh):
                    usual = SECRET if ASKED.search(fresh) else "ny"[yes]
                    answered = len(screen.replace("\r\n", "\n"))
                    self._typed(
                        human, other, answers.pop(0) if answers else usual, ASKED.search(fresh)
                    )
            status = json.loads(ended.readline())
            while select.select([human], [], [], 0)[0]:
                screen += os.read(human, 65536).decode()
        finally:
            os.close(human)
            os.close(other)
        self.seen += screen
        return Ran(status, screen.replace("\r\n", "\n").replace("\r", ""))

    def _typed(self, human, other, text, secret):
        # A passphrase is not typed before the terminal is silent; that it will be, is tested.
        while secret and termios.tcgetattr(other)[3] & termios.ECHO:
            time.sleep(0.001)
        os.write(human, (text if text == "\x03" else f"{text}\n").encode())

    def shell(self, command: str) -> Ran:
        """Run *command* as a shell does, without a terminal."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        return Ran(done.returncode, done.stdout)
