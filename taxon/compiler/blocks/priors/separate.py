"""pi_p = default, behaviour or constant: a density beside the policy, of the policy's distribution.

Every network of an update reads the others as they stood before it: a default policy follows the pi_q that the policy's
step begins from, and the policy is held against the prior before the prior's step.
"""

from __future__ import annotations

from taxon.compiler.blocks.network import input_, perceptron
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import apply, family
from taxon.compiler.blocks.priors.offer import Description, Prior
from taxon.compiler.blocks.roles import applied, descend, enlist
from taxon.compiler.choices import NUMBER, Choices, choice, table
from taxon.compiler.notation import number as tex_number
from taxon.compiler.roles import Role
from taxon.taxonomy.axes import facts

_PSI = r"\pi_\psi"

# ---- a network of its own


def _hidden(c: Choices) -> tuple[int, ...]:
    return tuple(sorted(set(c.widths("pi_p.hide")))) if "pi_p.hide" in c.row else ()


def build(c: Choices) -> None:
    """The network, where the prior has one: the policy's head over a perceptron of its own."""
    if facts.separate_prior(c.row) and not facts.learned_prior(c.row):
        _build_constant(c)
    if not facts.learned_prior(c.row):
        return
    made, size, shown = c.take(family), c.take(input_).size, "{states}"
    if hidden := _hidden(c):
        c.derived("HIDDEN", repr(hidden), "numbers of an observation that the prior does not see")
        size, shown = f"{size} - len(HIDDEN)", "without({states}, HIDDEN)"
    network = f"trunk = {perceptron(c, 'prior', size, made.outputs)}\nself.prior = {made.head.format(trunk='trunk')}"
    apply = f"self.prior.apply({{prior}}, {shown})"
    lagged = c.yes("target.prior")
    role = Role("prior", network, r"\psi", "prior", apply, lagged=lagged, beside="policy")
    enlist(c, role)
    if made.interval:
        held = role.put(f"self.prior.project({role.new}, {', '.join(made.interval)})")
        c.add("prior", f"prior = {held}", "prior", stage="project")


def _name(c: Choices) -> None:
    _named(c, "policy", "prior_", "observation")


def _following(c: Choices) -> None:
    _named(c, "estimate", "next_prior_", "next_observation")


def _collected(c: Choices) -> None:
    _named(c, "columns", "round_prior_", "observation")


def _named(c: Choices, part: str, prefix: str, states: str) -> None:
    """The parameters of the prior at some states, wherever they are read."""
    role = c.roles.get("prior")
    at = applied(c, "prior", role.late, states) if role else f"self.prior.apply({states})"
    names = c.take(family)
    c.add(part, f"{names.names(prefix)} = {at}", *names.all(prefix), anywhere=True)


def _train(c: Choices, loss: str, doc: str) -> None:
    made = c.take(family)
    code = f"{made.names('fitted_')} = {applied(c, 'prior', 'prior', 'observation')}\nloss = {loss}"
    c.add("prior", code, "loss", *made.all("fitted_"), within="prior", doc=doc)
    descend(c, "prior", "prior_loss", "prior_cost", "prior")
    c.meaning("pi_p.update.until")(c)


@choice("pi_p.update.until", "none")
def _throughout(c: Choices) -> None:
    """The prior is trained as long as the policy."""


@choice("pi_p.update.until", NUMBER)
def _until(c: Choices) -> None:
    c.constant("PRIOR_UNTIL", "pi_p.update.until", "updates after which the prior stands still")
    role = c.roles["prior"]
    held = role.put(f"held_after({role.new}, {role.now}, updates, PRIOR_UNTIL)")
    c.add("prior", f"prior = {held}", "prior", stage="until")


def _described(c: Choices, text: str, lines: tuple[str, ...]) -> Description:
    text += f" Descended by {optimiser(c, 'prior').words}."
    if "PRIOR_UNTIL" in c.constants:
        text += f" It stands still after {c.text('pi_p.update.until')} updates."
    if hidden := _hidden(c):
        several = "s" if len(hidden) > 1 else ""
        listed = ", ".join(f"${column}$" for column in hidden)
        text += f" It does not see the number{several} {listed} of $s$, counted from $0$."
    if c.roles["prior"].lagged:
        text += " The objective and the value read its lagged copy."
    leaves = ("pi_p", "pi_p.hide", "pi_p.power", "pi_p.update", "pi_p.update.until", "optimizer.prior", "target.prior")
    lagged = r"\pi_{\psi'}" if c.roles["prior"].lagged else _PSI
    lines = (rf"\pi_p = {lagged}", *lines)
    return text, lines, ("self.prior", "fitted_" + c.take(family).parameters[0], "prior"), (*leaves, "optimizer.clip")


def _default(c: Choices) -> Description:
    """It follows pi_q, by KL(pi_q || pi_p), with pi_q held."""
    made = c.take(family)
    c.add("prior", apply(c, "posterior_", c.roles["policy"].now, "observation"), *made.all("posterior_"), anywhere=True)
    kl = made.write(made.need("kl", "`pi_p = default`"), "fitted_", old="posterior_")
    _train(c, f"average({kl})", "E_s KL(pi_q || pi_p), pi_q held.")
    text = (
        "A default policy, of the policy's distribution with parameters $\\psi$ of its own: it follows $\\pi_q$, which "
        "is held as before the update."
    )
    return _described(c, text, (rf"L(\psi) = \mathbb{{E}}_s \, \mathrm{{KL}}(\pi_\theta \| {_PSI})",))


def _behaviour(c: Choices) -> Description:
    """It follows the actions in the data."""
    made = c.take(family)
    if not made.unsquash:
        action = "taken"
    else:
        action = "imitated"
        code = f"imitated = {made.unsquash.format(x='taken')}  # before tanh: its Jacobian has no parameters"
        c.add("prior", code, action, anywhere=True)
    _train(c, f"-average({made.likelihood('fitted_', '', action)})", "-E_D log pi_p(a|s).")
    text = (
        "The behaviour policy, of the policy's distribution with parameters $\\psi$ of its own: it imitates the "
        "actions in the data."
    )
    return _described(c, text, (rf"L(\psi) = -\mathbb{{E}}_{{s, \, a \sim \mathcal{{D}}}} \log {_PSI}(a|s)",))


# ---- a constant


def _build_constant(c: Choices) -> None:
    made, std = c.take(family), c.constant("PRIOR_STD", "pi_p.std", "deviation of the prior before any squashing")
    head, outputs = made.need("isotropic", "`pi_p = constant`"), made.isotropic_outputs
    c.attributes.append(f"self.prior = Constant({head.format(trunk=f'Zeros({outputs})', std=std)})")


def _constant(c: Choices) -> Description:
    variance = tex_number(float(f"{c.value('pi_p.std') ** 2:.10g}"))
    squashed = "u" if c.take(family).squash else "a"
    line = rf"\pi_p = \mathcal{{N}}({squashed}; 0, {variance} \, I)"
    text = "One Gaussian at every state, never moved."
    if squashed == "u":
        text += r" It stands behind tanh as the policy does, $a = \tanh(u)$."
    return text, (line,), ("self.prior",), ("pi_p", "pi_p.std")


table(
    "pi_p",
    {
        key: Prior(describe, "prior_", _name, _following, _collected)
        for key, describe in (("default", _default), ("behaviour", _behaviour), ("constant", _constant))
    },
)
