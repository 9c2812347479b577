"""50 updates of every shipped row in float64 on made-up data: what a change of the compiler may not change.

`python tests/compiler/updates.py` records them anew, into `updates.npz`; `--add` records what is new and leaves the
rest; `--check` compares, row by row. Every axis
has a size of its own (`SIZES`), so that nothing is broadcast silently; rows that emit the same module are recorded
once.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

import numpy as np
import torch

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[up]) for up in (1, 2)]
import shipped
from tiny import build, row_of

from taxon.operators.data import Episodes, Phase
from taxon.operators.observations import Array
from taxon.taxonomy.schema import Row

FILE = Path(__file__).parent / "updates.npz"
SEEDS, OBSERVATIONS, ACTIONS, STEPS, UPDATES = 2, 5, 3, 24, 50
SOLVED = 5  # updates of a row whose V minimises the E-step's dual: each takes a second
CLOSE = 1e-9
# The dual's v is found until its slopes are below 1e-9, by an order of sums that is the processor's: with AVX2 in the
# place of AVX-512 the same module differs by 2.4e-8, and by 5.4e-6 where Newton's method then fits logits to weights of
# which few are left.
CLOSE_SOLVED, CLOSE_FITTED = 1e-7, 2e-5
SHOWN = (1, 2, 5, 20)  # updates after which every tensor is recorded by three sums
# S 2, A 3, G 3, E 2 (critics), T 4, O 5, B 7, hidden 9 and 8; M 6 for the target, 10 for the E-step, 11, 13, K 12:
# all apart.
SIZES = {
    "network.policy.hidden": "[9, 8]",
    "network.value.hidden": "[9, 8]",
    "network.prior.hidden": "[9, 8]",
    "network.value.features.degree": 1,
    "network.policy.features.count": 4,
    "network.value.features.count": 4,
    "pi_theta.components": 12,
    "pi_theta.base.components": 12,
    "data.batch": 7,
    "data.sequences.length": 4,
    "data.environments": 6,
    "data.steps": STEPS // 6,
    "data.policy_epochs": 1,
    "data.value_epochs": 1,
    "data.updates": 1,
    "data.episodes.value_updates": 3,
    "data.episodes.policy_updates": 3,
    "data.restarts.group": 3,
    "pi_q.update.samples": 10,
    "G.estimate.samples": 6,
    "pi_q.update.baseline": 11,
    "bounds.samples": 13,
    "target.every": 4,
    "G.estimate.n": 3,
    "pi_p.hide": "[0, 1]",
}


def cases() -> Iterator[tuple[str, Row]]:
    """Every row of specs/ and examples/ at those sizes, and how it stands before discrete actions."""
    for path in shipped.FILES:
        before: Row | None = None
        for actions in ("continuous", "discrete"):
            row = small(path, actions)
            if row is None:
                continue
            if row != before:
                yield path.stem + ("-discrete" if before is not None else ""), row
            before = row


def small(path: Path, actions: str) -> Row | None:
    """A row at those sizes; None where it has no such actions."""
    row = shipped.row(path, actions)
    if row is None:
        return None
    return row_of(path, *(f"{at} = {size}" for at, size in SIZES.items() if sized(row, at)), actions=actions)


def sized(row: Row, path: str) -> bool:
    """Whether the size at a path is the row's to choose: a linear network stays linear, no baseline stays none, one
    action of the policy stays one, and hidden columns stay where there are as many."""
    if path not in row or row[path] in ((), 0):
        return False
    if path == "pi_p.hide":
        return max(row[path]) >= OBSERVATIONS
    return not (path == "pi_q.update.samples" and row[path] == 1)


def run(built: ModuleType, name: str, most: int = UPDATES) -> dict[str, np.ndarray]:
    """So many updates: the state at the end, sums over it on the way, and every metric."""
    random = np.random.RandomState(crc32(name.encode()) % 2**31)
    generators = [torch.Generator().manual_seed(17 + seed) for seed in range(SEEDS)]
    agent = built.Agent(Array((OBSERVATIONS,)), ACTIONS)
    state = _double(agent.init(generators))
    found = {f"initial/{at}": leaf.numpy() for at, leaf in _named(state)}
    metrics: dict[str, list[np.ndarray]] = {}
    made, updates = 0, min(most, SOLVED) if solves(built) else most
    while made < updates:
        phased = len(agent.phases) > 1 or any(phase.whole or phase.refresh is not None for phase in agent.phases)
        episodes = _episodes(random, agent.discrete, phased)
        state = _double(agent.observe(state, episodes.observation))
        columns = {field: column for field, column in episodes._asdict().items() if column is not None}
        found.setdefault("acted", _acts(agent, state, episodes, generators))
        for phase in agent.phases:
            if phase.refresh is not None:
                columns |= phase.refresh(state, episodes, generators)
            for _ in range(phase.updates):
                batch = _batch(built, phase, columns, random)
                noise = _double(phase.noise(generators, torch.device("cpu")))
                made += 1
                update = phase.between if phase.between is not None and made % phase.every else phase.update
                state, numbers = update(state, batch, noise)
                for metric, value in numbers.items():
                    metrics.setdefault(f"{phase.name}/{metric}", []).append(value.numpy())
                if made in SHOWN:
                    found |= {f"{made}/{at}": _sums(leaf) for at, leaf in _named(state)}
    found |= {f"metric/{metric}": np.stack(values) for metric, values in metrics.items()}
    return found | {f"final/{at}": leaf.numpy() for at, leaf in _named(state)}


def solves(built: ModuleType, by: str = "solve_dual") -> bool:
    """Whether an E-step's dual, or an M-step, is solved in an update."""
    return f"{by}(" in Path(str(built.__file__)).read_text("utf-8")


def close(built: ModuleType) -> float:
    """How close updates of one module on two processors are."""
    if not solves(built):
        return CLOSE
    return CLOSE_FITTED if solves(built, "fit_softmax") else CLOSE_SOLVED


def _episodes(random: np.random.RandomState, discrete: bool, phased: bool) -> Episodes:
    """Stored steps of six environments, four steps each; some episodes end, some are cut, and some rows are padding."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.as_tensor(random.normal(size=(SEEDS, STEPS, *shape)))

    def some(chance: float) -> torch.Tensor:
        return torch.as_tensor((random.uniform(size=(SEEDS, STEPS)) < chance).astype(np.float64))

    action = torch.tanh(normal(ACTIONS))
    if discrete:
        action = torch.nn.functional.one_hot(action.argmax(-1), ACTIONS).double()
    terminated, truncated = some(0.15), some(0.15)
    truncated = truncated * (1 - terminated)
    last = torch.zeros(SEEDS, STEPS, dtype=torch.float64)
    last[:, 3::4] = 1
    begins = torch.zeros_like(last)
    begins[:, 0::4] = 1
    valid = torch.ones_like(last)
    if phased:
        valid[:, -1] = 0
    return Episodes(
        observation=normal(OBSERVATIONS),
        action=action,
        reward=normal().abs() + 0.1,
        next_observation=normal(OBSERVATIONS),
        terminated=terminated,
        truncated=truncated,
        ended=torch.maximum(torch.maximum(terminated, truncated), torch.maximum(last, 1 - valid)),
        valid=valid,
        begins=begins,
        log_prob=-normal().abs(),
    )


def _acts(agent: Any, state: Any, episodes: Episodes, generators: list[torch.Generator]) -> np.ndarray:
    """Everything that acting gives: drawn, at the mean, and at random."""
    memory = _double(agent.memory(SEEDS, 6, torch.device("cpu")))
    noise = agent.act_noise(generators, 6, torch.device("cpu")).double()
    _, drawn = agent.act(state, memory, episodes.observation[:, :6], noise)
    _, mean = agent.act_mean(state, memory, episodes.observation[:, :6])
    parts = [value.reshape(SEEDS, -1) for value in (*drawn.values(), mean, *agent.act_random(noise.abs() % 1).values())]
    return torch.cat(parts, 1).numpy()


def _batch(built: ModuleType, phase: Phase, columns: dict[str, torch.Tensor], random: np.random.RandomState) -> Any:
    """A minibatch of steps or of windows, or all of the data."""
    names = phase.batch._fields  # type: ignore[attr-defined]
    if phase.whole:
        return phase.batch(**{name: columns[name] for name in names})
    length = getattr(built.DATA, "sequence", 1)
    starts = torch.as_tensor(random.randint(0, STEPS - length, size=(SEEDS, built.DATA.batch)))
    index = starts if length == 1 else starts.unsqueeze(-1) + torch.arange(length)
    seeds = torch.arange(SEEDS).reshape(-1, *[1] * (index.dim() - 1))
    return phase.batch(**{name: columns[name][seeds, index] for name in names})


def _double(state: Any) -> Any:
    if isinstance(state, torch.Tensor):
        return state.double() if state.is_floating_point() else state
    parts = [_double(part) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


def _named(state: Any, at: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a state as the recording calls it: a network's parameters, moments and copy are fields there."""
    if isinstance(state, torch.Tensor):
        yield at, state
    elif hasattr(state, "moments"):
        yield at, state.params
        velocity = len(state.moments) == 1
        for place, moment in enumerate(state.moments):
            yield f"{at}_velocity" if velocity else f"{at}_moments.{place}", moment
        if hasattr(state, "target"):
            yield f"{at}_target", state.target
    else:
        for name, part in zip(getattr(state, "_fields", range(len(state))), state, strict=True):
            yield from _named(part, f"{at}.{name}".lstrip("."))


def _sums(leaf: torch.Tensor) -> np.ndarray:
    """Sum, sum of squares, and the sum by a fixed sign: [S, 3]."""
    flat = leaf.reshape(SEEDS, -1).double()
    sign = torch.cos(torch.arange(flat.shape[1], dtype=torch.float64))
    return torch.stack([flat.sum(1), flat.square().sum(1), (flat * sign).sum(1)], 1).numpy()


def modules() -> dict[str, tuple[list[str], Row]]:
    """The rows whose modules differ, by the first of those that emit the same, whose names are listed."""
    from taxon.compiler import emit

    found: dict[str, tuple[list[str], Row]] = {}
    first: dict[str, str] = {}
    for name, row in cases():
        text = emit(row).split('"""', 2)[2]
        first.setdefault(text, name)
        found.setdefault(first[text], ([], row))[0].append(name)
    return found


@cache
def file() -> Any:
    """What is recorded, opened once: to list its arrays takes a while."""
    return np.load(FILE)


def names() -> list[str]:
    """The rows that are recorded."""
    return sorted({key.partition(":")[0] for key in file().files})


def recorded(name: str) -> dict[str, np.ndarray]:
    return {key.partition(":")[2]: file()[key] for key in file().files if key.startswith(f"{name}:")}


def furthest(name: str, row: Row, folder: Path, most: int = UPDATES) -> tuple[float, float]:
    """The largest |a - b| / (1 + |b|) of a row's updates from those that were recorded, and how large it may be.

    most: only the first updates are made, and nothing is said of the state at the end.
    """
    built = build(row, folder)
    made, before = run(built, name, most), recorded(name)
    if most < UPDATES and not solves(built):
        made = {key: value for key, value in made.items() if not key.startswith("final/")}
        before = {key: value for key, value in before.items() if not key.startswith("final/")}
        before |= {key: before[key][: len(value)] for key, value in made.items() if key.startswith("metric/")}
    assert set(made) == set(before), f"{name}: {sorted(set(made) ^ set(before))}"
    differences = [np.abs(made[key] - before[key]) / (1 + np.abs(before[key])) for key in before if before[key].size]
    return max(float(each.max()) for each in differences), close(built)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    kept: Any = np.load(FILE) if "--add" in sys.argv else {}
    if "--check" in sys.argv:
        kept = names()
        for name, row in cases():
            if name in kept:
                print(f"{name:24} {furthest(name, row, folder)[0]:.1e}", flush=True)
        return
    found: dict[str, np.ndarray] = {}
    for name, (_, row) in modules().items():
        found |= {f"{name}:{key}": value for key, value in run(build(row, folder), name).items()}
        print(name, flush=True)
    assert [key for key, value in found.items() if not np.isfinite(value).all()] == []
    np.savez_compressed(FILE, **{key: kept.get(key, value) for key, value in found.items()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
