"""A Secret with values is refused, and the values are shown nowhere; what stands for one is accepted."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.command import in_process
from tests.support.gathered import CONFIG, codes, gathered, names, scene

CANARY = "hunter2-tweety"
ENCODED = b64encode(CANARY.encode()).decode()
SECRET = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: token}}\nstringData:\n  TOKEN: {CANARY}\n"

QUIET = {
    "plain": SECRET,
    "encoded": SECRET.replace("stringData", "data").replace(CANARY, ENCODED),
    "one line": json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"t": ENCODED}}
    ),
    "flow": f"{{kind: 'Secret', apiVersion: v1, metadata: {{name: a}}, stringData: {{t: {CANARY}}}}}\n",
    "no name": SECRET.replace("metadata: {name: token}\n", ""),
    "one line, no name": f'{{"apiVersion": "v1", "kind": "Secret", "stringData": {{"t": "{CANARY}"}}}}\n',
    "no version": SECRET.replace("apiVersion: v1\n", ""),
    "in a list": f"apiVersion: v1\nkind: List\nitems: [{{kind: Secret, data: {{t: {ENCODED}}}}}]\n",
    "list of secrets": f"apiVersion: v1\nkind: SecretList\nitems: [{{stringData: {{t: {CANARY}}}}}]\n",
    "key twice": f"{SECRET}  TOKEN: {CANARY}\n",
    "broken": f"{SECRET}  OTHER: {CANARY}: {CANARY}\n",
    "tag": SECRET.replace(CANARY, f"!{CANARY} {CANARY}"),
    "anchor": SECRET.replace("kind: Secret", "kind: &kind Secret").replace("metadata: {name: token}\n", ""),
    "number": SECRET.replace(CANARY, f"1e999 # {CANARY}"),
    "before another": f"{SECRET}---\n- {CANARY}\n",
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET)
def test_the_values_of_a_secret_are_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    plan = scene(tmp_path / "plan", "secret.yaml")
    (plan.parent / "secret.yaml").write_text(text)
    for format_ in ("text", "json", "github"):
        for command in (["validate"], ["stages"], ["render", "--out", tmp_path / "out"]):
            code, out, err = in_process(capsys, *command, plan, "--format", format_)
            assert code == 1
            assert "secret.yaml" in out + err
            assert CANARY not in out + err
            assert ENCODED not in out + err
    assert not (tmp_path / "out").exists()


ACCEPTED = {
    "no data": "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\n",
    "empty data": "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\ndata: {}\nstringData:\n",
    "sealed": "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: token}\n"
    "spec: {encryptedData: {TOKEN: AgBy8hCi}}\n",
    "external": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: token}\n"
    "spec: {secretStoreRef: {name: vault}, dataFrom: [{extract: {key: token}}]}\n",
    "of another group": "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: token}\ndata: {a: b}\n",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_what_holds_no_value_is_accepted(tmp_path: Path, text: str) -> None:
    plan = scene(tmp_path / "plan", "secret.yaml")
    (plan.parent / "secret.yaml").write_text(text)
    assert names(plan) == ["token"]


def test_a_word_does_not_make_a_secret(tmp_path: Path) -> None:
    """Findings in a file that speaks of Secrets and holds none keep their code frames."""
    plan = scene(tmp_path / "plan", "speech.yaml")
    speech = CONFIG % "speech" + "data: {kind: Secrets, of: 'my kind: Secrets'}\n---\nkind: SealedSecret\n"
    (plan.parent / "speech.yaml").write_text(speech)
    (finding,) = gathered(plan)[1].all
    assert finding.place.source.text == speech
    assert codes(plan) == ["RP203"]
