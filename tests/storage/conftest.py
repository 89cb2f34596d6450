"""A server with buckets, for all tests of this run that ask for it."""

import pytest
from storage.buckets import new_bucket, s3_server


@pytest.fixture(scope="session")
def endpoint():
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket(endpoint):
    return new_bucket(endpoint)
