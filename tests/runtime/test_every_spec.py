"""The same words twice, a seed's words alone as among several, and counts as the spec says: a shipped spec of every
kind, and all of them with `-m slow`."""

import io
import math
from pathlib import Path

import pytest
from rich.console import Console
from sampling import sampled
from smaller import smaller

from taxon.cli.specs.loading import load
from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import manifest
from taxon.runtime.options import Options
from taxon.runtime.trainer import Program, train
from taxon.taxonomy.schema import Row
from tests.runtime.test_kills import SMALL, SPECS, compiled, environment_of, kind
from tests.runtime.test_resume import words

ADAPTING = {
    "penalty": lambda row: row.has("pi_q.update", "penalty"),
    "transform": lambda row: row.base("G.transform") == "adaptive",
}
STEPS, SEVERAL = 100, (0, 3, 7, 8)


def run(spec: str, folder: Path, seeds: tuple[int, ...]) -> manifest.Manifest:
    environment = environment_of(spec)
    options = Options(
        Recipe(environment),
        seeds,
        steps=STEPS,
        device="cpu",
        out=folder,
        evaluate_every=STEPS // 2,
        evaluation_episodes=1,
    )
    return train(Program(*compiled(spec, environment)), options, Console(file=io.StringIO())).manifest


@pytest.mark.parametrize("spec", sampled(SPECS, kind))
def test_a_spec_says_the_same_twice_and_each_seed_alone(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepped = 0
    step = Environment.step

    def counted(self: Environment, action: object) -> object:
        nonlocal stepped
        stepped += 1
        return step(self, action)

    with monkeypatch.context() as patch:
        patch.setattr(Environment, "step", counted)
        record = run(spec, tmp_path / "several", SEVERAL)
    among = words(tmp_path / "several")
    assert record.status == "finished"
    assert record.frozen == {}

    run(spec, tmp_path / "alone", (7,))
    run(spec, tmp_path / "again", (7,))
    assert words(tmp_path / "again") == words(tmp_path / "alone")
    alone = [line for line in words(tmp_path / "alone") if line["kind"] != "speed"]
    assert alone == [line for line in among if line.get("seed") == 7]
    assert {line["kind"] for line in alone} >= {"evaluation", "update"}

    # What was counted is what was made, and what the spec asks for.
    assert stepped == sum(record.environment_steps.values()) + sum(record.evaluation_steps.values())
    evaluations = [line for line in among if line["kind"] == "evaluation"]
    for seed in SEVERAL:
        own = [line["environment_steps"] for line in evaluations if line["seed"] == seed]
        assert record.evaluation_steps[str(seed)] == sum(own)
    settings = smaller(load(spec, [], Recipe(environment_of(spec))).row, SMALL)
    row = load(spec, settings, Recipe(environment_of(spec))).row
    updates, samples, steps = expected(row)
    assert (record.updates, record.samples, record.steps_done) == (updates, samples, steps)
    if not row.has("data", "restarts"):
        assert set(record.environment_steps.values()) == {steps}
    last = [line for line in among if line["kind"] == "speed"][-1]
    assert (last["updates"], last["samples"]) == (sum(updates.values()), samples)
    assert last["environment_steps"] == sum(record.environment_steps.values())


def expected(row: Row) -> tuple[dict[str, int], int, int]:
    """Updates of every phase, stored steps that they read, and steps of a seed, after STEPS of the spec's own words."""

    def number(path: str) -> int:
        return int(row.number(path))

    if row.base("data") == "replay":
        rounds = 1 + (STEPS - number("data.warmup")) // number("data.steps_per_update")
        if row.has("data", "episodes"):
            updates = {name: rounds * number(f"data.episodes.{name}_updates") for name in ("value", "policy")}
            return updates, sum(updates.values()) * number("data.batch"), STEPS
        window = number("data.sequences.length") if row.has("data", "sequences") else 1
        count = rounds * number("data.updates")
        return {"update": count}, count * number("data.batch") * window, STEPS

    environments, segment = number("data.environments"), number("data.environments") * number("data.steps")
    steps = math.ceil(STEPS / environments) * environments
    rounds, updates, samples = steps // segment, {}, 0
    for name in ("value", "policy"):
        if f"data.{name}_epochs" in row:
            count = math.ceil(number(f"data.{name}_epochs") * segment / number("data.batch"))
            updates[name] = rounds * count
            samples += rounds * count * number("data.batch")
        elif name == "policy":
            updates[name] = rounds
            samples += rounds * segment
    # What adapts to a round reads it whole, once.
    for name in [name for name, adapts in ADAPTING.items() if adapts(row)]:
        updates[name] = rounds
        samples += rounds * segment
    return updates, samples, steps
