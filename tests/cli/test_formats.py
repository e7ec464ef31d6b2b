"""Findings for machines: SARIF, JUnit and GitHub's limits, with nothing of a user's text that does harm."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from generator import __version__
from generator.cli.explain import explanation
from generator.cli.formats import FINDINGS
from generator.model.findings import Finding, Related
from generator.model.source import Place, Source
from generator.rules import CODES
from tests.conftest import Rollplan
from tests.support.naughty import NAUGHTY

ERROR, WARNING = "RP104", "RP011"
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
WORKFLOW = re.compile(r"::(error|warning|notice) (?:[a-zA-Z]+=[^:,\r\n]*,?)*::[^\r\n]*")


def finding(text: str = "a", code: str = ERROR, line: int = 3, **more: Any) -> Finding:
    source = Source(name=more.get("name", text), text="one\n  two: 2\nthree\n")
    place = Place(source=source, line=line, column=2, length=3)
    related = (Related(place=place, label=text),)
    return Finding(code=CODES[code], message=text, place=place, hint=text, related=related)


def sarif(*found: Finding) -> Any:
    """The report, held against what SARIF 2.1.0 demands and GitHub asks for."""
    report = json.loads(FINDINGS["sarif"](found))
    assert report["version"] == "2.1.0"
    assert report["$schema"].endswith("sarif-2.1.0.json")
    (run,) = report["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("rollplan", __version__)
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(set(rules)) == len(rules)
    for rule in driver["rules"]:
        assert rule["help"]["text"] == rule["help"]["markdown"] == explanation(rule["id"])
        assert rule["shortDescription"]["text"] == CODES[rule["id"]].title
        assert rule["defaultConfiguration"]["level"] in {"error", "warning"}
        assert re.fullmatch(
            r"[A-Z0-9]\w*", rule["name"].replace("'", "").replace("-", "").replace(".", "").replace(",", "")
        )
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        for place in [*result["locations"], *result.get("relatedLocations", [])]:
            region = place["physicalLocation"]["region"]
            assert all(isinstance(number, int) and number >= 1 for number in region.values())
            assert region["endColumn"] > region["startColumn"]
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9%/._~:-]*", uri)
        for place in result.get("relatedLocations", []):
            assert place["message"]["text"] is not None
    return run


def test_sarif_of_findings() -> None:
    run = sarif(finding("a", name="plans/a b/größe.yaml"), finding("b", WARNING), finding("c"))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [WARNING, ERROR]
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == (ERROR, "error")
    location = first["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {
        "uri": "plans/a%20b/gr%C3%B6%C3%9Fe.yaml",
        "uriBaseId": "%SRCROOT%",
    }
    assert location["region"] == {"startLine": 3, "startColumn": 2, "endLine": 3, "endColumn": 5}
    assert sarif()["results"] == []


def test_sarif_paths_are_relative_unless_the_user_s_are_not() -> None:
    (result,) = sarif(finding(name="/srv/plan.yaml"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///srv/plan.yaml"}


def test_fingerprints_outlive_lines_above_and_tell_twins_apart() -> None:
    def prints(*found: Finding) -> list[str]:
        return [result["partialFingerprints"]["rollplan/v1"] for result in sarif(*found)["results"]]

    moved = Place(source=Source(name="a", text="new\none\n  two: 2\nthree\n"), line=4, column=2)
    before = finding("a")
    after = Finding(code=before.code, message="a", place=moved, hint="another hint")
    assert prints(before) == prints(after)
    twins = prints(before, before, finding("b"), finding("a", line=2), finding("a", name="other"))
    assert len(set(twins)) == 5


def junit(*found: Finding) -> ElementTree.Element:
    root = ElementTree.fromstring(FINDINGS["junit"](found))
    assert root.tag == "testsuites"
    (suite,) = root
    cases = suite.findall("testcase")
    failures = [case for case in cases if case.find("failure") is not None]
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), str(len(failures)))
    return suite


def test_junit_of_findings() -> None:
    failed, passed = junit(finding("it is wrong", name="plan.yaml"), finding("it is odd", WARNING)).findall(
        "testcase"
    )
    failure = failed.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.get("type")) == ("it is wrong", ERROR)
    assert "plan.yaml:3:2" in str(failure.text)
    assert (failed.get("classname"), failed.get("line")) == ("plan.yaml", "3")
    assert passed.find("failure") is None
    assert str(passed.findtext("system-out")).startswith("warning[RP011]: it is odd")
    (alone,) = junit()
    assert (alone.get("name"), len(alone)) == ("no findings", 0)


@pytest.mark.slow
@pytest.mark.parametrize("format_", FINDINGS)
def test_no_text_does_harm_in_any_format(format_: str) -> None:
    for text in NAUGHTY:
        found = [finding(text), finding(text, WARNING)]
        shown = FINDINGS[format_](found)
        assert not UNSAFE.search(shown), repr(text[:80])
        if format_ == "sarif":
            (result, _) = sarif(*found)["results"]
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert unquote(uri).strip("/") or not text.strip("/.")
        elif format_ == "junit":
            assert len(junit(*found)) == 2
        elif format_ == "json":
            assert [item["message"] for item in json.loads(shown)["findings"]] == [text, text]
        elif format_ == "github":
            lines = shown.split("\n")
            assert len(lines) == 3, repr(text[:80])
            assert all(WORKFLOW.fullmatch(line) for line in lines[:2]), repr(text[:80])


@pytest.mark.parametrize(
    ("errors", "warnings", "expected"),
    [(3, 2, (3, 2, "")), (10, 10, (10, 10, "")), (11, 0, (10, 0, "1 more")), (12, 25, (10, 10, "17 more"))],
)
def test_github_gets_ten_of_each_kind_and_a_number(
    errors: int, warnings: int, expected: tuple[int, int, str]
) -> None:
    found = [finding(f"w{n}", WARNING) for n in range(warnings)] + [finding(f"e{n}") for n in range(errors)]
    lines = FINDINGS["github"](found).splitlines()
    levels = [line.partition(" ")[0] for line in lines]
    assert levels == ["::error"] * expected[0] + ["::warning"] * expected[1] + ["::notice"] * bool(
        expected[2]
    )
    assert expected[2] in lines[-1]


@pytest.mark.parametrize("format_", ["sarif", "junit"])
def test_a_render_tells_its_warnings_in_formats_for_findings(
    rollplan: Rollplan, tmp_path: Any, format_: str
) -> None:
    done = rollplan(
        "render", "plans/rolling-update/plan.yaml", "--out", tmp_path / "out", "--format", format_
    )
    assert done.returncode == 0
    assert done.stdout == FINDINGS[format_]([])
