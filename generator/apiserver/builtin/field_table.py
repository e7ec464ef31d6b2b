"""The constraints of each field of built-in kinds: by class, then by field.

Demands: `required`; `min:N`, `range:A:B`; `oneof:A|B`; a form by name (`formats.py`). An empty text is
taken as absent, unless the demand ends with `?`; with `!`, an absent value counts as 0 or the empty text.
A row speaks of a class wherever it stands: a container of a Deployment, of a Job, of a LeaderWorkerSet.
A line without indent names the module of those below it.
"""

from __future__ import annotations

ROWS = """
apps_v1
  DeploymentSpec         replicas min:0, selector required, minReadySeconds min:0, revisionHistoryLimit min:0
  DeploymentSpec         progressDeadlineSeconds min:0
  DeploymentStrategy     type oneof:Recreate|RollingUpdate
  RollingUpdateDeployment maxUnavailable share?, maxSurge count?
  StatefulSetSpec        replicas min:0, selector required, minReadySeconds min:0
  StatefulSetSpec        podManagementPolicy oneof:OrderedReady|Parallel
  StatefulSetUpdateStrategy type oneof:RollingUpdate|OnDelete
  StatefulSetOrdinals    start min:0
  RollingUpdateStatefulSetStrategy partition min:0, maxUnavailable share?
  StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted oneof:Retain|Delete
  StatefulSetPersistentVolumeClaimRetentionPolicy whenScaled oneof:Retain|Delete
  DaemonSetSpec          selector required, minReadySeconds min:0, revisionHistoryLimit min:0
  DaemonSetUpdateStrategy type oneof:RollingUpdate|OnDelete
  RollingUpdateDaemonSet maxUnavailable share?, maxSurge share?
  ReplicaSetSpec         replicas min:0, selector required, minReadySeconds min:0
autoscaling_v1
  HorizontalPodAutoscalerSpec minReplicas min:1, maxReplicas min:1!
  CrossVersionObjectReference kind required segment, name required segment
autoscaling_v2
  HorizontalPodAutoscalerSpec minReplicas min:1, maxReplicas min:1!
  CrossVersionObjectReference kind required segment, name required segment
  MetricSpec             type required oneof:ContainerResource|External|Object|Pods|Resource
  MetricIdentifier       name required segment
  MetricTarget           type required oneof:AverageValue|Utilization|Value, averageUtilization min:1
  MetricTarget           value positive, averageValue positive
  ResourceMetricSource   name required
  ContainerResourceMetricSource name required, container required label
  HPAScalingRules        stabilizationWindowSeconds range:0:3600, selectPolicy oneof?:Disabled|Max|Min
  HPAScalingPolicy       type oneof!:Percent|Pods, value min:1!, periodSeconds range:1:1800!
batch_v1
  JobSpec                parallelism min:0, completions min:0, activeDeadlineSeconds min:0, backoffLimit min:0
  JobSpec                ttlSecondsAfterFinished min:0, completionMode oneof:Indexed|NonIndexed
  JobSpec                backoffLimitPerIndex min:0, maxFailedIndexes min:0
  JobSpec                podReplacementPolicy oneof:Failed|TerminatingOrFailed
  CronJobSpec            schedule required, concurrencyPolicy oneof:Allow|Forbid|Replace
  CronJobSpec            startingDeadlineSeconds min:0
  CronJobSpec            successfulJobsHistoryLimit min:0, failedJobsHistoryLimit min:0
core_v1
  Container              name required label, image required, imagePullPolicy oneof:Always|IfNotPresent|Never
  Container              terminationMessagePolicy oneof:FallbackToLogsOnError|File
  ContainerPort          name port-name, containerPort required port, protocol oneof:SCTP|TCP|UDP
  ContainerPort          hostPort range:0:65535
  ContainerResizePolicy  resourceName oneof:cpu|memory, restartPolicy oneof:NotRequired|RestartContainer
  EnvVar                 name required env-name
  EnvFromSource          prefix env-name
  ConfigMapKeySelector   name required subdomain, key required config-key
  SecretKeySelector      name required subdomain, key required config-key
  ConfigMapEnvSource     name required subdomain
  SecretEnvSource        name required subdomain
  ObjectFieldSelector    fieldPath required
  ResourceFieldSelector  resource required
  VolumeMount            name required, mountPath required, subPath descending, subPathExpr descending
  VolumeMount            mountPropagation oneof:Bidirectional|HostToContainer|None
  VolumeMount            recursiveReadOnly oneof:Disabled|Enabled|IfPossible
  VolumeDevice           name required, devicePath required no-backsteps
  Volume                 name required label
  EmptyDirVolumeSource   sizeLimit non-negative
  HostPathVolumeSource path required no-backsteps
  HostPathVolumeSource type oneof:BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket
  ConfigMapVolumeSource  name required, defaultMode mode
  SecretVolumeSource     secretName required, defaultMode mode
  ProjectedVolumeSource  defaultMode mode
  DownwardAPIVolumeSource defaultMode mode
  ConfigMapProjection    name required
  SecretProjection       name required
  KeyToPath              key required, path required descending, mode mode
  DownwardAPIVolumeFile  path required descending, mode mode
  ServiceAccountTokenProjection path required descending, expirationSeconds range:600:4294967296
  PersistentVolumeClaimVolumeSource claimName required
  NFSVolumeSource        server required, path required
  CSIVolumeSource        driver required
  EphemeralVolumeSource  volumeClaimTemplate required
  Probe                  initialDelaySeconds min:0, timeoutSeconds min:0, periodSeconds min:0
  Probe                  successThreshold min:0, failureThreshold min:0, terminationGracePeriodSeconds min:1
  HTTPGetAction          port port-or-name!, scheme oneof:HTTP|HTTPS
  TCPSocketAction        port port-or-name!
  GRPCAction             port port!
  ExecAction             command required
  HTTPHeader             name header!
  PodSpec                containers required, restartPolicy oneof:Always|Never|OnFailure
  PodSpec                dnsPolicy oneof:ClusterFirst|ClusterFirstWithHostNet|Default|None
  PodSpec                nodeSelector labels, serviceAccountName subdomain, nodeName subdomain
  PodSpec                hostname label, subdomain label, activeDeadlineSeconds range:1:2147483647
  PodSpec                priorityClassName subdomain, runtimeClassName subdomain?
  PodSpec                preemptionPolicy oneof:Never|PreemptLowerPriority
  PodSecurityContext     runAsUser uid, runAsGroup uid, fsGroup uid
  PodSecurityContext     fsGroupChangePolicy oneof?:Always|OnRootMismatch
  SecurityContext        runAsUser uid, runAsGroup uid
  SeccompProfile         type required oneof:Localhost|RuntimeDefault|Unconfined
  AppArmorProfile        type required oneof:Localhost|RuntimeDefault|Unconfined
  Toleration             key qualified, effect oneof:NoExecute|NoSchedule|PreferNoSchedule
  NodeSelector           nodeSelectorTerms required
  NodeSelectorRequirement key qualified!
  PreferredSchedulingTerm weight range:1:100!
  WeightedPodAffinityTerm weight range:1:100!
  PodAffinityTerm        topologyKey required qualified
  TopologySpreadConstraint maxSkew min:1!, topologyKey required, minDomains min:1
  TopologySpreadConstraint whenUnsatisfiable required oneof:DoNotSchedule|ScheduleAnyway
  TopologySpreadConstraint nodeAffinityPolicy oneof:Honor|Ignore, nodeTaintsPolicy oneof:Honor|Ignore
  PodSchedulingGate      name required qualified
  PodReadinessGate       conditionType required qualified
  PodResourceClaim       name required label
  ServiceSpec            selector labels, sessionAffinity oneof:ClientIP|None
  ServiceSpec            type oneof:ClusterIP|ExternalName|LoadBalancer|NodePort
  ServiceSpec            externalTrafficPolicy oneof:Cluster|Local, internalTrafficPolicy oneof:Cluster|Local
  ServiceSpec            ipFamilyPolicy oneof:PreferDualStack|RequireDualStack|SingleStack
  ServicePort            name label, port port!, protocol oneof:SCTP|TCP|UDP, targetPort port-or-name
  ServicePort            appProtocol qualified?, nodePort range:0:65535
  PersistentVolumeClaimSpec accessModes required, storageClassName subdomain
  PersistentVolumeClaimSpec volumeMode oneof?:Block|Filesystem
networking_v1
  NetworkPolicyPort      protocol oneof?:SCTP|TCP|UDP, port port-or-name?, endPort port
policy_v1
  PodDisruptionBudgetSpec minAvailable share?, maxUnavailable share?
  PodDisruptionBudgetSpec unhealthyPodEvictionPolicy oneof:AlwaysAllow|IfHealthyBudget
rbac_v1
  PolicyRule             verbs required
  RoleRef                apiGroup oneof:rbac.authorization.k8s.io, name required segment
  Subject                name required, kind oneof!:Group|ServiceAccount|User
"""
