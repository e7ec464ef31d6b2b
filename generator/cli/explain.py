"""The pages of `rollplan explain`: one for each code, invariant and topic of the field."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher, get_close_matches
from operator import eq

from generator.model.findings import Fault
from generator.resources import TEMPLATES
from generator.rules import CODES
from generator.rules.invariants import CONTRACT, invariant_page

PAGES = TEMPLATES / "explain"
FIELD = "field"
"""The folder of the topics: facts about Kubernetes, gateways and engines, with their sources."""


def explanation(name: str) -> str:
    """Return the page of a code (RP301), an invariant (I5) or a topic (weights) in Markdown.

    `field` lists the topics. Raises `Fault` for a name that has no page.
    """
    id_, topic = name.upper(), name.lower().removeprefix(f"{FIELD}/")
    if id_ in CONTRACT:
        return invariant_page(CONTRACT[id_], CODES.values())
    if id_ in CODES:
        return (PAGES / f"{id_}.md").read_text(encoding="utf-8")
    known_topics = topics()
    if topic == FIELD:
        return _list_of(known_topics)
    if topic in known_topics:
        return _topic_page(topic)
    raise Fault(f"there is no code {name[:40]}; {_hint(id_, topic, known_topics)}")


def topics() -> Mapping[str, str]:
    """Return each topic of the field with its title."""
    names = sorted(path.stem for path in (PAGES / FIELD).glob("*.md"))
    return {name: _topic_page(name).partition("\n")[0].removeprefix("# ") for name in names}


def _topic_page(topic: str) -> str:
    return (PAGES / FIELD / f"{topic}.md").read_text(encoding="utf-8")


def _list_of(titles: Mapping[str, str]) -> str:
    rows = "\n".join(f"- `{topic}`: {title}" for topic, title in titles.items())
    intro = "What rollplan knows about Kubernetes, gateways and engines, with the sources of each fact."
    return f"# Facts of the field\n\n{intro} `rollplan explain TOPIC` prints a page.\n\n{rows}\n"


def _hint(id_: str, topic: str, known_topics: Mapping[str, str]) -> str:
    if close := get_close_matches(id_[:40], CODES, n=len(CODES)):
        return f"did you mean {max(sorted(close), key=lambda known: _likeness(known, id_))}?"
    if near := get_close_matches(topic[:40], known_topics, n=1):
        return f"did you mean {near[0]}?"
    return f"codes run from {min(CODES)} to {max(CODES)}, and `rollplan explain {FIELD}` lists the topics"


def _likeness(known: str, name: str) -> tuple[float, int]:
    """Rank codes by how similar they are to a name, and those that are equally similar by equal positions."""
    return SequenceMatcher(None, known, name[:40]).ratio(), sum(map(eq, known, name))
