"""`taxon diff`: exit codes, the layout for people and the one for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import taxon

from taxon.semantics import load_spec, row_hash

NAMES = ["mpo", "awr", "awac", "sac", "sac_el", "mpo_joint"]


def test_exit_codes() -> None:
    same = taxon("diff", "sac", "std.sac")
    assert same.exit_code == 0
    assert same.stdout == "sac -> sac\nsame algorithm, same implementation, same code-level choices\n"
    assert taxon("diff", "sac", "sac_el").exit_code == 1
    missing = taxon("diff", "sac", "nothing.tx")
    assert (missing.exit_code, missing.stdout) == (2, "")


def test_a_refused_side(tmp_path: Path) -> None:
    (tmp_path / "wrong.tx").write_text("taxon 1\nimport std.sac\nalgorithm wrong extends sac { gama = 1 }\n")
    refused = taxon("diff", "sac", tmp_path / "wrong.tx")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "TX201" in refused.stderr


def test_short_values_stand_in_columns() -> None:
    lines = taxon("diff", "sac", "sac_el").stdout.splitlines()
    assert lines[:4] == ["sac -> sac_el", "same algorithm, same implementation; 4 code-level differences", "", "code"]
    lines = lines[4:]
    assert [line.split()[:3] for line in lines] == [
        ["network.policy.activation", "relu", "elu"],
        ["network.policy.layer_norm", "none", "first"],
        ["network.value.activation", "relu", "elu"],
        ["network.value.layer_norm", "none", "first"],
    ]
    assert len({line.index(" | ") for line in lines}) == 1
    assert all("std.architectures:" in line and "std.sac_el:" in line for line in lines)


def test_long_values_stand_one_above_the_other() -> None:
    lines = taxon("diff", "sac", "mpo").stdout.splitlines()
    at = lines.index("  pi_theta")
    assert [line.split(maxsplit=1)[0] for line in lines[at + 1 : at + 3]] == ["-", "+"]
    assert lines[at + 1].split() == ["-", "Tanh(N(mu_theta(s),", "Sigma_theta(s)))", lines[at + 1].split()[-1]]
    assert lines[at + 1].split()[-1].startswith("std.sac:")
    assert lines[at + 1].index("std.sac") == lines[at + 2].index("std.mpo")
    assert [line for line in lines if line in ("algorithm", "implementation", "code")] == [
        "algorithm",
        "implementation",
        "code",
    ]


@pytest.mark.parametrize("left", NAMES)
@pytest.mark.parametrize("right", NAMES)
@pytest.mark.parametrize("options", [(), ("--all",)])
def test_lines_fit_a_screen_and_tell_all(left: str, right: str, options: tuple[str, ...]) -> None:
    text = taxon("diff", left, right, *options).stdout
    assert max(map(len, text.splitlines())) <= 120
    words = " ".join(text.split())
    for difference in json.loads(taxon("diff", left, right, *options, "--json").stdout)["differences"]:
        assert f" {difference['path']} " in words
        for side in ("left", "right"):
            assert difference[side] is None or " ".join(difference[side]["value"].split()) in words


def test_all_marks_what_agrees() -> None:
    lines = taxon("diff", "sac", "sac_el", "--all").stdout.splitlines()
    paths = [line for line in lines if line[:2] in ("= ", "  ") and line[2] != " "]
    differing = [line.split()[0] for line in paths if line[0] == " "]
    assert differing == [f"network.{n}.{leaf}" for n in ("policy", "value") for leaf in ("activation", "layer_norm")]
    assert len(paths) > 50
    same = taxon("diff", "sac", "sac", "--all")
    assert same.exit_code == 0
    assert all(line[0] == "=" for line in same.stdout.splitlines() if line[1:2] == " " and line[2] != " ")


def test_json() -> None:
    result = taxon("diff", "sac", "sac_l", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert {key: document[key] for key in ("format_version", "left", "right")} == {
        "format_version": 1,
        "left": "sac",
        "right": "sac_l",
    }
    assert [difference["path"] for difference in document["differences"]] == [
        "network.policy.layer_norm",
        "network.value.layer_norm",
    ]
    first = document["differences"][0]
    assert (first["level"], first["differs"]) == ("code", True)
    assert first["left"]["value"] == "none"
    assert first["left"]["origin"].startswith("mixin sac_net std.architectures:")
    assert first["right"]["value"] == "first"
    everything = json.loads(taxon("diff", "sac", "sac_l", "--json", "--all").stdout)["differences"]
    assert sum(difference["differs"] for difference in everything) == 2
    assert len(everything) > 50
    one_sided = json.loads(taxon("diff", "mpo", "sac", "--json").stdout)["differences"]
    assert next(difference for difference in one_sided if difference["path"] == "eta")["left"] is None


def test_environments_take_part() -> None:
    assert taxon("diff", "awr", "awr", "--env", "Ant-v5").exit_code == 0
    plain = json.loads(taxon("diff", "mpo_onestep", "mpo", "--env", "Hopper-v4", "--json", "--all").stdout)
    cov = next(d for d in plain["differences"] if d["path"] == "pi_p.update.trust_region.kl_cov")
    assert "when" in cov["left"]["origin"]


def test_defaults_may_be_written_out(tmp_path: Path) -> None:
    (tmp_path / "long.tx").write_text(taxon("show", "sac").stdout)
    (tmp_path / "short.tx").write_text(
        "taxon 1\nimport std.sac\nalgorithm short extends sac { optimizer.clip = none, gamma = 0.99 }\n"
    )
    for name in ("long.tx", "short.tx"):
        same = taxon("diff", "sac", tmp_path / name)
        assert (same.exit_code, same.stdout.splitlines()[1:]) == (
            0,
            ["same algorithm, same implementation, same code-level choices"],
        )


@pytest.mark.parametrize(
    ("specs", "line"),
    [
        (("sac", "mpo"), "2 algorithm, 7 implementation and 21 code-level differences"),
        (("sac", "sac_single"), "same algorithm, same code-level choices; 1 implementation difference"),
    ],
)
def test_the_verdict(specs: tuple[str, str], line: str) -> None:
    document = json.loads(taxon("diff", *specs, "--json").stdout)
    assert document["verdict"] == line == taxon("diff", *specs).stdout.splitlines()[1]
    levels = [difference["level"] for difference in document["differences"]]
    assert document["counts"] == {level: levels.count(level) for level in ("algorithm", "implementation", "code")}


def test_code() -> None:
    result = taxon("diff", "sac", "sac_l", "--code")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:2] == ["--- sac", "+++ sac_l"]
    emitted = taxon("emit", "sac_l").stdout.splitlines()
    assert {line[1:] for line in lines[2:] if line.startswith("+")} <= set(emitted)
    assert lines.count('+            layer_norm="first",') == 2
    assert json.loads(taxon("diff", "sac", "sac_l", "--code", "--json").stdout)["code"] == result.stdout.rstrip("\n")
    same = taxon("diff", "sac", "std.sac", "--code")
    assert (same.exit_code, same.stdout) == (0, "")


def test_more_than_two_stand_in_columns() -> None:
    result = taxon("diff", "sac", "sac_e", "sac_el")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:2] == ["sac, sac_e, sac_el", "same algorithm, same implementation; 4 code-level differences"]
    assert lines[3].split() == ["sac", "sac_e", "sac_el"]
    assert [line.split() for line in lines[4:]] == [
        ["code"],
        ["network.policy.activation", "relu", "elu", "elu"],
        ["network.policy.layer_norm", "none", "none", "first"],
        ["network.value.activation", "relu", "elu", "elu"],
        ["network.value.layer_norm", "none", "none", "first"],
    ]
    everything = taxon("diff", "sac", "sac_e", "sac_el", "--all").stdout.splitlines()
    assert any(line.startswith("= gamma ") for line in everything)
    document = json.loads(taxon("diff", "sac", "sac_e", "sac_el", "--json").stdout)
    assert document["specs"] == ["sac", "sac_e", "sac_el"]
    assert [side["value"] for side in document["differences"][1]["values"]] == ["none", "none", "first"]
    assert taxon("diff", "sac", "sac", "std.sac").exit_code == 0


def test_a_column_hides_no_difference() -> None:
    """Table 1 prints the penalty and the clipped ratio alike."""
    lines = taxon("diff", "ppo", "ppo_clip", "sac").stdout.splitlines()
    (update,) = [line for line in lines if line.startswith("  pi_q.update ")]
    assert "SG + TR" not in update
    assert "penalty" in taxon("diff", "ppo", "ppo_clip", "sac").stdout


@pytest.mark.parametrize("specs", [("sac",), ("sac", "mpo", "awr", "--code")])
def test_a_wrong_number_of_specs(specs: tuple[str, ...]) -> None:
    result = taxon("diff", *specs)
    assert (result.exit_code, result.stdout) == (2, "")
    assert " help: name two" in result.stderr


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What a run of a spec leaves behind, as far as it is read here."""
    folder = tmp_path / "runs" / "sac_l-Hopper-1"
    folder.mkdir(parents=True)
    (folder / "resolved.tx").write_text(taxon("show", "sac_l").stdout, encoding="utf-8")
    row = load_spec("sac_l").row
    assert row is not None
    (folder / "run.json").write_text(json.dumps({"format": 1, "row": row_hash(row)}))
    return folder


def test_the_folder_of_a_run(run: Path) -> None:
    assert taxon("diff", run, "sac_l").exit_code == 0
    result = taxon("diff", "sac", run)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:2] == [f"sac -> {run}", "same algorithm, same implementation; 2 code-level differences"]
    assert f"{run}/resolved.tx:" in result.stdout


@pytest.mark.parametrize("record", ["", "[]", '{"row": "0"}', "{}", "[" * 100_000])
def test_a_folder_that_is_no_run(run: Path, record: str) -> None:
    (run / "run.json").write_text(record)
    result = taxon("diff", "sac", run)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert "\n help: " in result.stderr


def test_a_run_without_its_spec(run: Path) -> None:
    (run / "resolved.tx").unlink()
    result = taxon("diff", "sac", run)
    assert (result.exit_code, result.stdout) == (2, "")


def test_rows_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "mine.tx").write_text(taxon("show", "sac").stdout.replace("gamma = 0.99", "gamma = 0.9"))
    result = taxon("diff", "sac", tmp_path / "mine.tx")
    assert result.stdout.splitlines()[0] == f"sac -> {tmp_path / 'mine.tx'}"
