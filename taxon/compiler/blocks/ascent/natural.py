"""Along the natural gradient, as far as a bound on the divergence allows."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.ascent.taken import RHO, old_log_prob, taken_entropy
from taxon.compiler.blocks.metrics import deviations, entropy
from taxon.compiler.blocks.policy import OLD, apply, family
from taxon.compiler.blocks.score import score_data, taken_score
from taxon.compiler.choices import Choices


def ascend_naturally(c: Choices) -> None:
    """The largest step that the bound and the objective allow."""
    made, path = c.take(family), "pi_q.update"
    score_data(c)
    score, action, now = c.take(taken_score).symbol, old_log_prob(c), c.roles["policy"].now
    c.constant("DELTA", f"{path}.kl", "bound on KL(pi_p || pi_q) of a step")
    c.constant("DAMPING", f"{path}.damping", "added to the Fisher matrix")
    c.constant("CG_ITERATIONS", f"{path}.iterations", "of the conjugate gradients")
    c.constant("TRIES", f"{path}.tries", "step sizes of the line search")
    c.constant("SHRINK", f"{path}.shrink", "from one step size to the next")
    code = f"""
def gain_and_divergence(policy: Tensor) -> tuple[Tensor, Tensor]:
    \"\"\"E[rho G] at the actions taken, and E_s KL(pi_p || pi_theta): [S] each.\"\"\"
    {apply(c, "", "policy", "observation")}
    log_prob = {made.likelihood("", "", action)}
    gain = -surrogate(log_prob, old_log_prob, {score}, valid)
    return gain, valid_average({made.write(made.need("kl", "a natural gradient"))}, valid)

def gain(policy: Tensor) -> tuple[Tensor, Tensor]:
    value, _ = gain_and_divergence(policy)
    return value.sum(), value

def divergence(policy: Tensor) -> Tensor:
    return gain_and_divergence(policy)[1].sum()

def fisher(vector: Tensor) -> Tensor:
    \"\"\"The Fisher matrix is the divergence's Hessian at pi_p: its product with a vector [S, P], damped.\"\"\"
    return grad(lambda policy: (grad(divergence)(policy) * vector).sum())({now}) + DAMPING * vector

# theta + sqrt(2 delta / x.Fx) x with F x = gradient, then back until the bound holds and the gain does not fall
policy_gradient, (_, before) = grad_and_value(gain, has_aux=True)({now})
direction = conjugate_gradient(fisher, policy_gradient, CG_ITERATIONS)
step = natural_step(direction, fisher(direction), DELTA)
policy, fraction = line_search(gain_and_divergence, {now}, step, before, DELTA, SHRINK, TRIES)
policy_cost, kl = gain_and_divergence(policy)
policy_cost = -policy_cost
"""
    delta, damping, shrink = (c.tex(f"{path}.{leaf}") for leaf in ("kl", "damping", "shrink"))
    lines = (
        rf"L(\theta) = \mathbb{{E}}[\rho \, G], \quad {RHO}",
        rf"C(\theta) = \mathbb{{E}}_s \, \mathrm{{KL}}({OLD} \| \pi_\theta) \leq {delta}",
        rf"F \, x = \nabla L, \quad F = \nabla^2 C + {damping} \, I",
        rf"\theta \leftarrow \theta + {shrink}^j \sqrt{{\frac{{2 \cdot {delta}}}{{x^\top F \, x + 10^{{-8}}}}}} \, x",
    )
    text = (
        f"$L$ is ascended. $x$ by ${c.tex(f'{path}.iterations')}$ iterations of conjugate gradients; "
        f"$j < {c.count(f'{path}.tries')}$ is the first at which the bound holds and $L$ is not lower than before, or "
        "there is no step."
    )
    paths = c.present(path, *(f"{path}.{leaf}" for leaf in ("kl", "damping", "iterations", "tries", "shrink")))
    at = ("gain_and_divergence", "fisher", "direction", "step", "policy")
    section = Section("The ascent of the policy", paths, text, lines, c.source(path), at)
    metrics = (
        ("policy_loss", "policy_cost"),
        ("policy_gradient", "row_norm(policy_gradient)"),
        ("kl", "kl"),
        ("step_fraction", "fraction"),
        *(entropy(c, "old_", "valid") or taken_entropy(c, "old_log_prob", action, "valid")),
        *deviations(c, "old_"),
    )
    writes = ("policy", "policy_gradient", "policy_cost", "kl", "fraction", "gain_and_divergence")
    c.add("policy", code, *writes, metrics=metrics, sections=(section,))
