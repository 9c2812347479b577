"""A run in another precision: who takes it, who does not, and that it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from taxon.networks.mlp import FACTORS
from taxon.operators.data import Phase
from taxon.operators.noise import no_noise
from taxon.runtime.device.precision import check_phases, check_precision, lowering, phases_of
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_precision
from tests.runtime.saved import saved_in

CPU = torch.device("cpu")


class Batch(NamedTuple):
    reward: Tensor


class Witness:
    """An agent whose updates tell the factors it was made under, and torch's setting while they run."""

    def __init__(self) -> None:
        self.factors = FACTORS.get()
        small = Phase("small", 1, Batch, self.refresh, no_noise, self.update, every=2, between=self.update)
        self.phases = (small, Phase("all", 1, Batch, self.refresh, no_noise, self.update, whole=True))

    def update(self, state: Any, batch: Any, noise: Any) -> Any:
        return self.factors, torch.get_float32_matmul_precision()

    def refresh(self, state: Any, episodes: Any, generators: Any) -> Any:
        return self.update(state, episodes, generators)


def told(phases: tuple[Phase, ...]) -> dict[str, set[Any]]:
    found = {}
    for phase in phases:
        functions: list[Any] = [phase.update, phase.between, phase.refresh]
        found[phase.name] = {function(None, None, None) for function in functions if function is not None}
    return found


def test_bf16_is_taken_by_minibatches_alone_and_leaves_the_agent_that_acts_as_it_is() -> None:
    agent: Any = Witness()
    assert phases_of(agent, Witness, "float32") is agent.phases  # type: ignore[arg-type]
    phases = phases_of(agent, Witness, "bf16")  # type: ignore[arg-type]
    assert told(phases) == {"small": {(torch.bfloat16, "highest")}, "all": {(None, "highest")}}
    assert told(agent.phases) == {"small": {(None, "highest")}, "all": {(None, "highest")}}
    assert FACTORS.get() is None
    assert [phase._replace(update=None, refresh=None, between=None) for phase in phases] == [
        phase._replace(update=None, refresh=None, between=None) for phase in agent.phases
    ]


def test_a_network_that_cannot_be_made_leaves_the_setting_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError):
        phases_of(Witness(), lambda: 1 / 0, "bf16")  # type: ignore[arg-type, return-value]
    assert FACTORS.get() is None


def test_tf32_is_set_while_a_minibatch_is_learnt_from() -> None:
    agent: Any = Witness()
    phases = phases_of(agent, Witness, "tf32")  # type: ignore[arg-type]
    # The setting is made around the update, which may be compiled, and not in it.
    assert [phase.update(None, None, None)[1] for phase in phases] == ["highest", "highest"]
    assert [phase.refresh and phase.refresh(None, None, None)[1] for phase in phases] == ["high", "highest"]

    prepare = lowering(lambda name, function, due: function, phases, "tf32")
    ran = {phase.name: prepare(phase.name, phase.update)(None, None, None) for phase in phases}
    assert ran == {"small": (None, "high"), "all": (None, "highest")}
    assert torch.get_float32_matmul_precision() == "highest"
    assert torch.backends.cuda.matmul.fp32_precision == "ieee"

    def failing(state: Any, batch: Any, noise: Any) -> Any:
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prepare("small", failing)(None, None, None)
    assert torch.get_float32_matmul_precision() == "highest"
    assert lowering(prepare, phases, "bf16") is prepare


def test_what_a_device_lacks_and_what_would_change_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="the CPU does not have it") as caught:
        check_precision("tf32", CPU)
    assert "--precision bf16" in caught.value.help
    check_precision("bf16", CPU)
    check_precision("float32", CPU)

    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "an old GPU")
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: False)
    with pytest.raises(UserError, match="an old GPU does not have it"):
        check_precision("tf32", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: True)
    check_precision("tf32", torch.device("cuda"))

    small, all_ = Witness().phases
    for precision in ("tf32", "bf16"):
        with pytest.raises(UserError, match=f"--precision {precision} changes nothing"):
            check_phases(precision, [all_])  # type: ignore[arg-type]
    check_phases("bf16", [all_, small])
    check_phases("float32", [all_])


@pytest.mark.parametrize("text", ["fp16", "BF16", "", "float64"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--precision") as caught:
        parse_precision(text)
    assert all(word in caught.value.help for word in ("float32", "tf32", "bf16"))


# --- whole runs


def options(folder: Path, **changes: Any) -> Options:
    settings: dict[str, Any] = {"environment": Recipe("Pendulum-v1"), "seeds": (3, 5), "steps": 60, "device": "cpu"}
    settings |= {"out": folder, "evaluate_every": 60, "evaluation_episodes": 1, "precision": "bf16"}
    return Options(**(settings | changes))


def parameters(folder: Path) -> dict[str, Tensor]:

    found: dict[str, Tensor] = saved_in(folder)["agent"]
    return found


@pytest.fixture(scope="module")
def program() -> Any:
    from taxon.compiler import emit
    from taxon.runtime.trainer import Program
    from taxon.semantics import load_spec

    sets = ["network.hidden = [32, 32]", "data.warmup = 20", "data.batch = 16", "data.capacity = 100"]
    resolution = load_spec("sac", sets)
    assert resolution.row is not None
    return Program("sac", "0123abcd", "taxon 1\n", emit(resolution.row))


def test_a_run_records_it_keeps_it_and_is_evaluated_in_float32(program: Any, tmp_path: Path) -> None:
    from taxon.runtime.saved import evaluate_run
    from taxon.runtime.trainer import resume, train

    train(program, options(tmp_path / "whole"))
    assert json.loads((tmp_path / "whole" / "run.json").read_text())["precision"] == "bf16"
    train(program, options(tmp_path / "half", steps=30))
    resume(program, tmp_path / "half", 60)
    assert manifest.read(RunFolder(tmp_path / "half")).precision == "bf16"
    whole, halves = parameters(tmp_path / "whole"), parameters(tmp_path / "half")
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    assert {leaf.dtype for leaf in whole.values() if leaf.is_floating_point()} == {torch.float32}

    train(program, options(tmp_path / "plain", precision="float32"))
    plain = parameters(tmp_path / "plain")
    assert not torch.equal(plain["critic.params"], whole["critic.params"])
    torch.testing.assert_close(plain["critic.params"], whole["critic.params"], atol=0.03, rtol=0)

    lines = [json.loads(line) for line in (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()]
    during = {line["seed"]: line["returns"] for line in lines if "returns" in line}
    result = evaluate_run(tmp_path / "whole", program.source, program.row, 1, "cpu")
    assert {seed.seed: seed.returns for seed in result.seeds} == during


def test_tf32_on_the_cpu_leaves_no_folder(program: Any, tmp_path: Path) -> None:
    from taxon.runtime.trainer import train

    with pytest.raises(UserError, match="tf32"):
        train(program, options(tmp_path / "run", precision="tf32"))
    assert not (tmp_path / "run").exists()
