"""`taxon ladder`: the table, the folder of specs and the JSON; and that each rung trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import taxon
from smaller import smaller
from test_specs_train import FEWER

from taxon.semantics import load_spec, row_hash

STEPS = 2_000


def hash_of(spec: str | Path, env: str | None = None, actions: str | None = None) -> str:
    row = load_spec(spec, env=env, actions=actions).row
    assert row is not None
    return row_hash(row)


def test_the_table() -> None:
    result = taxon("ladder", "ppo", "trpo")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["ppo -> trpo: 8 steps", ""]
    assert lines[2].split() == ["step", "what", "moves", "from", "to"]
    assert lines[5].split() == ["2", "G.estimate", "gae", "td(lambda", "=", "1)"]
    assert lines[4].split() == ["-", "optimizer.policy", "adam(eps", "=", "1e-5)", "-"]
    assert [line.split()[0] for line in lines[3:] if line[0] != " "] == [str(number) for number in range(1, 9)]


def test_a_group_is_named() -> None:
    lines = taxon("ladder", "sac", "mpo").stdout.splitlines()
    assert lines[0] == "sac -> mpo: 23 steps; the choices of step 2 mean something only together"
    at = next(index for index, line in enumerate(lines) if line.startswith("2 "))
    assert lines[at].split() == ["2", "pi_q", "pi_theta", "nonparametric"]
    assert lines[at + 1].split() == ["pi_p", "fixed", "pi_theta"]
    assert any(line.split() == ["-", "eta", "entropy", "-"] for line in lines)
    assert max(map(len, lines)) <= 120


def test_the_same_row() -> None:
    result = taxon("ladder", "sac", "std.sac")
    assert (result.exit_code, result.stdout) == (0, "sac -> sac: the rows are the same\n")


@pytest.mark.parametrize(("left", "right"), [("sac", "mpo"), ("ppo", "trpo")])
def test_a_folder_of_specs(left: str, right: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "rungs"
    assert taxon("ladder", left, right, "--out", out).exit_code == 0
    files = sorted(out.iterdir())
    assert [file.stem for file in files] == [f"{left}_to_{right}_{number:02}" for number in range(1, len(files) + 1)]
    assert hash_of(files[-1]) == hash_of(right)
    checked = taxon("check", *files)
    assert checked.exit_code == 0, checked.stdout
    first, second = (file.read_text("utf-8") for file in files[:2])
    assert first.startswith(f"taxon 1\nimport std.{left}\n\n/// Step 1 of {len(files)} from {left} to {right}.\n")
    assert second.startswith(f'taxon 1\nimport "{left}_to_{right}_01.tx"\n\n/// Step 2 of ')


def test_a_ladder_from_a_file_of_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'my "specs"').mkdir()
    mine = Path('my "specs"') / "two.tx"
    mine.write_text(
        "taxon 1\nimport std.sac\nalgorithm one extends sac { }\nalgorithm two extends one { gamma = 0.9 }\n"
    )
    assert taxon("ladder", f"{mine}:two", "td3", "--out", "out").exit_code == 0
    files = sorted(Path("out").iterdir())
    assert files[0].read_text().splitlines()[1] == 'import "../my \\"specs\\"/two.tx"'
    assert hash_of(files[-1]) == hash_of("td3")
    assert taxon("ladder", files[2], "mpo", "--out", "further").exit_code == 0
    assert hash_of(sorted(Path("further").iterdir())[-1]) == hash_of("mpo")


@pytest.mark.parametrize(
    ("left", "right", "env", "actions"),
    [
        ("awr", "mpo", "Hopper-v4", "continuous"),  # blocks of both, at the same paths and at others
        ("mpo", "awr", "Ant-v4", "continuous"),
        ("ppo", "trpo", "CartPole-v1", "discrete"),
        ("mpo", "ppo", "CartPole-v1", "discrete"),
    ],
)
def test_a_ladder_in_an_environment(left: str, right: str, env: str, actions: str, tmp_path: Path) -> None:
    """From the row that `run` would train there to the other; and each rung is accepted there."""
    result = taxon("ladder", left, right, "--env", env, "--out", tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{left} -> {right} in {env}: ")
    files = sorted(tmp_path.iterdir())
    assert hash_of(files[-1], env, actions) == hash_of(right, env, actions) != hash_of(right)
    assert f" of {len(files)} from {left} to {right} in {env}.\n" in files[0].read_text("utf-8")
    checked = taxon("check", tmp_path, "--env", env)
    assert checked.exit_code == 0, checked.stdout
    document = json.loads(taxon("ladder", left, right, "--env", env, "--json").stdout)
    assert document["env"] == env
    assert document["steps"][-1]["row"] == hash_of(files[-1], env, actions)


def test_an_end_that_an_environment_does_not_take() -> None:
    result = taxon("ladder", "sac", "ppo", "--env", "CartPole-v1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "TX401" in result.stderr


def test_json(tmp_path: Path) -> None:
    document = json.loads(taxon("ladder", "sac", "mpo", "--json").stdout)
    assert [document[key] for key in ("format_version", "left", "right", "env")] == [1, "sac", "mpo", None]
    assert document["steps"][-1]["row"] == hash_of("mpo")
    group = document["steps"][1]
    assert (group["name"], group["extends"]) == ("sac_to_mpo_02", "sac_to_mpo_01")
    assert [change["path"] for change in group["moves"]] == ["pi_q", "pi_p", "pi_q.update", "pi_p.update", "G"]
    assert group["follows"] == [
        {"path": "eta", "from": "entropy", "to": None},
        {"path": "divergence", "from": "kl", "to": None},
    ]
    chain = tmp_path / "chain.tx"
    chain.write_text("taxon 1\nimport std.sac\n" + "\n".join(step["text"] for step in document["steps"]))
    assert hash_of(f"{chain}:sac_to_mpo_23") == hash_of("mpo")


def test_what_cannot_be_read_or_written(tmp_path: Path) -> None:
    assert taxon("ladder", "sac", "missing.tx").exit_code == 2
    (tmp_path / "wrong.tx").write_text("taxon 1\nimport std.sac\nalgorithm wrong extends sac { gama = 1 }\n")
    refused = taxon("ladder", tmp_path / "wrong.tx", "sac")
    assert (refused.exit_code, refused.stdout) == (1, "")
    full = taxon("ladder", "sac", "td3", "--out", tmp_path)
    assert (full.exit_code, full.stdout) == (2, "")
    assert "is not empty" in full.stderr
    blocked = taxon("ladder", "sac", "td3", "--out", tmp_path / "wrong.tx")
    assert (blocked.exit_code, blocked.stdout) == (2, "")
    assert "cannot be written" in blocked.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("left", "right"), [("sac", "mpo"), ("awr", "mpo")])
def test_each_rung_trains(left: str, right: str, tmp_path: Path) -> None:
    assert taxon("ladder", left, right, "--out", tmp_path / "rungs").exit_code == 0
    files = sorted((tmp_path / "rungs").iterdir())
    assert len(files) > 20
    for file in files:
        row = load_spec(file).row
        assert row is not None
        settings = [f"--set={setting}" for setting in smaller(row, FEWER)]
        if row.base("optimizer.value") == "sgd":
            settings.append("--set=optimizer.value.lr=1e-5")  # at 1e-2 a Q critic may diverge, as TX504 warns
        options = ["--env", "Pendulum-v1", "--steps", str(STEPS), "--eval-every", str(STEPS), "--eval-episodes", "1"]
        run = tmp_path / "runs" / file.stem
        result = taxon("run", file, *options, "--out", run, *settings)
        assert result.exit_code == 0, (file, result.stdout)
        assert json.loads((run / "run.json").read_text())["status"] == "finished"
