"""Adapters that people paste: each resolves against a site that was signed, and fails closed."""

import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import yaml
from publish.desks import created, planned, signed
from transport.servers import Authority

from trustlib import RENEWED, Digest, FileStorage

EXAMPLES = Path(__file__).parents[2] / "examples"
DOMAIN = "registry.example"
RELEASE = Digest.of(b"the release")
PINNED = f"{DOMAIN}/acme/app@{RELEASE}"


def published(folder, domain=DOMAIN, digest=RELEASE, size=1573):
    """Sign one tag, and return the environment in which the adapters find it."""
    before = created(domain)
    after = before.with_tag(f"{domain}/acme/app:1.4", digest=str(digest), size=size)
    plan = planned(before, after, now=datetime.now(UTC), expiry=RENEWED)
    signed(plan).publication().apply(FileStorage.public(folder / "site"))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONWARNINGS": "error",
        "TRUST_ROOT": str(folder / "site" / "1.root.json"),
        "TRUST_SITE": str(folder / "site"),
        "TRUST_MEMORY": str(folder / "memory"),
        "TRUST_DOMAIN": domain,
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return published(tmp_path_factory.mktemp("trust"))


@pytest.fixture
def environment(site):
    return dict(site)


def run(name, *arguments, environment, told=""):
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        input=told,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


@pytest.fixture
def examples_registry(monkeypatch):
    """The module of the examples that starts a registry and builds images."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import _registry

    return _registry


# -- Docker and podman ------------------------------------------------------------------------


@pytest.mark.servers
def test_dockers_package_pulls_what_was_signed_although_the_tag_was_moved(
    require_servers, docker_engine, examples_registry, tmp_path
):
    require_servers("docker-registry", "skopeo")
    with examples_registry.registry(tmp_path) as host:
        image = examples_registry.built(tmp_path / "image", "the release")
        tag = f"{host}/acme/app:1.4"
        examples_registry.push(image, tag)
        examples_registry.push(examples_registry.built(tmp_path / "other", "another"), tag)
        environment = published(tmp_path, host, image.digest, image.size)
        environment["DOCKER_HOST"] = docker_engine.url
        pulled = run("docker_py_trusted_pull.py", tag, environment=environment)
        refused = run("docker_py_trusted_pull.py", f"{host}/acme/app:1.5", environment=environment)

    kept = json.loads(docker_engine.docker("image", "inspect", tag))[0]
    said = f"pulled   {tag}, which is here as {kept['Id']}\n"
    assert (0, said) == (pulled.returncode, pulled.stdout), pulled.stderr
    assert f"{host}/acme/app@{image.digest}" in kept["RepoDigests"]
    assert (1, "") == (refused.returncode, refused.stdout)
    assert refused.stderr.startswith("refused  ")


PODMAN = f"""#!{sys.executable} -IS
import json, sys
print(*sys.argv[1:], file=open(sys.argv[0] + ".log", "a"))
if "inspect" in sys.argv:
    print(json.dumps(["{PINNED}"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="scripts with a first line for POSIX")
def test_podman_pulls_all_or_nothing(environment, tmp_path):
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text(PODMAN)
    program.chmod(0o755)
    environment["PATH"] = f"{program.parent}{os.pathsep}{environment['PATH']}"
    name, tag = "podman_trusted_pull.py", f"{DOMAIN}/acme/app:1.4"

    refused = run(name, tag, f"{DOMAIN}/acme/app:1.5", environment=environment)
    assert (1, "") == (refused.returncode, refused.stdout)
    assert refused.stderr.startswith("refused  ")
    assert not program.with_name("podman.log").exists()

    pulled = run(name, tag, environment=environment)
    assert (0, f"pulled   {tag} {RELEASE}\n") == (pulled.returncode, pulled.stdout)
    assert f"pull --quiet {PINNED}" == program.with_name("podman.log").read_text().splitlines()[0]


@pytest.mark.servers
def test_real_podman_pulls_what_was_signed_although_the_tag_was_moved(
    require_servers, examples_registry, tmp_path
):
    require_servers("docker-registry", "skopeo")
    podman = any(os.access(Path(one) / "podman", os.X_OK) for one in os.get_exec_path())
    if not podman or os.geteuid() != 0:
        pytest.skip("podman: not installed, or not run as root")
    # podman takes no long path
    with examples_registry.registry(tmp_path) as host, tempfile.TemporaryDirectory() as short:
        image = examples_registry.built(tmp_path / "image", "the release")
        tag = f"{host}/acme/app:1.4"
        examples_registry.push(image, tag)
        examples_registry.push(examples_registry.built(tmp_path / "other", "another"), tag)
        environment = published(tmp_path, host, image.digest, image.size)
        storage, registries = Path(short) / "storage.conf", Path(short) / "registries.conf"
        storage.write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{short}/root"\nrunroot = "{short}/run"\n'
        )
        registries.write_text(f'[[registry]]\nlocation = "{host}"\ninsecure = true\n')
        environment |= {
            "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_REGISTRIES_CONF": str(registries),
        }
        pulled = run("podman_trusted_pull.py", tag, environment=environment)

    assert (0, f"pulled   {tag} {image.digest}\n") == (pulled.returncode, pulled.stdout)


# -- a registry proxy -------------------------------------------------------------------------


def test_a_proxy_serves_what_was_signed_and_nothing_else(environment):
    other = Digest.of(b"another")
    questions = [
        f"acme/app 1.4 {RELEASE}",
        f"acme/app 1.4 {other}",
        f"acme/app 1.5 {RELEASE}",
        f"acme/other 1.4 {RELEASE}",
        "acme/app 1.4",
        "",
        f"../app 1.4 {RELEASE}",
        f"acme/app 1.4 {RELEASE} allow",
        f"acme/app 1.4 {RELEASE}",
    ]
    done = run("pull_through_check.py", environment=environment, told="\n".join(questions) + "\n")

    answers = [line.partition(" ")[0] for line in done.stdout.splitlines()]
    assert (0, ["allow", *["refuse"] * 7, "allow"]) == (done.returncode, answers)
    assert f"to be {RELEASE}, got {other}" in done.stdout


# -- CI -----------------------------------------------------------------------------------------


def step(name):
    workflow = yaml.safe_load((EXAMPLES / "ci_step.yml").read_text(encoding="utf-8"))
    return next(
        one["run"] for one in workflow["jobs"]["deploy"]["steps"] if one.get("name") == name
    )


def carried_out(name, folder, environment):
    """Run a step of the workflow as it would be run there."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(name)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**environment, "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the workflow runs on Linux")
def test_the_ci_step_deploys_digests(environment, tmp_path):
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "images.txt").write_text(f"app {DOMAIN}/acme/app:1.4\n\n")
    environment["GITHUB_OUTPUT"] = str(tmp_path / "output")

    pinned = carried_out("Pin", tmp_path, environment)
    assert (0, "") == (pinned.returncode, pinned.stderr)
    assert f"app={PINNED}\n" == (tmp_path / "output").read_text()

    deployed = carried_out("Deploy", tmp_path, {**environment, "APP": PINNED})
    assert f"kubectl set image deployment/app app={PINNED}\n" == deployed.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the workflow runs on Linux")
def test_the_ci_step_stops_at_one_that_is_not_to_be_trusted(environment, tmp_path):
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "images.txt").write_text(f"app {DOMAIN}/acme/app:1.4\ndb {DOMAIN}/acme/db:16\n")
    environment["GITHUB_OUTPUT"] = str(tmp_path / "output")

    pinned = carried_out("Pin", tmp_path, environment)

    assert pinned.returncode
    assert pinned.stderr.startswith("::error::")
    assert "" == (tmp_path / "output").read_text()


# -- Kubernetes ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def webhook(site, tmp_path_factory):
    """Return a function that sends a body to the webhook, over TLS."""
    authority = Authority(directory=tmp_path_factory.mktemp("authority"))
    certificate, key = authority.issued("127.0.0.1")
    context = ssl.create_default_context(cafile=authority.file)
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "admission_webhook.py", certificate, key, "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=site,
    )

    def post(body, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
        try:
            connection.request("POST", "/mutate", body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    with process:
        try:
            port = int(process.stdout.readline().split()[-1])
            yield post
        finally:
            process.terminate()


def review(thing, *, resource="pods", **more):
    """Return an AdmissionReview as an API server sends it."""
    return json.dumps(
        {
            "kind": "AdmissionReview",
            "apiVersion": "admission.k8s.io/v1",
            "request": {
                "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
                "kind": {"group": "", "version": "v1", "kind": thing.get("kind")},
                "resource": {"group": "", "version": "v1", "resource": resource},
                "requestKind": {"group": "", "version": "v1", "kind": thing.get("kind")},
                "name": "app",
                "namespace": "default",
                "operation": "CREATE",
                "userInfo": {"username": "admin", "groups": ["system:authenticated"]},
                "object": thing,
                "oldObject": None,
                "dryRun": False,
                "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
                **more,
            },
        }
    )


def container(image=f"{DOMAIN}/acme/app:1.4", name="app"):
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent"}


def pod(*containers, **more):
    spec = {"containers": list(containers or (container(),)), "restartPolicy": "Always", **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": spec}


def wrapped(kind):
    """Return what makes pods, of this kind."""
    spec = pod()["spec"]
    inside = {
        "Pod": {"spec": spec},
        "PodTemplate": {"template": {"spec": spec}},
        "CronJob": {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}},
    }.get(kind, {"spec": {"replicas": 2, "template": {"spec": spec}}})
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "app"}, **inside}


def applied(thing, patch):
    """Return *thing* with a JSONPatch of replacements."""
    after = json.loads(json.dumps(thing))
    for change in patch:
        assert "replace" == change["op"]
        *way, last = change["path"][1:].split("/")
        at = after
        for one in way:
            at = at[int(one)] if isinstance(at, list) else at[one]
        assert last in at
        at[last] = change["value"]
    return after


def verdict(answered):
    status, body = answered
    value = json.loads(body)
    assert (200, "admission.k8s.io/v1", "AdmissionReview") == (
        status,
        value["apiVersion"],
        value["kind"],
    )
    assert "705ab4f5-6393-11e8-b7cc-42010a800002" == value["response"]["uid"]
    return value["response"]


def changed(thing, answered):
    response = verdict(answered)
    assert response["allowed"] is True
    assert "JSONPatch" == response["patchType"]
    return applied(thing, json.loads(base64.b64decode(response["patch"])))


KINDS = [
    *("Pod", "PodTemplate", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    *("ReplicationController", "Job"),
]


def test_the_webhook_pins_every_kind_that_makes_pods(webhook):
    for kind in KINDS:
        thing = wrapped(kind)
        after = changed(thing, webhook(review(thing)))

        assert [kind, 0] == [kind, json.dumps(after).count("acme/app:1.4")]
        assert [kind, 1] == [kind, json.dumps(after).count(PINNED)]


def test_the_webhook_pins_init_and_ephemeral_containers_and_volumes(webhook):
    thing = pod(
        initContainers=[container(name="init")],
        ephemeralContainers=[container(name="debug")],
        volumes=[
            {"name": "tmp", "emptyDir": {}},
            {"name": "model", "image": {"reference": f"{DOMAIN}/acme/app:1.4"}},
        ],
    )
    after = changed(thing, webhook(review(thing, subResource="ephemeralcontainers")))

    spec = after["spec"]
    assert [PINNED] * 4 == [
        spec["initContainers"][0]["image"],
        spec["containers"][0]["image"],
        spec["ephemeralContainers"][0]["image"],
        spec["volumes"][1]["image"]["reference"],
    ]
    assert thing["metadata"] == after["metadata"]


def test_a_pod_that_was_pinned_is_admitted_again(webhook):
    thing = pod(container(PINNED), container(f"{DOMAIN}/acme/app:1.4@{RELEASE}", "both"))
    after = changed(thing, webhook(review(thing)))

    assert [PINNED, PINNED] == [one["image"] for one in after["spec"]["containers"]]


@pytest.fixture
def pasted(environment, monkeypatch):
    """The function that people paste, without the server around it."""
    for name in environment:
        if name.startswith("TRUST_"):
            monkeypatch.setenv(name, environment[name])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import _updater
    import admission_webhook

    return partial(admission_webhook.reviewed, resolve=_updater.configured().resolve)


@pytest.mark.parametrize(
    ("where", "image"),
    [
        ("containers", f"{DOMAIN}/acme/app:1.5"),
        ("containers", f"{DOMAIN}/acme/app:1.4@{Digest.of(b'another')}"),
        ("containers", "docker.io/acme/app:1.4"),
        ("containers", "app"),
        ("containers", ""),
        ("containers", "UPPER/case:1"),
        ("initContainers", f"{DOMAIN}/acme/app:1.5"),
        ("ephemeralContainers", f"{DOMAIN}/acme/app:1.5"),
        ("containers", None),
        ("containers", 7),
        ("containers", {}),
    ],
)
def test_what_was_not_signed_is_not_admitted(pasted, where, image):
    thing = pod()
    thing["spec"].setdefault(where, []).append(container(image, "bad"))

    response = pasted(json.loads(review(thing)))["response"]

    assert response["allowed"] is False
    assert response["status"]["message"]
    assert "patch" not in response


@pytest.mark.parametrize(
    "thing",
    [
        {"kind": "Pod"},
        {"kind": "Pod", "spec": {}},
        {"kind": "Pod", "spec": []},
        {"kind": "Pod", "spec": {"containers": {}}},
        {"kind": "Pod", "spec": {"containers": [[]]}},
        {"kind": "Pod", "spec": {"containers": [{"name": "without"}]}},
        {"kind": "Workflow", "spec": {"steps": [container("other:1")]}},
        {"kind": "Pod", "spec": {"containers": "images"}},
    ],
)
def test_what_cannot_be_read_is_not_admitted(pasted, thing):
    assert pasted(json.loads(review(thing)))["response"]["allowed"] is False


def test_what_is_no_review_is_an_error_and_the_webhook_goes_on(webhook):
    deep = "[" * 100_000
    for body in (b"", b"{", b"[]", b"{}", b'{"request": {}}', deep.encode(), b"\xff"):
        assert (body[:9], 400) == (body[:9], webhook(body)[0])
    assert 400 == webhook(b"", **{"Content-Length": "99999999999"})[0]
    assert 400 == webhook(b"", **{"Content-Length": "-1"})[0]

    assert verdict(webhook(review(pod())))["allowed"] is True


def test_without_metadata_nothing_is_admitted(pasted, tmp_path, monkeypatch):
    monkeypatch.setenv("TRUST_SITE", str(tmp_path))
    monkeypatch.setenv("TRUST_MEMORY", str(tmp_path / "memory"))
    import _updater
    import admission_webhook

    resolve = _updater.configured().resolve
    response = admission_webhook.reviewed(json.loads(review(pod())), resolve)["response"]

    assert response["allowed"] is False
    assert response["status"]["message"].partition(":")[0].endswith("Error")
