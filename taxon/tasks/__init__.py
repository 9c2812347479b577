"""Small environments whose optimum is known, registered with gymnasium under `taxon/` when this package is imported.

They are what the policy-search papers of Table 1 tried their methods on: sequence transduction, linear-quadratic
control, positive shaped rewards, and finite decision processes. Only numpy and gymnasium are needed.
"""

import gymnasium

__all__ = ["IDS"]

# id: where the environment is, and the step at which it is truncated (None: it always ends by itself)
_TASKS: dict[str, tuple[str, int | None]] = {
    "taxon/Copy-v0": ("taxon.tasks.tapes:Copy", None),
    "taxon/DuplicatedInput-v0": ("taxon.tasks.tapes:DuplicatedInput", None),
    "taxon/RepeatCopy-v0": ("taxon.tasks.tapes:RepeatCopy", None),
    "taxon/Reverse-v0": ("taxon.tasks.tapes:Reverse", None),
    "taxon/ReversedAddition-v0": ("taxon.tasks.addition:ReversedAddition", None),
    "taxon/LinearQuadratic-v0": ("taxon.tasks.bandit:LinearQuadratic", None),
    "taxon/LQR-v0": ("taxon.tasks.regulator:Regulator", 20),
    "taxon/Reach-v0": ("taxon.tasks.reach:Reach", 50),
    "taxon/SwingUp-v0": ("taxon.tasks.swing_up:SwingUp", 100),
    "taxon/Chain-v0": ("taxon.tasks.chain:Chain", 100),
    "taxon/Grid-v0": ("taxon.tasks.grid:Grid", 30),
    "taxon/GoalGrid-v0": ("taxon.tasks.goal_grid:GoalGrid", 30),
}

IDS = tuple(_TASKS)

for _id, (_entry_point, _steps) in _TASKS.items():
    gymnasium.register(_id, entry_point=_entry_point, max_episode_steps=_steps)
