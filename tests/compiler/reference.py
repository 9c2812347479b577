"""What the tests of the second derivations share: modules, states in the middle of training, data with every ending."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from tiny import build, leaf_of, with_leaf

from taxon.operators.data import Episodes
from taxon.runtime.loop.loop import map_state
from taxon.semantics import load_spec

SEEDS = 2
OBSERVATIONS = 3

# How far a network or a raw multiplier is moved off the place where it begins.
MOVES = {"policy": 0.2, "critic": 0.2, "policy.target": 0.3, "critic.target": 0.3, "log_eta": 0.5}


def module_of(spec: str | Path, folder: Path, sets: tuple[str, ...] = (), actions: str | None = None) -> ModuleType:
    """The emitted module of a shipped spec or of a file, for a sort of actions."""
    resolution = load_spec(spec, sets, actions=actions)
    assert resolution.row is not None, resolution.diagnostics
    return build(resolution.row, folder)


def generators(first: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(first + seed) for seed in range(SEEDS)]


def double(state: Any) -> Any:
    return map_state(lambda leaf: leaf.double() if leaf.is_floating_point() else leaf, state)


def normal(draw: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=draw, dtype=torch.float64)


def start(agent: Any) -> Any:
    """A state in the middle of training: every network moved off its copy, every multiplier off its start."""
    state = double(agent.init(generators(0)))
    draw = torch.Generator().manual_seed(9)
    for name in state._fields:
        lagged = [f"{name}.target"] if hasattr(getattr(state, name), "target") else []
        for place in (name, *lagged):
            scale = MOVES.get(place, 0.5 if name.endswith("_raw") else 0.0)
            if scale:
                leaf = leaf_of(state, place)
                state = with_leaf(state, place, leaf + scale * normal(draw, *leaf.shape))
        if name in ("eta", "beta"):
            leaf = leaf_of(state, name)
            state = with_leaf(state, name, leaf * normal(draw, *leaf.shape).exp())
    return state


def move(state: Any, name: str, scale: float, first: int = 17) -> Any:
    """The state with one of its rows moved at random."""
    leaf = leaf_of(state, name)
    return with_leaf(state, name, leaf + scale * normal(torch.Generator().manual_seed(first), *leaf.shape))


def seen_by(agent: Any, state: Any, draw: torch.Generator) -> tuple[Any, torch.Tensor]:
    """The state after observations that are narrower than those of a round: some of them will be clipped."""
    seen = 0.4 * normal(draw, SEEDS, 25, OBSERVATIONS) + 0.5
    for part in torch.split(seen, 7, 1):
        state = agent.observe(state, part)
    return state, seen


def some_actions(draw: torch.Generator, *shape: int, width: int, discrete: bool) -> torch.Tensor:
    """Actions inside and outside the box, or one-hot choices."""
    if discrete:
        return torch.eye(width, dtype=torch.float64)[torch.randint(width, shape, generator=draw)]
    return 0.7 * normal(draw, *shape, width)


def episodes_of(data: Any, draw: torch.Generator, width: int, discrete: bool = False) -> Episodes:
    """A round's steps, environment by environment, with terminations, truncations and ends of the segment.

    With `restarts` each environment runs one episode, and padding follows it.
    """
    shape = (SEEDS, data.environments, data.steps)
    observation, following = torch.zeros(2, *shape, OBSERVATIONS, dtype=torch.float64)
    terminated, truncated, ended, begins = torch.zeros(4, *shape, dtype=torch.float64)
    valid = torch.ones(shape, dtype=torch.float64)
    chance = torch.rand(shape, generator=draw)
    for seed in range(SEEDS):
        for e in range(data.environments):
            fresh, over = normal(draw, OBSERVATIONS), e % 2 == 0
            for t in range(data.steps):
                at = (seed, e, t)
                if data.restarts and t and ended[seed, e, t - 1]:
                    valid[at], ended[at] = 0, 1
                    continue
                observation[at], begins[at] = fresh, float(over or (data.restarts and t == 0))
                following[at] = 0.6 * fresh + normal(draw, OBSERVATIONS) + 0.2
                terminated[at], truncated[at] = float(chance[at] < 0.12), float(0.12 <= chance[at] < 0.24)
                over = bool(chance[at] < 0.24)
                ended[at] = float(over or t == data.steps - 1)
                if data.restarts and t == data.steps - 1 and not over:
                    truncated[at] = 1
                fresh = normal(draw, OBSERVATIONS) if over else following[at]
    assert terminated.any()
    assert truncated.any()
    assert (ended - terminated - truncated > 0).any()  # cut by the segment's end, or padding
    action = some_actions(draw, *shape, width=width, discrete=discrete)
    reward = normal(draw, *shape) * valid
    columns = (observation, action, reward, following, terminated, truncated, ended, valid, begins)
    return Episodes(*(column.flatten(1, 2) for column in columns))


def minibatch(kind: Any, episodes: Episodes, columns: dict[str, torch.Tensor], size: int, draw: torch.Generator) -> Any:
    """`size` valid steps of every seed, drawn without repetition: the stored columns and the round's own."""
    rows = [torch.nonzero(valid > 0).squeeze(-1) for valid in episodes.valid]
    index = [row[torch.randperm(len(row), generator=draw)[:size]] for row in rows]
    stored = {name: column for name, column in episodes._asdict().items() if column is not None} | columns
    return kind(**{name: torch.stack([stored[name][s, i] for s, i in enumerate(index)]) for name in kind._fields})


def whole(kind: Any, episodes: Episodes, columns: dict[str, torch.Tensor]) -> Any:
    """Every stored step in time order."""
    stored = {name: column for name, column in episodes._asdict().items() if column is not None} | columns
    return kind(**{name: stored[name] for name in kind._fields})


def assert_close(name: str, expected: torch.Tensor, found: torch.Tensor, tolerance: float = 1e-10) -> None:
    assert found.dtype == torch.float64
    torch.testing.assert_close(
        found, expected.detach(), rtol=tolerance, atol=tolerance, msg=lambda text: f"{name}: {text}"
    )
