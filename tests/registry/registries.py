"""docker-registry, on loopback, with its files in a directory of the test's."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager


@contextmanager
def running(directory, *, deletes=True):
    """Run it; the value is its domain."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        domain = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(directory / "files")},
            "delete": {"enabled": deletes},
        },
        "http": {"addr": domain, "secret": "of nobody"},
    }
    (directory / "registry.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", directory / "registry.yml"],
            stdout=log,
            stderr=log,
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )
    try:
        _wait_for(f"http://{domain}/v2/", process)
        yield domain
    finally:
        process.terminate()
        process.wait()


def _wait_for(url, process):
    for _ in range(400):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("docker-registry did not start; see its log")


def skopeo(*arguments):
    """Return what skopeo prints."""
    command = ["skopeo", "--insecure-policy", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
