"""The peer is given the row's own numbers, refuses what it cannot do, and is judged by the study's statistics."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.fidelity import __main__ as command
from benchmarks.fidelity import comparing, runs
from benchmarks.fidelity.mapping import UNBOUNDED, peer
from benchmarks.fidelity.reading import CannotError
from taxon.semantics import load_spec
from taxon.taxonomy.schema import Row

SPECS = Path(__file__).parents[2] / "benchmarks" / "specs" / "fidelity.tx"


def row(name: str, *sets: str, unsets: tuple[str, ...] = ()) -> Row:
    found = load_spec(name, sets=sets, unsets=unsets)
    assert found.row is not None, found.diagnostics
    return found.row


def sb3(name: str, *sets: str) -> Row:
    return row(f"{SPECS}:sb3_{name}", *sets)


def test_the_shipped_rows_are_the_librarys_defaults() -> None:
    """As `sac/sac.py`, `td3/td3.py`, `ppo/ppo.py` and the policies of version 2.9.2 have them."""
    soft, deterministic, clipped = peer(sb3("sac")), peer(sb3("td3")), peer(sb3("ppo"))
    replay = {"buffer_size": 1_000_000, "learning_starts": 100, "batch_size": 256, "train_freq": 1, "gradient_steps": 1}
    assert soft.arguments == {
        **replay,
        "gamma": 0.99,
        "learning_rate": 3e-4,
        "tau": 0.005,
        "ent_coef": "auto_1.0",
        "target_entropy_of_each": -1.0,
    }
    assert deterministic.arguments == {
        **replay,
        "gamma": 0.99,
        "learning_rate": 1e-3,
        "tau": 0.005,
        "policy_delay": 2,
        "target_policy_noise": 0.2,
        "target_noise_clip": 0.5,
    }
    assert (soft.noise, deterministic.noise) == (None, 0.1)
    assert clipped.arguments == {
        "gamma": 0.99,
        "gae_lambda": 0.95,
        "clip_range": 0.2,
        "normalize_advantage": True,
        "n_steps": 2048,
        "batch_size": 64,
        "n_epochs": 10,
        "learning_rate": 3e-4,
        "max_grad_norm": 0.5,
        "vf_coef": 0.5,
        "ent_coef": 0.0,
    }
    assert soft.policy["net_arch"] == {"pi": [256, 256], "qf": [256, 256]}
    assert deterministic.policy["net_arch"] == {"pi": [400, 300], "qf": [400, 300]}
    assert clipped.policy["net_arch"] == {"pi": [64, 64], "vf": [64, 64]}
    assert clipped.policy["optimizer_kwargs"] == {"betas": [0.9, 0.999], "eps": 1e-5, "weight_decay": 0.0}
    assert [each.algorithm for each in (soft, deterministic, clipped)] == ["SAC", "TD3", "PPO"]
    assert [len(each.differences) for each in (soft, deterministic, clipped)] == [0, 0, 2]


@pytest.mark.parametrize(
    ("change", "argument", "value"),
    [
        ("gamma = 0.9", "gamma", 0.9),
        ("data.batch = 32", "batch_size", 32),
        ("data.warmup = 7", "learning_starts", 7),
        ("target.tau = 0.5", "tau", 0.5),
        ("eta.target = -0.5", "target_entropy_of_each", -0.5),
        ("eta.init = 0.25", "ent_coef", "auto_0.25"),
    ],
)
def test_a_number_of_the_row_is_an_argument(change: str, argument: str, value: object) -> None:
    assert peer(sb3("sac", change.replace(" ", ""))).arguments[argument] == value


def test_every_leaf_of_a_row_counts() -> None:
    """Whatever leaf of a shipped row is changed, the peer is given something else, or refuses."""
    for name in ("sac", "td3", "ppo"):
        whole = sb3(name)
        given = peer(whole)
        for path, leaf in whole.leaves.items():
            value = leaf.value
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            other = replace(leaf, value=value * 3 + 1)
            changed = Row(whole.name, whole.doc, {**whole.leaves, path: other})
            try:
                assert peer(changed) != given, path
            except CannotError as error:
                assert path in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("spec", "sets", "message"),
    [
        ("mpo", (), "pi_q = nonparametric"),
        ("trpo", (), "pi_q.update = natural_gradient"),
        ("sac_el", (), "network.policy.layer_norm = first"),
        ("sac_single", (), "G.estimate = td"),
        ("ddpg", (), "G.estimate = td"),
        ("ppo", (), "pi_q.update = sg \\+ penalty"),
        ("ppo_clip", (), "network.input = normalised: VecNormalize"),
        ("sac", ("network.policy.activation=elu",), "network.value.activation = relu"),
        ("sac", ("optimizer.value.lr=1e-3",), "the peer has one argument for them"),
        ("sac", ("optimizer.clip=1",), "the peer bounds no gradient"),
        ("sac", ("data.random_warmup=false",), "the peer's first actions are uniform"),
        ("sac", ("optimizer.dual.eps=1e-5",), "Adam as torch has it"),
        ("td3", ("network.policy.mean=linear",), "network.policy.mean = linear"),
        ("sac", ("optimizer.policy=sgd(lr=1e-3)",), "optimizer.policy"),
        ("sac", ("optimizer.policy.lr=linear(3e-4,0,over=1M)",), "the peer takes a number|one argument"),
    ],
)
def test_what_the_peer_cannot_do_is_refused_by_its_path(spec: str, sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(CannotError, match=message):
        peer(row(spec, *sets))


def test_no_bound_on_a_gradient_is_none_there() -> None:
    found = peer(sb3("ppo", "optimizer.clip=none", "pi_q.update.standardise=false"))
    assert (found.arguments["max_grad_norm"], found.arguments["normalize_advantage"]) == (UNBOUNDED, False)
    assert found.differences == ()


STUDY = """taxon 1
import "fidelity.tx"

study tiny {
  base  = [sb3_sac, sb3_td3]
  on    = ["Hopper-v4", "HalfCheetah-v4"]
  seeds = 4
  steps = 40k
  scale = { "Hopper-v4" = [0, 1000], "HalfCheetah-v4" = [0, 1000] }
}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study whose peer runs are there, made up: curves end at 100 and the seed, HalfCheetah's at ten times that."""
    shutil.copy(SPECS, tmp_path)
    file = tmp_path / "tiny.tx"
    file.write_text(STUDY)
    opened = command.opened(str(file), tmp_path / "tiny", tmp_path / "store", None)
    (tmp_path / "peers").mkdir()
    for unit, job in runs.jobs(opened.plan).items():
        last = (100.0 + unit.seed) * (10 if "Cheetah" in unit.place.environment else 1)
        curve = [[0, 1.0], [20_000, last / 2], [40_000, last]]
        versions = dict.fromkeys(("stable-baselines3", "torch", "numpy", "gymnasium", "mujoco"), "1.2.3")
        said = {"curve": curve, "seconds": 1.0, "versions": versions, "device": "cpu made up"}
        (tmp_path / "peers" / f"{job.name}.json").write_text(json.dumps(said))
    return file


def called(study: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    folder = study.parent
    given = [
        str(study),
        "--out",
        str(folder / "tiny"),
        "--store",
        str(folder / "store"),
        "--runs",
        str(folder / "peers"),
    ]
    code = command.main([*given, *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_the_difference_has_an_interval(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Our own runs are the peer's with 40 more on Hopper and with 5 more on HalfCheetah."""
    code, said = called(study, capsys, "--compare")
    assert code == 0
    assert "taxon's runs are to be made" in said
    folder = study.parent / "tiny"
    lines = (folder / "peer/results.csv").read_text().splitlines()
    assert len(lines) == 1 + 16
    assert "stable-baselines3 1.2.3" in lines[1]
    ours = []
    for line in lines[1:]:
        fields = line.split(",")
        more = 40.0 if "Hopper-v4" in fields else 5.0
        ours.append(
            ",".join(repr(float(each) + more) if place in (6, 7) else each for place, each in enumerate(fields))
        )
    assert lines[0].split(",")[6:8] == ["score", "last"]
    (folder / "results.csv").write_text("\n".join([lines[0], *ours]) + "\n")
    shutil.copy(folder / "peer/curves.csv", folder / "curves.csv")
    code, said = called(study, capsys, "--compare")
    assert code == 0, said
    # The standard error is sqrt(2 (5/3) / 4) and t(.975, 6) is 2.4469: 40 -+ 2.234.
    assert "Hopper-v4: taxon 142 ± 1 (n = 4); the peer 102 ± 1 (n = 4); difference +40 [38, 42], absent" in said
    assert (
        "HalfCheetah-v4: taxon 1,020 ± 13 (n = 4); the peer 1,015 ± 13 (n = 4); difference +5 [-17, 27], absent" in said
    )


def test_what_is_there_is_not_made_again(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.subprocess, "Popen", lambda *given, **named: pytest.fail("a process was started"))
    opened = command.opened(str(study), study.parent / "tiny", study.parent / "store", None)
    jobs = [*runs.jobs(opened.plan).values()]
    assert len({job.name for job in jobs}) == 16
    assert runs.make(study.parent / "peers", jobs, comparing, 2, print) == []  # type: ignore[arg-type]


def test_a_row_that_the_peer_cannot_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.tx"
    file.write_text(STUDY.replace("[sb3_sac, sb3_td3]", "std.mpo").replace('import "fidelity.tx"\n', ""))
    code = command.main([str(file), "--out", str(tmp_path / "out"), "--store", str(tmp_path / "store"), "--compare"])
    assert code == 2
    assert "pi_q = nonparametric" in capsys.readouterr().err
