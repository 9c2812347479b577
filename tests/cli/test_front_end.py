"""The commands of the front end: exit codes, what goes to which stream, and the formats for programs."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from program import taxon

from taxon.cli.specs.codes import CODES
from taxon.taxonomy import FACTORS, SCHEMA


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a spec that warns, one that is wrong and one that cannot be read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ours.tx").write_text(
        "taxon 1\nimport std.sac\nalgorithm ours extends sac {\n  G.estimate = td(0)\n"
        '  when env = "Hopper-*" { gamma = 0.995 }\n}\n'
    )
    (tmp_path / "wrong.tx").write_text(
        "taxon 1\nimport std.sac\nalgorithm wrong extends sac {\n  gama = 0.9\n  optimizer.policy.lr = -1\n}\n"
    )
    (tmp_path / "latin.tx").write_bytes(b"taxon 1\n# caf\xe9\n")
    (tmp_path / "nul.tx").write_bytes(b"taxon 1\n\x00algorithm x { }\n")
    (tmp_path / "two.tx").write_text(
        "taxon 1\nimport std.sac\nalgorithm one extends sac { }\nalgorithm two extends sac { gamma = 0.9 }\n"
    )
    return tmp_path / "ours.tx"


READERS = ("show", "emit", "table")


@pytest.mark.parametrize("command", [*READERS, "check"])
def test_fine_is_0(command: str) -> None:
    result = taxon(command, "sac")
    assert result.exit_code == 0
    assert result.stderr == ("1 spec checked: all fine\n" if command == "check" else "")


@pytest.mark.parametrize("command", READERS)
def test_warnings_go_to_standard_error_and_are_no_failure(command: str, spec: Path) -> None:
    result = taxon(command, spec)
    assert result.exit_code == 0
    assert "TX501" in result.stderr
    assert "TX501" not in result.stdout
    assert result.stdout


@pytest.mark.parametrize("command", READERS)
def test_errors_are_1_and_leave_standard_output_empty(command: str, spec: Path) -> None:
    result = taxon(command, "wrong.tx")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "TX201" in result.stderr
    assert "TX204" in result.stderr


def test_check_tells_on_standard_output(spec: Path) -> None:
    result = taxon("check", "wrong.tx", "ours.tx", "mpo")
    assert result.exit_code == 1
    assert {"TX201", "TX204", "TX501"} <= set(result.stdout.replace("[", " ").replace("]", " ").split())
    assert result.stderr == "3 specs checked: 2 errors, 1 warning\n"
    assert taxon("check", "ours.tx").exit_code == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing.tx", "TX012"),
        ("folder", "TX012"),
        ("latin.tx", "TX013"),
        ("a\0b.tx", "TX012"),
        ("a\0b", "TX113"),
        ("x" * 5000, "TX113"),
        ("ours.tx:nobody", "TX113"),
    ],
)
@pytest.mark.parametrize("command", [*READERS, "check"])
def test_what_cannot_be_read_is_2(command: str, name: str, code: str, spec: Path) -> None:
    (spec.parent / "folder").mkdir()
    result = taxon(command, name)
    assert result.exit_code == 2
    assert code in (result.stdout if command == "check" else result.stderr)
    assert (result.stdout if command != "check" else "") == ""


def test_a_nul_in_a_file_is_a_finding(spec: Path) -> None:
    result = taxon("check", "nul.tx")
    assert result.exit_code == 1
    assert "TX009" in result.stdout


def test_several_algorithms_in_a_file(spec: Path) -> None:
    result = taxon("show", "two.tx")
    assert result.exit_code == 1
    assert "`two.tx:one`" in result.stderr
    assert "gamma = 0.9\n" in taxon("show", "two.tx:two").stdout
    assert taxon("check", "two.tx", "two.tx:two").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("show", "scc"), "did you mean `sac`?"),
        (("check", "mpo_onstep"), "did you mean `mpo_onestep`?"),
        (("show", "sac", "--set", "gama=0.9"), "did you mean `gamma`?"),
        (("show", "sac", "--set", "optimizer.polcy.lr=1e-3"), "did you mean `optimizer.policy`?"),
        (("diff", "sac", "sac_ell"), "did you mean `sac_el`?"),
    ],
)
def test_did_you_mean(arguments: tuple[str, ...], hint: str, spec: Path) -> None:
    result = taxon(*arguments)
    assert result.exit_code in (1, 2)
    assert hint in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gamma", "TX001"),
        ("gamma=2", "TX204"),
        ("gamma=relu", "TX203"),
        ("gamma=0.9 gamma=0.8", "TX001"),
        ("eta=3 }", "TX003"),
        ("gamma=0.9,eta=2", "TX115"),
        ("bounds=penalty", "TX319"),
    ],
)
@pytest.mark.parametrize("command", ["show", "emit"])
def test_bad_overrides(command: str, text: str, code: str) -> None:
    result = taxon(command, "sac", "--set", text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert code in result.stderr


@pytest.mark.parametrize("arguments", [("table",), ("diff",), ("frobnicate",), ("check", "sac", "--format", "xml")])
def test_usage_is_2(arguments: tuple[str, ...]) -> None:
    result = taxon(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage" in result.stderr


def test_environments(spec: Path) -> None:
    plain = taxon("show", "ours.tx").stdout
    assert "gamma = 0.99\n" in plain
    assert "gamma = 0.995\n" in taxon("show", "ours.tx", "--env", "Hopper-v5").stdout
    assert taxon("show", "ours.tx", "--env", "NoSuchEnvironment-v0").stdout == plain
    assert taxon("check", "ours.tx", "--env", "Hopper-v5").exit_code == 0


def test_check_formats(spec: Path) -> None:
    result = taxon("check", "wrong.tx", "ours.tx", "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert document["format_version"] == 1
    assert [finding["code"] for finding in document["diagnostics"]] == ["TX201", "TX204", "TX501"]
    first = document["diagnostics"][0]["labels"][0]
    assert (first["path"], first["start"]["line"], first["start"]["column"]) == ("wrong.tx", 4, 3)

    lines = taxon("check", "wrong.tx", "ours.tx", "--format", "concise").stdout.splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["wrong.tx:4:3:", "error[TX201]"],
        ["wrong.tx:5:25:", "error[TX204]"],
        ["ours.tx:4:16:", "warning[TX501]"],
    ]
    assert json.loads(taxon("check", "sac", "--format", "json").stdout) == {"format_version": 1, "diagnostics": []}


def test_emit_prints_a_module(spec: Path) -> None:
    module = taxon("emit", "ours.tx").stdout
    assert {"Agent", "State", "DATA"} <= defined(module)
    assert "gamma" not in taxon("emit", "ours.tx", "--out", "module.py").stdout
    assert (spec.parent / "module.py").read_text("utf-8") == module
    assert defined(taxon("emit", "ours.tx", "--set", "gamma=0.9").stdout) == defined(module)
    result = taxon("emit", "sac", "--out", "no/such/folder.py")
    assert result.exit_code == 2
    assert "--out" in result.stderr


def test_emit_standalone_needs_nothing_of_ours_to_start() -> None:
    imports = [node for node in ast.parse(taxon("emit", "mpo", "--standalone").stdout).body if is_import(node)]
    text = "\n".join(map(ast.unparse, imports))
    assert "torch" in text
    assert "taxon" not in text


def is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def defined(module: str) -> set[str]:
    """The classes and constants at the top of a Python text."""
    body = ast.parse(module).body
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    names = {target.id for target in assigned if isinstance(target, ast.Name)}
    return names | {node.name for node in body if isinstance(node, ast.ClassDef)}


def test_show_is_canonical(spec: Path) -> None:
    shown = taxon("show", "sac").stdout
    (spec.parent / "again.tx").write_text(shown)
    assert taxon("show", "again.tx").stdout == shown
    assert taxon("diff", "sac", "again.tx").exit_code == 0


@pytest.mark.parametrize("option", ["--set=gamma=0.9", "--unset=gamma", "--origin"])
def test_a_study_has_no_row_to_override(option: str, tmp_path: Path) -> None:
    path = tmp_path / "s.tx"
    path.write_text(
        'taxon 1\nstudy s { base = std.sac, on = ["Ant-v4"], seeds = 1, steps = 1M, vary gamma in [0.9] }\n', "utf-8"
    )
    assert taxon("show", path).exit_code == 0
    refused = taxon("show", path, option)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "name its base, `std.sac`" in refused.stderr


@pytest.mark.parametrize("command", ["explain", "doc"])
@pytest.mark.parametrize(("name", "said"), [("batch_size", "`data.batch`"), ("adamw", "Loshch"), ("td3", "std.td3")])
def test_a_name_from_elsewhere_is_explained(command: str, name: str, said: str) -> None:
    called = taxon(command, name)
    assert called.exit_code == 2
    assert said in called.stderr


def test_show_origins(spec: Path) -> None:
    lines = taxon("show", "ours.tx", "--origin", "--env", "Hopper-v5", "--set", "target.tau=0.01").stdout.splitlines()
    origins = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert origins["G.estimate"].split() == ["td", "ours.tx:4"]
    assert origins["target.tau"].split() == ["0.01", "--set"]
    assert origins["pi_q"].split()[:3] == ["pi_theta", "parent", "sac"]
    assert origins["network.policy.hidden"].split("]")[1].split()[:2] == ["mixin", "sac_net"]
    assert "when" in origins["gamma"]
    assert origins["optimizer.clip"].split() == ["none", "default"]


def test_table(spec: Path) -> None:
    lines = taxon("table", "mpo", "ours.tx").stdout.splitlines()
    assert [cell.strip() for cell in lines[0].split("|")] == ["", *FACTORS]
    assert [line.split("|")[0].strip() for line in lines[2:]] == ["mpo", "ours"]
    assert len({line.index("|") for line in (lines[0], *lines[2:])}) == 1
    document = json.loads(taxon("table", "mpo", "ours.tx", "--json").stdout)
    assert document["format_version"] == 1
    assert list(document["rows"]["mpo"]) == list(FACTORS)
    assert document["rows"]["ours"]["G.estimate"] == "TD(0)"


def test_a_row_of_a_table_that_is_wrong_is_a_failure(spec: Path) -> None:
    result = taxon("table", "mpo", "wrong.tx")
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    result = taxon("explain", code.lower())
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{code} ({CODES[code].severity}): {CODES[code].title}\n\n")
    assert max(map(len, result.stdout.splitlines())) <= 120


@pytest.mark.parametrize("path", SCHEMA)
def test_every_path_is_explained(path: str) -> None:
    result = taxon("explain", path)
    assert (result.exit_code, result.stderr) == (0, "")
    slot = SCHEMA[SCHEMA[path].spread[0]] if SCHEMA[path].spread else SCHEMA[path]
    words = " ".join(result.stdout.split())
    assert words.startswith(f"{path}: {slot.doc} takes ")
    for choice in slot.choices:
        for text in (choice.doc, choice.equation, choice.source, *(p.doc for p in choice.parameters)):
            assert " ".join(text.split()) in words


def test_a_parameter_and_a_group_are_explained() -> None:
    result = taxon("explain", "pi_q.update.trust_region.kl")
    assert (result.exit_code, result.stdout.splitlines()[1]) == (0, "takes a number in (0, 1e+18]; 0.1 by default")
    result = taxon("explain", "optimizer.policy.momentum")
    assert "decay of the velocity" in result.stdout
    result = taxon("explain", "optimizer")
    leaves = ("bounds", "clip", "dual", "policy", "policy_every", "prior", "value")
    assert result.stdout.split() == [f"optimizer.{leaf}" for leaf in leaves]
    result = taxon("explain", "pi_q.updat")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean `pi_q.update`?" in result.stderr


def test_a_code_that_is_none() -> None:
    result = taxon("explain", "TX31")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean `TX3" in result.stderr
