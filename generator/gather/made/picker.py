"""Make the endpoint picker's Deployment and its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.emit import emit
from generator.gather.made.context import Context, labels, picker_mode, picker_pods
from generator.gather.made.proxy import GRACE, LINGER, proxy_container, proxy_volume, with_sidecar
from generator.gather.templates import make_part, make_text
from generator.kubernetes.commands import with_flags
from generator.kubernetes.router import HEALTH_PORT
from generator.model.made import Router
from generator.model.manifests import INFERENCE, LLM_D, Manifest

_CONFIG_FILE = "epp-plugins.yaml"


def picker_config(router: Router, context: Context) -> Manifest:
    """Return the picker's configuration, which it reads when it starts."""
    return context.make_for(router, "configmap", files={_CONFIG_FILE: _plugins(router, context)})


def _plugins(router: Router, context: Context) -> str:
    if router.plugins:
        return emit({"apiVersion": f"{LLM_D}/v1alpha1", "kind": "EndpointPickerConfig", **router.plugins})
    return make_text("disaggregated-plugins" if context.disaggregated else "plugins")


def picker_pod(router: Router, context: Context) -> dict[str, Any]:
    """Return the template of the picker's pods, with the proxy in front of it where that is a sidecar."""
    containers = [_picker(router, context)]
    volumes = [{"name": "plugins-config", "configMap": {"name": context.picker}}]
    if with_sidecar(router, context):
        containers.insert(0, proxy_container(router, context))
        volumes.append(proxy_volume(context))
    return make_part(
        "router-pod",
        labels={**labels(context), **picker_pods(router, context), **picker_mode(router)},
        account=context.picker,
        mounted=True,
        grace_seconds=GRACE,
        spread=picker_pods(router, context) if router.replicas > 1 or router.preferred_rate else {},
        containers=containers,
        volumes=volumes,
    )


def _picker(router: Router, context: Context) -> dict[str, Any]:
    """Return the picker's container; of several the leader alone is ready, so each probe asks its own."""
    several = router.replicas > 1
    return make_part(
        "picker",
        image=router.image,
        arguments=with_flags([*_arguments(router, context)], router.arguments),
        liveness="liveness" if several else "inference-extension",
        readiness="readiness" if several else "inference-extension",
        linger_seconds=LINGER,
        resources=dict(router.resources),
    )


def _arguments(router: Router, context: Context) -> Iterator[str]:
    pairs = sorted(context.selector.items())
    if router.has_pool:
        yield from ("--pool-name", context.pool, "--pool-namespace", context.namespace)
        yield from ("--pool-group", INFERENCE)
    else:
        yield from ("--endpoint-selector", ",".join(f"{key}={value}" for key, value in pairs))
        yield from ("--endpoint-target-ports", ",".join(map(str, router.ports)))
    yield from ("--zap-encoder", "json", "--config-file", f"/config/{_CONFIG_FILE}")
    if router.replicas > 1:
        yield "--ha-enable-leader-election"
    yield from ("--grpc-health-port", str(HEALTH_PORT))
    if with_sidecar(router, context) and router.proxy.type == "agentgateway":
        yield "--secure-serving=false"  # it talks to the picker in the same pod, and knows no TLS there
    yield "--tracing=false"
    if router.monitoring and not router.monitoring.auth:
        yield "--metrics-endpoint-auth=false"
