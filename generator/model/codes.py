"""Every code that a finding can carry, one row each; `templates/explain/ID.md` explains it.

RP0xx reading a file; RP1xx the plan itself; RP2xx the manifests that it names; RP3xx the rollout
that the two would make together; RP40x and RP41x what an API server would refuse;
RP43x references between its objects that lead nowhere; RP5xx what the rollout would do in production, with
RP56x for the states that it may be left in half-way.

A plan may accept any warning, with a reason, and an error that has a `+`.
"""

from __future__ import annotations

from generator.model.findings import Code, Severity

_TABLE = """
RP001 error   text is not UTF-8
RP002 error   YAML syntax
RP003 error   duplicate key
RP004 error   key is not a string
RP005 error   tag is not allowed
RP006 error   nested too deeply
RP007 error   aliases go too far
RP008 error   file is too large
RP009 error   forbidden character
RP010 error   not exactly one document
RP011 warning scalar that YAML parsers read differently
RP012 error   merge key misused
RP013 error   number out of range
RP101 error   unknown field
RP102 error   missing field
RP103 error   wrong type
RP104 error   value is not one of the allowed
RP105 error   value has the wrong form
RP106 error   number outside its limits
RP107 error   too few or too many items
RP108 error   fields that exclude each other
RP109 error   name used twice
RP110 error   reference to a name that the plan does not define
RP111 error   steps in the wrong order
RP112 error   steps do not reach 100
RP113 error   weight finer than 0.001 percent
RP114 error   strategy needs gateway mode
RP201 error   path does not exist
RP202 error   path leads outside the plan's folder
RP203 error   not a Kubernetes object
RP204 error   object defined twice
RP205 error   object in two bundles
RP206 error   no manifests found
RP207 error   secret in plain text
RP208 error   wrong kind of object here
RP209 error   object has no stable name
RP210 warning Helm hook left out
RP211 error   kustomize is not installed
RP212 error   kustomization does not build
RP213 error   remote base
RP220 error   router both made by rollplan and in the manifests
RP221 warning requirements of the gateway are not known
RP222 error   pool and model servers do not match
RP223 error   router does not fit the target
RP224 error   prefill and decode do not match
RP225 error   argument that rollplan sets itself
RP226 error   engine that cannot drain
RP301 error   InferencePool is not in its bundle
RP302 error   no rule sends traffic to blue
RP303 error   route already refers to green
RP304 error   weight cannot be exact
RP305 error   beta header is already in use
RP306 error   route grows past a limit of the API
RP307 error   workload not found
RP308 error   container not found
RP309 error   alias already has another rewrite
RP310 error   update changes nothing
RP311 error   endpoint picker is not in the bundle
RP312 error   adapter names are not distinct
RP313 error   selectors of the two versions cannot differ
RP314 error   patch matches nothing
RP315 error   patch cannot be applied
RP316 error   more accelerators than the budget
RP317 error   gateway cannot mirror
RP318 warning gateway may not mirror
RP319 error   a pool selects pods of the other version
RP320 error   selector cannot be narrowed
RP321 error   candidate is not specified
RP322 error   weights add up to more than 100 percent
RP323 error   pin matches nothing
RP324 error   reference to blue cannot be shifted
RP325 error   no grant for a reference across namespaces
RP326 error   pins leave nothing to shift
RP330 error   green does not serve the clients' model name
RP331 error   rewrite or objective is missing
RP332 warning requests lose their priority in green
RP333 error   made for another engine
RP334 warning engine changes without its sidecar
RP335 error   setting that this kind ignores
RP336 error   labels take pods out of their pool
RP337 error   volume is bound to another claim
RP338 error   metric that the engine does not have
RP339 warning adapter for another base model
RP401 error   field that the API does not have
RP402 error   field that the API requires is missing
RP403 error   value has another type than the API requires
RP404 error   value that the API does not allow
RP405 error   value is not one of those that the API allows
RP406 error   more than the API allows
RP407 error   value twice in a set of the API
RP408 error   validation rule of the API is violated
RP409 error   name that Kubernetes does not allow
RP410 error   definition cannot be read
RP411 error   version is not served
RP412 warning rule of a definition is skipped
RP430 error   port name that no container has
RP431 warning selector matches nothing
RP433 warning pool sends to a port that its pods do not name
RP434 error   endpoint picker's Service has no such port
RP435 warning reference to an object that no manifest provides
RP436 error   reference to an object of nearly the same name
RP437 warning monitor scrapes a port that does not exist
RP501 error+  a selector matches pods of the other version
RP502 error+  Helm release owns what must stay
RP503 error+  green needs an object that leaves with blue
RP510 error+  something still refers to a deleted pool
RP511 error+  pool would be replaced in place
RP512 error   endpoint picker reads no rewrites
RP513 error   endpoint picker watches another pool
RP514 error+  gateway needs a policy that is missing
RP515 error+  rolling update restarts the endpoint picker
RP520 error   all weights of a rule are 0
RP522 error+  blue leaves before its last answer
RP523 warning FailOpen with prefill pods
RP525 error+  gateway cannot split between pools
RP526 warning gateway splits between pools with a known fault
RP527 warning gateway is not known
RP528 warning gateway ignores a setting of the route
RP530 warning requests are aborted when a pod stops
RP531 error+  grace period is too short
RP532 error+  shell does not forward the stop signal to vLLM
RP533 warning progress deadline is shorter than the start
RP534 error+  update takes every replica away
RP535 warning update needs room for a whole replica
RP536 warning replicas belong to an autoscaler
RP537 error+  rolling update changes what the pool serves
RP538 error+  prefill and decode of two versions would be paired
RP540 error+  two disruption budgets for one pod
RP541 warning lost KV blocks fail the request
RP542 warning start-up budget is too small for a model
RP545 error   weights for some targets only
RP547 error   rewrite rule does nothing
RP548 error+  two rules rewrite one model
RP549 error+  pods cannot load the adapter
RP550 error+  adapters are lost with their pod
RP551 warning adapters come from an init container
RP553 error+  two plans own one object
RP554 error+  two plans shift the same traffic
RP555 error+  plans exceed a shared budget
RP556 warning accepted finding does not occur
RP557 error   rule cannot be accepted
RP558 error   old API that the cluster does not have
RP559 warning old API read as the new one
RP560 error+  half-applied stage answers 500
RP561 error+  half-applied stage answers 503
RP562 error+  half-applied stage serves the wrong version
RP563 error+  half-applied stage does not know a model
RP564 error+  half-applied stage breaks streams
RP565 error+  half-applied stage has too few replicas
RP566 error+  pods lose what they need to start
RP567 warning stage shifts several routes
RP568 warning stage too large to prove in full
"""

CODES = {
    id_: Code(
        id=id_,
        severity=Severity(severity.rstrip("+")),
        title=title.strip(),
        acceptable=severity != Severity.ERROR.value,
    )
    for id_, severity, title in (line.split(None, 2) for line in _TABLE.strip().splitlines())
}
"""Code by ID, in the order of the IDs."""
