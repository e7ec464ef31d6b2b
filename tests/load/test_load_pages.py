"""The pages that explain the findings of reading: their form, and examples that are what they say."""

import re

import pytest

from generator.cli.explain import PAGES, explanation
from generator.rules import CODES
from tests.support.loading import load

READING = [code for code in CODES if code < "RP1"]
EXAMPLE = re.compile(r"\n## (Wrong|Right)\n\n```(yaml|text)\n(.*?)\n```\n", re.DOTALL)
PROSE = ["What", "Why", "Fix"]


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def examples(code: str) -> dict[str, str | None]:
    """Give the YAML of the wrong and the right example, None for one that YAML cannot show."""
    return {
        title: text if language == "yaml" else None for title, language, text in EXAMPLE.findall(page(code))
    }


@pytest.mark.parametrize("code", READING)
def test_every_page_has_its_sections(code: str) -> None:
    lines = explanation(code.lower()).splitlines()
    assert lines[0] == f"# {code}: {CODES[code].title}"
    assert [line[3:] for line in lines if line.startswith("## ")] == [*PROSE, "Wrong", "Right"]
    assert set(examples(code)) == {"Wrong", "Right"}


@pytest.mark.parametrize("code", READING)
def test_every_section_is_one_to_four_sentences(code: str) -> None:
    for title in PROSE:
        section = re.search(rf"\n## {title}\n\n(.*?)\n\n##", page(code), re.DOTALL)
        assert section
        prose = section[1]
        assert "\n" not in prose
        assert 1 <= len(re.findall(r"\.(?= |$)", re.sub(r"`[^`]*`", "", prose))) <= 4
        assert prose[-1] == "."


@pytest.mark.parametrize("code", [code for code in READING if examples(code)["Wrong"]])
def test_a_wrong_example_has_this_finding_alone(code: str) -> None:
    wrong = examples(code)["Wrong"]
    assert wrong
    assert {finding[:5] for finding in load(wrong)[1]} == {code}


@pytest.mark.parametrize("code", [code for code in READING if examples(code)["Right"]])
def test_a_right_example_has_no_finding(code: str) -> None:
    right = examples(code)["Right"]
    assert right
    assert load(right)[1] == []


def test_only_what_yaml_cannot_show_is_shown_as_text() -> None:
    assert {code for code in READING if not examples(code)["Wrong"]} == {"RP001", "RP008", "RP009"}
