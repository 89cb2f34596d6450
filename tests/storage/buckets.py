"""Buckets on a server of their own, for whoever tests what many machines do to one bucket.

Everything is made from plain strings, so that processes can be told where their bucket is::

    with s3_server() as endpoint:
        bucket = new_bucket(endpoint)
        storage = bucket_storage(endpoint, bucket)
"""

import contextlib
import secrets
import subprocess
import sys
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

from obstore.store import S3Store
from storage.bucket_server import ACCESS, SECRET

from trustlib.storage import ObjectStorage

SIGNED = (
    f"AWS4-HMAC-SHA256 Credential={ACCESS}/20260101/us-east-1/s3/aws4_request,"
    " SignedHeaders=host, Signature=00"
)


@contextlib.contextmanager
def s3_server():
    """An S3 server on the loopback network; yields its URL. It ends with this process."""
    program = Path(__file__).with_name("bucket_server.py")
    process = subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def asked(endpoint, method, path, body=b"", **headers):
    """Ask the server in plain HTTP, as one who may write; returns the status and the body."""
    connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    try:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, quote(path), body, {"Authorization": SIGNED, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def new_bucket(endpoint):
    """Make a bucket that everybody may read, and return its name."""
    bucket = f"bucket-{secrets.token_hex(6)}"
    status, said, _ = asked(endpoint, "PUT", f"/{bucket}", x_amz_acl="public-read")
    assert 200 == status, said
    return bucket


def bucket_store(endpoint, bucket, *, access=ACCESS, retries=3, timeout="30s", via=None):
    """obstore's idea of the bucket, with patience for tests.

    *via* names what is wrong with the way there: see bucket_server.py.
    """
    return S3Store(
        bucket,
        endpoint=endpoint if via is None else f"{endpoint}/{via}",
        access_key_id=access,
        secret_access_key=SECRET,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "timeout": timeout, "connect_timeout": "5s"},
        retry_config={
            "max_retries": retries,
            "retry_timeout": timedelta(seconds=20),
            "backoff": {
                "init_backoff": timedelta(milliseconds=5),
                "max_backoff": timedelta(milliseconds=50),
                "base": 2,
            },
        },
    )


def bucket_storage(endpoint, bucket, prefix="", **more):
    """The repository in the bucket."""
    return ObjectStorage(bucket_store(endpoint, bucket, **more), prefix)
