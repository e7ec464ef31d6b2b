"""The `accept` list of a plan: findings that it goes on with, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from generator.model.codes import finding
from generator.model.findings import Acceptance, Code, Reporting
from generator.plan.fields import Fields

ACROSS = frozenset({"RP553", "RP554", "RP555"})
"""Codes that only several plans together can get: one plan alone does not show whether they come."""

WITHOUT_OBJECT = frozenset({"RP011", "RP556"})
"""Codes whose findings speak of no object: a scalar as it is read, and an entry of `accept` itself."""


def parse_acceptances(spec: Fields, codes: Mapping[str, Code]) -> Reporting[tuple[Acceptance, ...]]:
    """Read `accept`; a code that may not be accepted, or does not exist, is a finding."""
    accepted = []
    for item in spec.items("accept"):
        rule = item.ref("rule")
        code = codes.get(rule.value)
        if code is None or not code.acceptable:
            says = "there is no rule" if code is None else "no plan can accept"
            hint = (
                "`rollplan explain CODE` explains each code"
                if code is None
                else "fix the fault: it cannot be accepted"
            )
            yield finding("RP557", f"{says} `{rule}`", rule.place, hint)
        else:
            reason, place = item.text("reason"), item.document.at(item.path)
            accepted.append(Acceptance(code=code, reason=reason, object=item.text("object"), place=place))
    return tuple(accepted)


def require_used(unused: Iterable[Acceptance], *, across: bool) -> Reporting[None]:
    """Check that everything accepted was found: the codes of several plans `across`, or the others."""
    for item in unused:
        if (item.code.id in ACROSS) is across:
            about = f" of `{item.object}`" if item.object else ""
            yield finding(
                "RP556",
                f"nothing{about} is found that `{item.code.id}` could accept",
                item.place,
                _LEAVE_OUT if item.object and item.code.id in WITHOUT_OBJECT else _TAKE_OUT,
            )


_TAKE_OUT = "remove it: it would hide the next fault of this kind"
_LEAVE_OUT = "leave out `object`: findings of this code speak of no object"
