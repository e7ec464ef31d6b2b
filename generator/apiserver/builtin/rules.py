"""The validation functions of each class, besides the rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from generator.apiserver.builtin import (
    configuration,
    containers,
    downward,
    pods,
    resources,
    scaling,
    scheduling,
    services,
    volumes,
    workloads,
)
from generator.apiserver.violations import Violation
from generator.model.source import Path

ObjectRule = Callable[[Mapping[str, Any], Path], Iterator[Violation]]

RULES: Mapping[str, ObjectRule] = {
    "apps_v1.DaemonSetSpec": workloads.daemon_set,
    "apps_v1.DeploymentSpec": workloads.deployment,
    "apps_v1.StatefulSetSpec": workloads.stateful_set,
    "autoscaling_v1.HorizontalPodAutoscalerSpec": scaling.autoscaler,
    "autoscaling_v2.HPAScalingRules": scaling.scaling_rules,
    "autoscaling_v2.HorizontalPodAutoscalerSpec": scaling.autoscaler,
    "autoscaling_v2.MetricSpec": scaling.metric,
    "batch_v1.CronJobSpec": workloads.cron_job,
    "batch_v1.JobSpec": workloads.job,
    "core_v1.AppArmorProfile": containers.profile,
    "core_v1.ConfigMap": configuration.config_map,
    "core_v1.DownwardAPIVolumeFile": downward.downward_file,
    "core_v1.EnvFromSource": containers.env_from,
    "core_v1.EnvVar": containers.env,
    "core_v1.NodeSelectorRequirement": scheduling.node_requirement,
    "core_v1.PersistentVolumeClaimSpec": services.claim,
    "core_v1.PodAffinityTerm": scheduling.affinity_term,
    "core_v1.PodSpec": pods.pod,
    "core_v1.PodTemplateSpec": pods.pod_template,
    "core_v1.ProjectedVolumeSource": volumes.projections,
    "core_v1.ResourceFieldSelector": downward.resource_field,
    "core_v1.ResourceRequirements": resources.resources,
    "core_v1.SeccompProfile": containers.profile,
    "core_v1.Secret": configuration.secret,
    "core_v1.SecurityContext": containers.security,
    "core_v1.ServiceSpec": services.service,
    "core_v1.Toleration": scheduling.toleration,
    "networking_v1.IPBlock": services.ip_block,
    "networking_v1.NetworkPolicyPeer": services.policy_peer,
    "networking_v1.NetworkPolicyPort": services.policy_port,
    "networking_v1.NetworkPolicySpec": services.policy,
    "policy_v1.PodDisruptionBudgetSpec": scaling.budget,
    "rbac_v1.ClusterRole": partial(configuration.role, namespaced=False),
    "rbac_v1.ClusterRoleBinding": partial(configuration.binding, namespaced=False),
    "rbac_v1.Role": partial(configuration.role, namespaced=True),
    "rbac_v1.RoleBinding": partial(configuration.binding, namespaced=True),
}
"""Class → what must hold among its fields."""

_SPEC = (
    "apps_v1.DaemonSet apps_v1.Deployment apps_v1.StatefulSet autoscaling_v1.HorizontalPodAutoscaler "
    "autoscaling_v2.HorizontalPodAutoscaler batch_v1.CronJob batch_v1.Job core_v1.PersistentVolumeClaim "
    "core_v1.Pod core_v1.Service networking_v1.NetworkPolicy"
)
_TEMPLATE = {"template": "core_v1.PodTemplateSpec"}
_METRIC = {"target": "autoscaling_v2.MetricTarget", "metric": "autoscaling_v2.MetricIdentifier"}

IMPLIED: Mapping[str, Mapping[str, str]] = {
    **{kind: {"spec": f"{kind}Spec"} for kind in _SPEC.split()},
    "apps_v1.DaemonSetSpec": _TEMPLATE,
    "apps_v1.DeploymentSpec": _TEMPLATE,
    "apps_v1.StatefulSetSpec": _TEMPLATE,
    "autoscaling_v1.HorizontalPodAutoscalerSpec": {
        "scaleTargetRef": "autoscaling_v1.CrossVersionObjectReference"
    },
    "autoscaling_v2.ContainerResourceMetricSource": {"target": "autoscaling_v2.MetricTarget"},
    "autoscaling_v2.ExternalMetricSource": _METRIC,
    "autoscaling_v2.HorizontalPodAutoscalerSpec": {
        "scaleTargetRef": "autoscaling_v2.CrossVersionObjectReference"
    },
    "autoscaling_v2.ObjectMetricSource": {
        **_METRIC,
        "describedObject": "autoscaling_v2.CrossVersionObjectReference",
    },
    "autoscaling_v2.PodsMetricSource": _METRIC,
    "autoscaling_v2.ResourceMetricSource": {"target": "autoscaling_v2.MetricTarget"},
    "batch_v1.CronJobSpec": {"jobTemplate": "batch_v1.JobTemplateSpec"},
    "batch_v1.JobSpec": _TEMPLATE,
    "batch_v1.JobTemplateSpec": {"spec": "batch_v1.JobSpec"},
    "core_v1.PodTemplateSpec": {"spec": "core_v1.PodSpec"},
    "core_v1.WeightedPodAffinityTerm": {"podAffinityTerm": "core_v1.PodAffinityTerm"},
    "rbac_v1.ClusterRoleBinding": {"roleRef": "rbac_v1.RoleRef"},
    "rbac_v1.RoleBinding": {"roleRef": "rbac_v1.RoleRef"},
}
"""Class → fields that a server judges as empty objects where they are absent."""
