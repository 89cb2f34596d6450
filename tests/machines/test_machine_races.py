"""Whenever another process completes a newer update, nothing of it is lost."""

from itertools import count

from core.worlds import NOW, World, answer_to, carried_out, grant, targets_role
from machines.judge import version

from trustlib import Anchor, Limits
from trustlib.wire import TUF_JSON
from trustlib.workflow import find, refresh

FILES = ("root.json", "timestamp.json", "snapshot.json", "targets.json", "a.json")


def history():
    """Three states of a repository."""
    first = World.create().delegating(grant("a", "x"), a=targets_role("x"))
    second = first.rotated().next()
    return first, second, second.rotated().next()


def searching(world):
    """An update and a search, as one conversation."""
    anchor = Anchor.root(world.roots()["1.root.json"])
    trusted = yield from refresh(anchor, now=NOW, limits=Limits(), format=TUF_JSON)
    return (yield from find(trusted, "x", limits=Limits(), known={}))


def interrupted(world, newer, store, moment):
    """Search in *world*; before effect *moment*, if there is one, it becomes *newer*.

    Somebody else sees it first. Returns whether there is that effect.
    """
    workflow, answer, files = searching(world), None, world.files()
    for number in count():
        try:
            effect = workflow.send(answer)
        except StopIteration:
            return number > moment
        if number == moment:
            files |= newer.files()
            carried_out(searching(newer), files, store)
        answer = answer_to(effect, files, store)
    raise AssertionError


def test_an_update_that_another_one_overtakes_at_any_moment_undoes_nothing_of_it():
    """P79."""
    first, second, third = history()
    begun = {}
    carried_out(searching(first), first.files(), begun)

    for moment in count():
        store = dict(begun)
        if not interrupted(second, third, store, moment):
            break
        assert dict.fromkeys(FILES, 3) == {file: version(store[file]) for file in FILES}
    assert moment > 15
