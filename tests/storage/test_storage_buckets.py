"""The server that stands for S3 here decides who was first, really.

What is tested with it is worth as much as its conditions are. So they come first, asked in plain
HTTP, without a client that could hide what was answered.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from storage.buckets import asked

ROUNDS = 40
WRITERS = 4


@pytest.fixture
def contest(endpoint, bucket):
    """Let writers put different bodies under one condition at one moment; returns the statuses."""
    start = Barrier(WRITERS)

    def put(number, key, condition):
        start.wait(60)
        return asked(endpoint, "PUT", f"/{bucket}/{key}", b"%d" % number, **condition)[0]

    with ThreadPoolExecutor(WRITERS) as threads:

        def run(key, **condition):
            waiting = [threads.submit(put, number, key, condition) for number in range(WRITERS)]
            return [done.result(60) for done in waiting]

        yield run


def test_one_of_many_who_create_at_once_wins(contest, endpoint, bucket):
    for number in range(ROUNDS):
        statuses = contest(f"key {number}", If_None_Match="*")

        assert [200, 412, 412, 412] == sorted(statuses)
        winner = b"%d" % statuses.index(200)
        assert winner == asked(endpoint, "GET", f"/{bucket}/key {number}")[1]


def test_one_of_many_who_replace_at_once_wins(contest, endpoint, bucket):
    _, _, headers = asked(endpoint, "PUT", f"/{bucket}/key", b"nobody's")
    for number in range(ROUNDS):
        statuses = contest("key", If_Match=headers["ETag"])

        assert [200, 412, 412, 412] == sorted(statuses)
        assert b"%d" % statuses.index(200) == asked(endpoint, "GET", f"/{bucket}/key")[1]
        _, _, headers = asked(endpoint, "PUT", f"/{bucket}/key", b"nobody's %d" % number)


def test_a_condition_on_an_object_that_is_not_there_does_not_hold(endpoint, bucket):
    status, _, _ = asked(endpoint, "PUT", f"/{bucket}/key", b"", If_Match='"00"')

    assert 404 == status
    assert 404 == asked(endpoint, "GET", f"/{bucket}/key")[0]
