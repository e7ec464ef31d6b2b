"""The codes of findings that are no rules, one row each; `templates/explain/ID.md` explains it.

A rule has its code beside its check, in a file of `rules/`; `generator.rules.CODES` has all of them.

RP0xx reading a file; RP1xx the plan itself; RP2xx the manifests that it names; RP3xx the rollout
that the two would make together; RP40x and RP41x what an API server would refuse;
RP43x references between its objects that lead nowhere; RP5xx what the rollout would do in production, with
RP56x for the states that it may be left in half-way.

A plan may accept any warning, with a reason, and an error that has a `+`; in brackets are the invariants
that a code keeps.
"""

from __future__ import annotations

from generator.model.findings import Code, Finding, Named, Related, code, finding_of
from generator.model.source import Place

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
RP205 error   object in two bundles [I2]
RP206 error   no manifests found
RP207 error   secret in plain text
RP208 error   wrong kind of object here
RP209 error   object has no stable name
RP210 warning Helm hook left out
RP211 error   kustomize is not installed
RP212 error   kustomization does not build
RP213 error   remote base
RP214 error   kustomization that rollplan does not build
RP220 error   router both made by rollplan and in the manifests
RP221 warning requirements of the gateway are not known
RP222 error   pool and model servers do not match
RP223 error   router does not fit the target
RP224 error   prefill and decode do not match
RP225 error   argument that rollplan sets itself
RP226 error   engine that cannot drain
RP301 error   InferencePool is not in its bundle
RP302 error   no rule sends traffic to blue [I7]
RP303 error   route already refers to green [I7]
RP304 error   weight cannot be exact [I8]
RP305 error   beta header is already in use
RP306 error   route grows past a limit of the API
RP307 error   workload not found
RP308 error   container not found
RP309 error   alias already has another rewrite
RP310 error   update changes nothing
RP311 error   endpoint picker is not in the bundle [I4]
RP312 error   adapter names are not distinct
RP313 error   selectors of the two versions cannot differ [I1]
RP314 error   patch matches nothing
RP315 error   patch cannot be applied
RP316 error   more accelerators than the budget [I17]
RP317 error   gateway cannot mirror
RP318 warning gateway may not mirror
RP319 error   a pool selects pods of the other version [I1]
RP320 error   selector cannot be narrowed [I1]
RP321 error   candidate is not specified
RP322 error   weights add up to more than 100 percent
RP323 error   pin matches nothing
RP324 error   reference to blue cannot be shifted [I7]
RP325 error   no grant for a reference across namespaces [I7]
RP326 error   pins leave nothing to shift [I7]
RP330 error   green does not serve the clients' model name
RP331 error   rewrite or objective is missing [I21, I25]
RP332 warning requests lose their priority in green [I21]
RP333 error   made for another engine
RP334 warning engine changes without its sidecar [I19]
RP335 error   setting that this kind ignores
RP336 error   labels take pods out of their pool
RP337 error   volume is bound to another claim
RP338 error   metric that the engine does not have
RP339 warning adapter for another base model [I23]
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
RP553 error+  two plans own one object
RP554 error+  two plans shift the same traffic [I21]
RP555 error+  plans exceed a shared budget [I17]
RP556 warning accepted finding does not occur
RP557 error   rule cannot be accepted
RP558 error   old API that the cluster does not have
RP559 warning old API read as the new one
RP560 error+  half-applied stage answers 500 [I4, I7]
RP561 error+  half-applied stage answers 503 [I4, I5, I17]
RP562 error+  half-applied stage serves the wrong version [I8, I10]
RP563 error+  half-applied stage does not know a model [I21, I25]
RP564 error+  half-applied stage breaks streams [I9, I11, I12, I24]
RP565 error+  half-applied stage has too few replicas [I17]
RP566 error+  pods lose what they need to start [I3]
RP567 warning stage shifts several routes [I8]
RP568 warning stage too large to prove in full
"""


def _row(line: str) -> Code:
    """Return the code of `ID severity title [invariants]`."""
    id_, severity, rest = line.split(None, 2)
    title, _, keeps = rest.partition("[")
    return code(id_, severity, title.strip(), tuple(keeps.rstrip("]").replace(",", " ").split()))


CODES = {row.id: row for row in map(_row, _TABLE.strip().splitlines())}
"""Code by ID, in the order of the IDs."""


def finding(
    id_: str, message: str, place: Place, hint: str, *related: Related, about: Named | str = ""
) -> Finding:
    """Return a finding of one of these codes, about an object of the cluster where it speaks of one."""
    return finding_of(CODES[id_], message, place, hint, *related, about=about)
