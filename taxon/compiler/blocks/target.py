"""target: the lagged copies of the networks, and what an update leaves for the next."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.data import data, delay
from taxon.compiler.blocks.policy import older
from taxon.compiler.blocks.prior import after_round
from taxon.compiler.choices import Choices, choice


def lags(c: Choices) -> None:
    """A lagged copy for every network that has one."""
    names = [name for name, lagged in (("policy", c.take(older).lagged), ("critic", c.take(critic).lagged)) if lagged]
    text, lines, step = c.meaning("target")(c, names) if "target" in c.row else _none(c, names)
    for name in reversed(names):
        shape = "[S, E, P]" if name == "critic" and c.take(critic).network == "q" else "[S, P]"
        c.field(f"{name}_target", shape, f"{name}.clone()")
        c.add(f"lag.{name}", f"{name}_target = {step.format(name=name)}", f"{name}_target")
    more, line = after_round(c)
    source = c.source("target") or c.source("pi_p") or "Furuta et al. 2021, Section 4.1"
    leaves = ("target", "target.every", "target.tau", "target.policy", "optimizer.policy_every", "pi_p")
    at = tuple(f"{name}_target" for name in names) or (
        f"{'update_policy' if c.take(data).phased else 'update'}: state",
    )
    lines += [line] if line else []
    c.sections.append(Section("After the update", c.present(*leaves), text + more, tuple(lines), source, at))


Lag = tuple[str, list[str], str]


def _letter(name: str) -> str:
    return {"policy": r"\theta", "critic": r"\phi"}[name]


def _late(c: Choices) -> str:
    every = c.take(delay)
    return f" of the policy, one for every ${every}$ of the critic" if every > 1 else ""


@choice("target", "none")
def _none(c: Choices, names: list[str]) -> Lag:
    return "No network has a lagged copy.", [], ""


@choice("target", "copy")
def _copy(c: Choices, names: list[str]) -> Lag:
    every = c.constant("COPY_EVERY", "target.every", "updates between hard copies")
    if not names:
        return _none(c, names)
    become = "becomes a copy" if len(names) == 1 else "become copies"
    text = f"The lagged {' and '.join(names)} {become} after every ${c.count('target.every')}$ updates{_late(c)}."
    lines = [rf"{_letter(name)}' \leftarrow {_letter(name)}" for name in names]
    return text, lines, f"copy_every(state.{{name}}_target, {{name}}, updates, {every})"


@choice("target", "polyak")
def _polyak(c: Choices, names: list[str]) -> Lag:
    tau = c.constant("TAU", "target.tau", "step of the lagged copies")
    if not names:
        return _none(c, names)
    follow = "follows" if len(names) == 1 else "follow"
    text = f"The lagged {' and '.join(names)} {follow} after every update{_late(c)}."
    rest = f"{1 - c.value('target.tau'):.10g}"
    lines = []
    for letter in map(_letter, names):
        lines.append(rf"{letter}' \leftarrow {rest} \, {letter}' + {c.tex('target.tau')} \, {letter}")
    return text, lines, f"polyak(state.{{name}}_target, {{name}}, {tau})"
