"""`taxon diff`: exit codes, the layout for people and the one for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import taxon

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
    assert lines[:3] == ["sac -> sac_el", "", "code"]
    assert [line.split()[:3] for line in lines[3:]] == [
        ["network.policy.activation", "relu", "elu"],
        ["network.policy.layer_norm", "none", "first"],
        ["network.value.activation", "relu", "elu"],
        ["network.value.layer_norm", "none", "first"],
    ]
    assert len({line.index(" | ") for line in lines[3:]}) == 1
    assert all("std.architectures:" in line and "std.sac_el:" in line for line in lines[3:])


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
