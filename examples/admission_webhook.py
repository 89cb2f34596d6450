"""A Kubernetes admission webhook: a tag is in the cluster what it was signed to be.

    python admission_webhook.py server.pem server.key 8443

Every image of a Pod, or of what makes Pods, is replaced by the digest that its
tag was signed to be; init and ephemeral containers and image volumes too. What
is not to be trusted is not admitted, and neither is what this cannot read. In
the MutatingWebhookConfiguration say ``failurePolicy: Fail``, so that nothing is
admitted while this is down, and ``reinvocationPolicy: IfNeeded``.

An image by digest is admitted as it is: nobody can change what it is, and a pod
that was pinned yesterday must start again after its tag has moved.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import _updater

from trustlib import TagBinding, TrustError

MOST = 8_000_000  # bytes; the API server's own objects are smaller
PODS = (  # where Pod, Deployment and the like, CronJob, and PodTemplate have a pod's spec
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("template", "spec"),
)


def images(thing: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each image, with the JSON pointer to it."""
    found = False
    for way in PODS:
        spec: Any = thing
        for step in way:
            spec = spec.get(step) or {}
        found = found or bool(spec.get("containers"))
        base = "/" + "/".join(way)
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for number, container in enumerate(spec.get(kind) or ()):
                yield f"{base}/{kind}/{number}/image", container["image"]
        for number, volume in enumerate(spec.get("volumes") or ()):
            if volume.get("image"):
                yield f"{base}/volumes/{number}/image/reference", volume["image"]["reference"]
    if not found:
        raise ValueError(f"no containers in this {thing.get('kind')}")


def reviewed(review: dict[str, Any], resolve: Callable[[str], TagBinding]) -> dict[str, Any]:
    """Return the answer to an AdmissionReview (admission.k8s.io/v1)."""
    request = review["request"]
    answer: dict[str, Any] = {"uid": request["uid"], "allowed": False}
    try:
        patch = [
            {"op": "replace", "path": pointer, "value": resolve(image).pinned}
            for pointer, image in images(request["object"])
        ]
    except (TrustError, ValueError, TypeError, KeyError, AttributeError) as error:
        answer["status"] = {"code": 403, "message": f"{type(error).__name__}: {error}"}
    else:
        encoded = base64.b64encode(json.dumps(patch).encode()).decode()
        answer |= {"allowed": True, "patchType": "JSONPatch", "patch": encoded}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}


def serving(resolve: Callable[[str], TagBinding], port: int) -> ThreadingHTTPServer:
    """Return a server of that webhook, which does not listen with TLS yet."""

    class Webhook(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            try:
                said = reviewed(json.loads(self.body()), resolve)
            except (ValueError, TypeError, KeyError, RecursionError):
                self.send_error(400)  # which the API server takes for a failure
                return
            data = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def body(self) -> bytes:
            length = int(self.headers["Content-Length"])
            if not 0 <= length <= MOST:
                raise ValueError("no body, or too much of one")
            return self.rfile.read(length)

    return ThreadingHTTPServer(("", port), Webhook)


if __name__ == "__main__":
    certificate, key, port = sys.argv[1:]
    server = serving(_updater.configured().resolve, int(port))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
