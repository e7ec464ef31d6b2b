"""Every finding has a page that explains it, and `rollplan explain` prints it."""

from __future__ import annotations

import re

import pytest
import yaml

from generator.cli.explain import FIELD, PAGES, explanation, topics
from generator.rules import CODES
from tests.conftest import Rollplan
from tests.support.paths import ROOT

EXPLAINED = [code for code in CODES if (PAGES / f"{code}.md").exists() or code >= "RP101"]
NO_NEAR_NAME = f"codes run from {min(CODES)} to {max(CODES)}, and `rollplan explain field` lists the topics"
SECTIONS = ["What", "Why", "Fix", "Wrong", "Right"]


def sections(code: str) -> dict[str, str]:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("code", EXPLAINED)
def test_a_page_has_its_title_and_sections(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {code}: {CODES[code].title}\n\n## What\n\n")
    assert text.endswith("\n```\n")
    assert list(sections(code)) == SECTIONS


@pytest.mark.parametrize("code", EXPLAINED)
def test_the_prose_of_a_page_is_one_to_four_sentences(code: str) -> None:
    for name in ("What", "Why", "Fix"):
        prose = sections(code)[name]
        assert prose.endswith("."), f"{name} does not end like a sentence"
        assert "\n\n" not in prose, f"{name} has more than one paragraph"
        sentences = re.findall(r"[.?!](?=\s|$)", re.sub(r"`[^`]*`", "", prose))
        assert 1 <= len(sentences) <= 4, f"{name} has {len(sentences)} sentences"


@pytest.mark.parametrize("code", [code for code in EXPLAINED if code >= "RP101"])
def test_the_examples_of_a_page_are_yaml_and_differ(code: str) -> None:
    """What is wrong with the examples from RP101 on is not their YAML."""
    examples = []
    for name in ("Wrong", "Right"):
        fenced = re.fullmatch(r"```yaml\n(.+)\n```", sections(code)[name], re.DOTALL)
        assert fenced, f"{name} is not one fenced YAML example"
        assert len(fenced[1].splitlines()) <= 12, f"{name} is long"
        examples.append(list(yaml.safe_load_all(fenced[1])))
    assert examples[0] != examples[1]


def test_no_page_is_without_a_code() -> None:
    assert {path.stem for path in PAGES.iterdir() if path.name != FIELD} <= set(CODES)


@pytest.mark.parametrize("spelling", ["RP101", "rp101", "Rp101"])
def test_explain_prints_the_page(rollplan: Rollplan, spelling: str) -> None:
    done = rollplan("explain", spelling)
    page = (PAGES / "RP101.md").read_text(encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, page, "")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("RP1O1", "there is no code RP1O1; did you mean RP101?"),
        ("hello", f"there is no code hello; {NO_NEAR_NAME}"),
        ("weight", "there is no code weight; did you mean weights?"),
        ("field/../RP101", f"there is no code field/../RP101; {NO_NEAR_NAME}"),
        ("../RP101", "there is no code ../RP101; did you mean RP101?"),
        ("\x1b[31mred", r"there is no code \x1b[31mred; " + NO_NEAR_NAME),
    ],
)
def test_an_unknown_code_is_a_fault_in_one_sentence(rollplan: Rollplan, wrong: str, sentence: str) -> None:
    done = rollplan("explain", wrong)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"rollplan: {sentence}\n")


def test_every_finding_in_a_golden_can_be_explained() -> None:
    goldens = (PAGES.parent.parent / "golden/findings").iterdir()
    shown = {code for path in goldens for code in re.findall(r"\[(RP\d{3})\]", path.read_text("utf-8"))}
    assert len(shown) > 30
    assert shown <= set(EXPLAINED)


@pytest.mark.parametrize("topic", topics())
def test_a_topic_names_the_source_of_every_section_and_the_date(topic: str) -> None:
    page = explanation(topic)
    head, *parts = re.split(r"^## .+\n", page, flags=re.MULTILINE)
    assert head.startswith("# ")
    assert parts
    for part in parts:
        assert len(re.findall(r"^Source: .+\.$", part, re.MULTILINE)) == 1
        assert re.search(r"^- .+\.$", part, re.MULTILINE)
    assert page.endswith(".\n\nChecked: November 2026.\n")


@pytest.mark.parametrize("spelling", ["weights", "field/weights", "Field/Weights"])
def test_explain_prints_a_topic(rollplan: Rollplan, spelling: str) -> None:
    done = rollplan("explain", spelling)
    page = (PAGES / FIELD / "weights.md").read_text(encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, page, "")


def test_explain_lists_every_topic_with_its_title(rollplan: Rollplan) -> None:
    listed = dict(re.findall(r"^- `([a-z-]+)`: (.+)$", rollplan("explain", "field").stdout, re.MULTILINE))
    assert set(listed) == {path.stem for path in (PAGES / FIELD).iterdir()}
    assert all(explanation(topic).startswith(f"# {title}\n") for topic, title in listed.items())


def test_every_topic_that_code_and_pages_refer_to_exists() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "generator").rglob("*.py")]
    texts += [path.read_text("utf-8") for path in PAGES.rglob("*.md")]
    named = {topic for text in texts for topic in re.findall(r"\bfield/([a-z-]+)", text)}
    assert len(named) > 10
    assert named <= set(topics())


def test_no_citation_leads_to_a_document_that_readers_do_not_have() -> None:
    folders = ((ROOT / "generator", "*.py"), (ROOT / "templates", "*"))
    for path in (path for folder, pattern in folders for path in folder.rglob(pattern) if path.is_file()):
        found = re.search(r"[Cc]ontract (§|I\d)|\bmend", path.read_text("utf-8"))
        assert not found, f"{path}: {found}"
