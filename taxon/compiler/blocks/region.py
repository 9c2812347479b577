"""pi_p.update + trust_region, and pi_q.update's: the parts of the divergence, their multipliers, and the duals."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxon.compiler.block import Section
from taxon.compiler.blocks.data import whole
from taxon.compiler.blocks.discrepancy import discrepancy
from taxon.compiler.blocks.multipliers import multiplier, softplus_words
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import family, old_parameters
from taxon.compiler.blocks.priors.density import prior_parameters
from taxon.compiler.blocks.priors.offer import Prior, prior_of
from taxon.compiler.choices import Choices, table
from taxon.compiler.families.family import Part


@dataclass(frozen=True)
class Side:
    """Which divergence is bounded: of the prior's step from the old policy, or of the posterior from its prior."""

    path: str
    posterior: bool
    words: str
    source: str
    centre: str = "old"  # in LaTeX, the index of what the divergence is from
    whose: str = "the old one"  # the same in words

    @property
    def other(self) -> str:
        return "the old policy" if self.centre == "old" else self.whose

    @property
    def update(self) -> str:
        return self.path.removesuffix(".trust_region")

    def around(self, prior: Prior) -> Side:
        """The same from this prior."""
        if not prior.separate:
            return self
        return replace(self, words="KL(pi_theta || pi_p)", centre="p", whose="the prior")

    def kl(self, part: Part) -> str:
        return part.posterior if self.posterior else part.kl

    def equation(self, part: Part) -> str:
        text = part.posterior_equation if self.posterior else part.equation
        return text.replace(r"\mathrm{old}", self.centre) if self.centre != "old" else text


PRIOR = Side(
    "pi_p.update.trust_region",
    False,
    "KL(pi_old || pi_theta)",
    "Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018a and 2018b; Hoffman et al. 2020",
)
POSTERIOR = Side("pi_q.update.trust_region", True, "KL(pi_theta || pi_old)", "Abdolmaleki et al. 2018b, Appendix D.4")


def region(c: Choices, side: Side) -> None:
    """The bounds of a trust region, each with a multiplier of its own."""
    c.meaning(f"{side.path}.divergence")(c, side)


def _divergence(c: Choices, side: Side) -> None:
    """The divergence in the parts of the policy's family."""
    made = c.take(family)
    if side.posterior:
        side = side.around(prior_of(c))
    parts = made.divergences
    before = prior_parameters(c) if side.posterior else "old_"
    if not side.posterior:
        old_parameters(c)
    each = c.yes(f"{side.path}.per_dimension")
    how = " in its two parts, each weighted by its multiplier" if len(parts) > 1 else ", weighted by its multiplier"
    lines = [f"# {side.words}{how}"]
    if c.take(whole) and any(part.by_dimension for part in parts):
        lines.append("counted = valid.unsqueeze(-1) / valid.sum(1).reshape(-1, 1, 1)")
    for part in parts:
        name, alpha = f"{part.name or 'policy'}_kl", _alpha(part)
        lines.append(f"{name} = {_average(c, made.write(side.kl(part), old=before), part, each)}")
        lines.append(f"loss = loss + ({alpha} * {name}).sum(-1)")
    names = [f"{part.name or 'policy'}_kl" for part in parts]
    shown = {part.name: f"kl_{part.name}" if part.name else "kl" for part in parts}
    metrics = tuple((shown[part.name], f"{name}.sum(-1)") for part, name in zip(parts, names, strict=True))
    c.add(
        "policy",
        "\n".join(lines),
        "loss",
        *names,
        within="policy",
        stage="region",
        doc=", inside the trust region",
        metrics=metrics,
        sections=(_bound(c, side, parts, each), _multipliers(c, side, parts, each)),
    )
    for part in parts:
        _multiplier(c, side, part, each)


def _alpha(part: Part) -> str:
    return f"alpha_{part.name}" if part.name else "alpha"


def _leaf(side: Side, part: Part, leaf: str) -> str:
    return f"{side.path}.{leaf}_{part.name}" if part.name else f"{side.path}.{leaf}"


def _average(c: Choices, kl: str, part: Part, each: bool) -> str:
    """The mean over states of a part: [S, A], or [S, 1] where its dimensions have one bound."""
    if not part.by_dimension:
        average = f"valid_average({kl}, valid)" if c.take(whole) else f"average({kl})"
        return f"{average}.unsqueeze(-1)"
    reduced = kl if each else f"{kl}.sum(-1, keepdim=True)"
    return f"({reduced} * counted).sum(1)" if c.take(whole) else f"{reduced}.mean(1)"


def _multiplier(c: Choices, side: Side, part: Part, each: bool) -> None:
    alpha, name = _alpha(part), f"{part.name or 'policy'}_kl"
    constant = f"EPSILON_{part.name.upper() or 'POLICY'}"
    what = f"the {part.whose} part of the KL" if part.name else side.words
    epsilon = c.constant(constant, _leaf(side, part, "kl"), f"bound on {what}")
    whose = f"the {part.whose} part of {side.words}" if part.name else side.words
    multiplier(
        c,
        f"{alpha}_raw",
        alpha,
        c.value(_leaf(side, part, "init")),
        f"lagrange_dual({alpha}, {epsilon}, {name})",
        f"{alpha}: multiplier of {whose} <= epsilon, alpha (epsilon - KL)",
        size="self.actions" if each and part.by_dimension else "1",
    )


# ---- equations


def _indexed(letter: str, part: Part, each: bool) -> str:
    """C or alpha of a part of the divergence, by dimension where each has a bound of its own."""
    if not part.name:
        return letter
    return rf"{letter}_{{{part.letter},d}}" if each else rf"{letter}_{part.letter}"


def _bound(c: Choices, side: Side, parts: tuple[Part, ...], each: bool) -> Section:
    lines = []
    for part in parts:
        total = r"\sum_d " if part.by_dimension and not each else ""
        divergence = rf"{total}{side.equation(part)}"
        lines.append(
            rf"{_indexed('C', part, each)} = \mathbb{{E}}_s \, {divergence} \leq {c.tex(_leaf(side, part, 'kl'))}"
        )
    text = f"The divergence of the policy from {side.whose}, over the states of the update."
    if len(lines) > 1:
        value = "its old value" if side.centre == "old" else "the prior's"
        text += f" Each part holds the other parameter at {value}, so that they"
        text += " add up to the whole." if side.posterior else " do not add up to the whole."
    if each:
        text += " Every dimension $d$ has a bound of its own."
    paths = (side.update, *(f"{side.path}.{leaf}" for leaf in ("kl", "kl_mean", "kl_cov", "per_dimension")))
    at = tuple(f"{part.name or 'policy'}_kl" for part in parts)
    return Section("The trust region", c.present(*paths), text, tuple(lines), side.source, at)


def _multipliers(c: Choices, side: Side, parts: tuple[Part, ...], each: bool) -> Section:
    total = r"\sum_d " if each else ""
    added, lines, starts = [], [], []
    for part in parts:
        alpha, divergence = _indexed(r"\alpha", part, each), _indexed("C", part, each)
        name = rf"\alpha_{part.letter}" if part.name else r"\alpha"
        added.append(rf"{total}{alpha} \, {divergence}")
        lines.append(rf"g({name}) = {total}{alpha} \, ({c.tex(_leaf(side, part, 'kl'))} - {divergence})")
        starts.append(f"${name}$ is {softplus_words(c.value(_leaf(side, part, 'init')))}")
    text = f"Added to $L$, and held by duals, descended by {optimiser(c, 'dual').words}: {'; '.join(starts)}."
    inits = (f"{side.path}.{leaf}" for leaf in ("init", "init_mean", "init_cov"))
    return Section(
        "The multipliers",
        c.present(*inits, "optimizer.dual"),
        text,
        (rf"L \leftarrow L + {' + '.join(added)}", *lines),
        c.source(side.update),
        ("loss", *(f"{_alpha(part)}_raw" for part in parts)),
    )


# ---- of samples


def _discrepancy(c: Choices, side: Side) -> None:
    """A discrepancy of samples, which needs no density of the other policy."""
    if side.posterior:
        side = side.around(prior_of(c))
    before = prior_parameters(c) if side.posterior else "old_"
    if not side.posterior:
        old_parameters(c)
    found = discrepancy(c, f"{side.path}.divergence", before)
    epsilon = c.constant("EPSILON_POLICY", f"{side.path}.mmd", f"bound on the discrepancy from {side.other}")
    value = f"valid_average({found.value}, valid)" if c.take(whole) else f"average({found.value})"
    bound = Section(
        "The trust region",
        (*found.paths, f"{side.path}.mmd"),
        f"The discrepancy from {side.other}, of {found.text}",
        (rf"C = \mathbb{{E}}_s \, {found.letter} \leq {c.tex(f'{side.path}.mmd')}", found.equation),
        c.source(f"{side.path}.divergence"),
        ("policy_mmd",),
    )
    held = Section(
        "The multipliers",
        c.present(f"{side.path}.init", "optimizer.dual"),
        f"Added to $L$, and held by a dual, descended by {optimiser(c, 'dual').words}: "
        f"$\\alpha$ is {softplus_words(c.value(f'{side.path}.init'))}.",
        (r"L \leftarrow L + \alpha \, C", rf"g(\alpha) = \alpha \, ({c.tex(f'{side.path}.mmd')} - C)"),
        c.source(side.update),
        ("loss", "alpha_raw"),
    )
    c.add(
        "policy",
        f"# a discrepancy of samples, weighted by its multiplier\n{found.lines}\n"
        f"policy_mmd = {value}.unsqueeze(-1)\nloss = loss + (alpha * policy_mmd).sum(-1)",
        "loss",
        "policy_mmd",
        within="policy",
        stage="region",
        doc=", inside the trust region",
        noise=found.noise,
        metrics=(("mmd", "policy_mmd.sum(-1)"),),
        sections=(bound, held),
    )
    multiplier(
        c,
        "alpha_raw",
        "alpha",
        c.value(f"{side.path}.init"),
        f"lagrange_dual(alpha, {epsilon}, policy_mmd)",
        "alpha: multiplier of the discrepancy <= epsilon, alpha (epsilon - MMD)",
    )


for _side in (PRIOR, POSTERIOR):
    table(f"{_side.path}.divergence", {"kl": _divergence, "mmd": _discrepancy})
