"""Every shipped spec trains through the command line; the network-swap grid of Tables 5 to 10 for 2,000 steps each."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taxon.cli.main import application
from taxon.semantics.loading import shipped_names

GRID = [
    "mpo_onestep",
    "mpo_net_awr",
    "mpo_net_sac",
    "awr_net_mpo",
    "awr",
    "awr_net_sac",
    "sac_net_mpo",
    "sac_net_awr",
    "sac",
]
EXAMPLES = ["examples/sac_retrace.tx", "examples/awac_dual.tx"]
REST = sorted(set(shipped_names()) - {*GRID, "architectures"})
FEWER = {
    "awr": [
        "data.warmup=1k",
        "data.steps_per_update=500",
        "data.episodes.value_updates=10",
        "data.episodes.policy_updates=20",
    ],
    "sac": ["data.warmup=1800"],
    "awac": ["data.warmup=1800"],
    "mpo": ["data.warmup=1k", "data.steps_per_update=50"],
}


def train(spec: str, steps: int, out, environment: str = "Pendulum-v1") -> dict[str, object]:
    settings = [f"--set={setting}" for setting in FEWER[Path(spec).name.split("_")[0]]]
    options = ["--env", environment, "--steps", str(steps), "--eval-every", str(steps), "--eval-episodes", "1"]
    result = CliRunner().invoke(application(["run"]), ["run", spec, *options, "--out", str(out), *settings])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return json.loads((out / "run.json").read_text())


@pytest.mark.parametrize("spec", GRID)
def test_the_network_swap_grid_trains(spec, tmp_path):
    run = train(spec, 2_000, tmp_path / "run")
    assert run["status"] == "finished"
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 2_000


@pytest.mark.parametrize("spec", [*REST, *EXAMPLES])
def test_every_other_spec_and_example_trains(spec, tmp_path):
    """A seed that becomes non-finite is reported in the run's record: it never ends in a traceback."""
    run = train(spec, 1_900, tmp_path / "run")
    assert run["status"] in ("finished", "frozen")
