"""target: the lagged copies of the networks, and what an update leaves for the next."""

from __future__ import annotations

from taxon.compiler.block import ContractError, Section
from taxon.compiler.blocks.data import data, delay
from taxon.compiler.blocks.prior import after_round
from taxon.compiler.choices import Choices, choice
from taxon.compiler.roles import Role
from taxon.compiler.symbols import LAG


def lags(c: Choices) -> None:
    """A lagged copy for every network that has one."""
    roles = [role for role in c.roles.values() if role.lagged]
    text, lines, step = c.meaning("target")(c, roles) if "target" in c.row else _none(c, roles)
    if roles and not step:
        raise ContractError(f"the {roles[0].name} has a lagged copy, and `target` says nothing of how it follows")
    for role in reversed(roles):
        # a solution is the parameters alone
        held = role.name if role.optimiser else f"state.{role.name}._replace(params={role.name})"
        c.add(role.lag, f"{role.name} = {step.format(held)}", role.name, stage=LAG)
    more, line = after_round(c)
    source = c.source("target") or c.source("pi_p") or "Furuta et al. 2021, Section 4.1"
    leaves = ("target", "target.every", "target.tau", "target.policy", "optimizer.policy_every", "pi_p")
    at = tuple(role.lag for role in roles) or (f"{'update_policy' if c.take(data).phased else 'update'}: state",)
    lines += [line] if line else []
    c.sections.append(Section("After the update", c.present(*leaves), text + more, tuple(lines), source, at))


Lag = tuple[str, list[str], str]


def _listed(roles: list[Role]) -> str:
    """policy; policy and critic; policy, critic and encoder."""
    *some, last = [role.name for role in roles]
    return f"{', '.join(some)} and {last}" if some else last


def _late(c: Choices) -> str:
    every = c.take(delay)
    return f" of the policy, one for every ${every}$ of the critic" if every > 1 else ""


@choice("target", "none")
def _none(c: Choices, roles: list[Role]) -> Lag:
    return "No network has a lagged copy.", [], ""


@choice("target", "copy")
def _copy(c: Choices, roles: list[Role]) -> Lag:
    every = c.constant("COPY_EVERY", "target.every", "updates between hard copies")
    if not roles:
        return _none(c, roles)
    become = "becomes a copy" if len(roles) == 1 else "become copies"
    text = f"The lagged {_listed(roles)} {become} after every ${c.count('target.every')}$ updates{_late(c)}."
    lines = [rf"{role.letter}' \leftarrow {role.letter}" for role in roles]
    return text, lines, f"copy_every({{}}, updates, {every})"


@choice("target", "polyak")
def _polyak(c: Choices, roles: list[Role]) -> Lag:
    tau = c.constant("TAU", "target.tau", "step of the lagged copies")
    if not roles:
        return _none(c, roles)
    follow = "follows" if len(roles) == 1 else "follow"
    text = f"The lagged {_listed(roles)} {follow} after every update{_late(c)}."
    rest = f"{1 - c.value('target.tau'):.10g}"
    lines = []
    for letter in (role.letter for role in roles):
        lines.append(rf"{letter}' \leftarrow {rest} \, {letter}' + {c.tex('target.tau')} \, {letter}")
    return text, lines, f"polyak({{}}, {tau})"
