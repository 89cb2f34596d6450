"""What the fixtures of the pytest plugin hand out: a repository to publish in, and an attack.

Both serve HTTP on the loopback network, at the time that it is; so the tool that is
tested needs to know nothing of tests.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Timer
from types import TracebackType
from typing import Self

from attrs import define, field

from trustlib._types import TargetPath
from trustlib.testing.attacks import CATALOGUE, OVER_HTTP, PATIENT, Attack
from trustlib.testing.possessions import Possession, mountable_with
from trustlib.testing.servers.files import FileServer
from trustlib.testing.siege import (
    Client,
    HungError,
    Judgement,
    Place,
    Refusals,
    Siege,
    Verdict,
    judged,
)
from trustlib.testing.simulator import Simulator


@define
class Clock:
    """A clock that goes on when it is told to: call it to know what it says."""

    now: datetime = field(factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        """Return what it says."""
        return self.now

    def advance(self, **by: float) -> None:
        """Let some time pass: ``advance(days=1)``."""
        self.now += timedelta(**by)


class TrustRepository:
    """A repository that is published over HTTP, and an attacker who owns the network.

    Attributes:
        simulator: everything as it is now. It may be replaced by what comes of one
            of its steps; what is served changes with it.
        server: where it is served, and what was asked for.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.server = FileServer()
        self.simulator = Simulator.create(now=clock.now).giving(Possession.NETWORK)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, raised, trace)

    @property
    def simulator(self) -> Simulator:
        """Everything as it is now."""
        return self._simulator

    @simulator.setter
    def simulator(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.server.files = simulator.files
        listed = simulator.world.targets.targets
        self.server.artifacts = {
            **simulator.artifacts,
            **{
                _hashed(path, digest): simulator.artifacts[path]
                for path, target in listed.items()
                for digest in target.hashes.values()
                if path in simulator.artifacts
            },
        }

    @property
    def root(self) -> bytes:
        """The root to ship with the tool."""
        return self.simulator.root

    @property
    def url(self) -> str:
        """Where the metadata is; ends in a slash."""
        return self.server.metadata_url

    @property
    def targets_url(self) -> str:
        """Where the artifacts are; ends in a slash."""
        return self.server.targets_url

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Sign what tags, or paths, stand for: ``{"acme/app:1.4": b"…"}``, and serve it."""
        self.simulator = self.simulator.publishing(files)

    def renew(self) -> None:
        """Sign everything again."""
        self._then(lambda now: now.renewing())

    def replay(self, publications_ago: int = 1) -> None:
        """Serve what was there so many publications ago, to the byte."""
        self._then(lambda now: now.replaying(-publications_ago))

    def withhold(self, *paths: str) -> None:
        """Serve everything but the metadata at *paths*."""
        self._then(lambda now: now.withholding(*paths))

    def replace(self, path: str, raw: bytes) -> None:
        """Serve *raw* in the place of the metadata at *path*."""
        self._then(lambda now: now.replacing({path: raw}))

    def calm_down(self) -> None:
        """Serve the honest repository again."""
        self._then(lambda now: now.calming())

    def _then(self, step: Callable[[Simulator], Simulator]) -> None:
        passed = self.clock.now - self.simulator.now
        self.simulator = step(self.simulator.later(seconds=passed.total_seconds()))


def _hashed(path: TargetPath, digest: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{digest}.{name}"


def mountable() -> tuple[Attack, ...]:
    """Return the attacks of whoever owns the network that a client must withstand as it is."""
    now = datetime.now(UTC)
    return tuple(
        attack
        for attack in (*mountable_with(Possession.NETWORK), *OVER_HTTP)
        if not attack.beyond and not Siege.at(attack, now).needless
    )


def judgements_of(noted: Iterable[tuple[str, str, str]]) -> dict[str, list[Judgement]]:
    """Return the judgements of which client, attack and verdict were *noted*, by their names."""
    attacks = {attack.name: attack for attack in (*CATALOGUE, *OVER_HTTP, *PATIENT)}
    judged: dict[str, list[Judgement]] = {}
    for client, attack, verdict in noted:
        judgement = Judgement(attack=attacks[attack], verdict=Verdict[verdict])
        judged.setdefault(client, []).append(judgement)
    return judged


@define(eq=False)
class MountedAttack:
    """One attack of the catalogue, ready for a client.

    Attributes:
        note: is told what became of it.
    """

    attack: Attack
    server: FileServer
    note: Callable[[Judgement], None]

    def withstood_by(
        self, client: Client, *, refusing: Refusals = Exception, patience: float = 60.0
    ) -> Judgement:
        """Return what became of the attack, if *client* withstood it.

        Args:
            client: is called once for each act with a
                :class:`~trustlib.testing.siege.Place`, and must remember what it
                learned from one call to the next. It returns the artifact, or raises.
            refusing: what it raises when it refuses; with anything else, it crashes.
            patience: seconds after which whoever still asks is cut off, and hung.

        Raises:
            AssertionError: it was deceived, or crashed, or fails without need.
        """
        judgement = judged(
            Siege.at(self.attack, datetime.now(UTC)),
            partial(_cut_off, client, self.server, patience),
            self.server,
            refusing=refusing,
        )
        self.note(judgement)
        if not judgement.verdict.good:
            raise AssertionError(str(judgement))
        return judgement


def _cut_off(client: Client, server: FileServer, patience: float, place: Place) -> bytes:
    """Return what *client* fetches, from a server that listens to it for so long only."""
    timer = Timer(patience, server.cut_off)
    timer.daemon = True
    timer.start()
    try:
        return client(place)
    finally:
        timer.cancel()
        timer.join()  # for what it has begun
        late, server.deaf = server.deaf, False
        if late:
            raise HungError(f"not done after {patience:g} seconds")
