"""OCI registries: images, and the content trust that lives beside them."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.content.dockerfile.answers import ImageUse, Pin
    from trustlib.content.dockerfile.build import Build
    from trustlib.content.dockerfile.pinning import (
        Dockerfile,
        PinnedDockerfile,
        images_of,
        pin_dockerfile,
    )
    from trustlib.registry._artifact import TAG
    from trustlib.registry._operations import RegistryLimits
    from trustlib.registry._settings import WITH_TLS, WITHOUT_TLS
    from trustlib.registry._trees import CopyLimits
    from trustlib.registry.awaited import AsyncRegistry
    from trustlib.registry.client import Registry
    from trustlib.registry.compose import ComposeBuild, ComposeFile, PinnedCompose, pin_compose
    from trustlib.registry.copying import afetched_into, apushed_from, fetched_into, pushed_from
    from trustlib.registry.creating import Created, create_collection, refuse_known
    from trustlib.registry.credentials import (
        AccessToken,
        Always,
        Credentials,
        DockerConfig,
        IdentityToken,
        Password,
        anonymous,
    )
    from trustlib.registry.enforcing import Enforcer, Resolver
    from trustlib.registry.environment import ContentTrust, content_trust
    from trustlib.registry.inspecting import Holders, Inspection, SignedTag, inspected
    from trustlib.registry.layout import Layout
    from trustlib.registry.lease import Lease
    from trustlib.registry.manifests import Descriptor, Manifest, Platform
    from trustlib.registry.policy import NobodySpeaksFor, Policy, SpokenFor, TrustOnFirstUse
    from trustlib.registry.pulling import IntoLayout, Pulled, Puller, trusted_pull, untrusted_pull
    from trustlib.registry.pushes import PushResult
    from trustlib.registry.reading import AsyncRegistryTransport, RegistryTransport
    from trustlib.registry.reapplying import Reapplied, areapplied, reapplied
    from trustlib.registry.runtimes import DockerCli, DockerSdk, Podman, Runtime, Skopeo
    from trustlib.registry.storing import AsyncRegistryStorage, RegistryStorage
    from trustlib.registry.vouching import (
        Pushed,
        Revoked,
        described,
        revoke,
        sign_remote,
        trusted_push,
    )

__all__ = [
    "TAG",
    "WITHOUT_TLS",
    "WITH_TLS",
    "AccessToken",
    "Always",
    "AsyncRegistry",
    "AsyncRegistryStorage",
    "AsyncRegistryTransport",
    "Build",
    "ComposeBuild",
    "ComposeFile",
    "ContentTrust",
    "CopyLimits",
    "Created",
    "Credentials",
    "Descriptor",
    "DockerCli",
    "DockerConfig",
    "DockerSdk",
    "Dockerfile",
    "Enforcer",
    "Holders",
    "IdentityToken",
    "ImageUse",
    "Inspection",
    "IntoLayout",
    "Layout",
    "Lease",
    "Manifest",
    "NobodySpeaksFor",
    "Password",
    "Pin",
    "PinnedCompose",
    "PinnedDockerfile",
    "Platform",
    "Podman",
    "Policy",
    "Pulled",
    "Puller",
    "PushResult",
    "Pushed",
    "Reapplied",
    "Registry",
    "RegistryLimits",
    "RegistryStorage",
    "RegistryTransport",
    "Resolver",
    "Revoked",
    "Runtime",
    "SignedTag",
    "Skopeo",
    "SpokenFor",
    "TrustOnFirstUse",
    "afetched_into",
    "anonymous",
    "apushed_from",
    "areapplied",
    "content_trust",
    "create_collection",
    "described",
    "fetched_into",
    "images_of",
    "inspected",
    "pin_compose",
    "pin_dockerfile",
    "pushed_from",
    "reapplied",
    "refuse_known",
    "revoke",
    "sign_remote",
    "trusted_pull",
    "trusted_push",
    "untrusted_pull",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.content.dockerfile.answers": "ImageUse Pin",
            "trustlib.content.dockerfile.build": "Build",
            "trustlib.content.dockerfile.pinning": (
                "Dockerfile PinnedDockerfile images_of pin_dockerfile"
            ),
            "trustlib.registry._artifact": "TAG",
            "trustlib.registry._operations": "RegistryLimits",
            "trustlib.registry._settings": "WITH_TLS WITHOUT_TLS",
            "trustlib.registry._trees": "CopyLimits",
            "trustlib.registry.awaited": "AsyncRegistry",
            "trustlib.registry.client": "Registry",
            "trustlib.registry.compose": "ComposeBuild ComposeFile PinnedCompose pin_compose",
            "trustlib.registry.copying": "afetched_into apushed_from fetched_into pushed_from",
            "trustlib.registry.creating": "Created create_collection refuse_known",
            "trustlib.registry.credentials": (
                "AccessToken Always Credentials DockerConfig IdentityToken Password anonymous"
            ),
            "trustlib.registry.enforcing": "Enforcer Resolver",
            "trustlib.registry.environment": "ContentTrust content_trust",
            "trustlib.registry.inspecting": "Holders Inspection SignedTag inspected",
            "trustlib.registry.layout": "Layout",
            "trustlib.registry.lease": "Lease",
            "trustlib.registry.manifests": "Descriptor Manifest Platform",
            "trustlib.registry.policy": "NobodySpeaksFor Policy SpokenFor TrustOnFirstUse",
            "trustlib.registry.pulling": "IntoLayout Pulled Puller trusted_pull untrusted_pull",
            "trustlib.registry.pushes": "PushResult",
            "trustlib.registry.reading": "AsyncRegistryTransport RegistryTransport",
            "trustlib.registry.reapplying": "Reapplied areapplied reapplied",
            "trustlib.registry.runtimes": "DockerCli DockerSdk Podman Runtime Skopeo",
            "trustlib.registry.storing": "AsyncRegistryStorage RegistryStorage",
            "trustlib.registry.vouching": (
                "Pushed Revoked described revoke sign_remote trusted_push"
            ),
        },
    )
