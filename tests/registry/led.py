"""Two publishers, led step by step through every order in which their requests may arrive.

A conversation is a generator, so it stands still wherever a test wants it to.
"""

from attrs import define, field
from registry.honest import heard

from trustlib import TrustError
from trustlib.publish.storing import PutAll, Read
from trustlib.transport.exchange import Question


@define
class Led:
    """One publisher.

    Attributes:
        speaking: what it has to say.
        registry: to whom.
        everywhere: stand still before every request; else only before those
            that others can notice. What is uploaded has the name of its hash,
            so it does not matter when that is done.
        done, result, error: how it ended.
    """

    speaking: object
    registry: object
    everywhere: bool = False
    done: bool = False
    result: object = None
    error: TrustError | None = None
    _pending: object = field(init=False, default=None)

    def __attrs_post_init__(self):
        self._on(None)

    def step(self):
        """Let the registry answer one request, and go on to the next one."""
        self._on(heard(self.registry, self._pending))

    def _on(self, answer):
        try:
            self._pending = self.speaking.send(answer)
            while not self._stands_still():
                asked = self._pending
                question = isinstance(asked, Question)
                answer = heard(self.registry, asked) if question else None
                self._pending = self.speaking.send(answer)
        except StopIteration as finished:
            self.done, self.result = True, finished.value
        except TrustError as error:
            self.done, self.error = True, error

    def _stands_still(self):
        asked = self._pending
        if not isinstance(asked, Question):
            return False
        return self.everywhere or "/blobs/" not in asked.hop.url

    def stopped_after(self, steps):
        """Let so many requests be answered, and then kill it; return whether it had ended."""
        for _ in range(steps):
            if self.done:
                break
            self.step()
        self.speaking.close()
        return self.done


def publishing(publication, shelf):
    """Apply a publication, as a conversation; returns its receipt."""
    job, answer = publication._applied_at_once(), None
    while True:
        try:
            asked = job.send(answer)
        except StopIteration as finished:
            return finished.value
        match asked:
            case PutAll(files, dropping, path, replacing):
                answer = yield from shelf.write_all(files, dropping, path, replacing)
            case Read(path):
                answer = yield from shelf.read(path)


def every_order(run):
    """Yield what *run* returns for every order of turns.

    It is given a function that chooses one of those who have not finished.
    """
    path = []
    while True:
        taken = []

        def choose(alive, taken=taken, path=path):
            index = path[len(taken)] if len(taken) < len(path) else 0
            taken.append((index, len(alive)))
            return alive[index]

        yield run(choose)
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        path = [index for index, _ in taken]
        path[-1] += 1


def led_to_their_ends(leds, choose):
    while alive := [one for one in leds if not one.done]:
        choose(alive).step()
