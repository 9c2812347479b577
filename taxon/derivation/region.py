"""The trust region of the M-step: the parts of the divergence, their multipliers, and the duals."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.case import OLD, Case, positive
from taxon.derivation.section import Section

_PATH = "pi_p.update.trust_region"
_LETTERS = {"mean": r"\mu", "cov": r"\Sigma"}


def sections(case: Case) -> Iterator[Section]:
    """The bound on how far the policy moves, and the multipliers that hold it."""
    if case.plan.region:
        yield _bound(case)
        yield _multipliers(case)


def _indexed(case: Case, letter: str, part: str) -> str:
    """C or alpha of a part of the divergence, by dimension where each has a bound of its own."""
    if not part:
        return letter
    return rf"{letter}_{{{_LETTERS[part]},d}}" if case.plan.per_dimension else rf"{letter}_{_LETTERS[part]}"


def _parts(case: Case) -> dict[str, str]:
    """The right-hand side of each part of the divergence; the whole of it under an empty name."""
    if case.plan.discrete:
        return {"": rf"\mathrm{{KL}}({OLD} \| \pi_\theta)"}
    if case.plan.head == "full":
        shift, before = r"(\mu_\theta - \mu_{\mathrm{old}})", r"\Sigma_{\mathrm{old}}"
        return {
            "mean": rf"\frac{{1}}{{2}} \, {shift}^\top {before}^{{-1}} \, {shift}",
            "cov": rf"\frac{{1}}{{2}} \left[ \mathrm{{tr}}(\Sigma_\theta^{{-1}} {before}) - D "
            rf"+ \log \frac{{|\Sigma_\theta|}}{{|{before}|}} \right]",
        }
    total = "" if case.plan.per_dimension else r"\sum_d "
    mean, before = r"\mu_{\theta,d} - \mu_{\mathrm{old},d}", r"\sigma_{\mathrm{old},d}"
    spread = rf"\log \frac{{\sigma_{{\theta,d}}}}{{{before}}} + \frac{{{before}^2}}{{2 \, \sigma_{{\theta,d}}^2}}"
    parts = {
        "mean": rf"{total}\frac{{({mean})^2}}{{2 \, {before}^2}}",
        "cov": rf"{total}\left[ {spread} - \frac{{1}}{{2}} \right]",
    }
    return parts if case.plan.learned_cov else {"mean": parts["mean"]}


def _bound(case: Case) -> Section:
    lines, anchors = [], []
    for part, divergence in _parts(case).items():
        bound = case.number(f"{_PATH}.kl_{part}" if part else f"{_PATH}.kl")
        lines.append(rf"{_indexed(case, 'C', part)} = \mathbb{{E}}_s \, {divergence} \leq {bound}")
        anchors.append(f"{part or 'policy'}_kl = ")
    text = "The divergence of the policy from the old one, over the states of the update."
    if len(lines) > 1:
        text += " Each part holds the other parameter at its old value, so that they do not add up to the whole."
    if case.plan.per_dimension:
        text += " Every dimension $d$ has a bound of its own."
    paths = ("pi_p.update", *(f"{_PATH}.{leaf}" for leaf in ("kl", "kl_mean", "kl_cov", "per_dimension")))
    return Section(
        "The trust region",
        case.present(*paths),
        text,
        tuple(lines),
        "Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018a and 2018b; Hoffman et al. 2020",
        tuple(anchors),
    )


def _multipliers(case: Case) -> Section:
    total = r"\sum_d " if case.plan.per_dimension else ""
    added, lines, starts, anchors = [], [], [], []
    for part in _parts(case):
        alpha, divergence = _indexed(case, r"\alpha", part), _indexed(case, "C", part)
        bound = case.number(f"{_PATH}.kl_{part}" if part else f"{_PATH}.kl")
        added.append(rf"{total}{alpha} \, {divergence}")
        lines.append(rf"g({_name(part)}) = {total}{alpha} \, ({bound} - {divergence})")
        start = case.row.number(f"{_PATH}.init_{part}" if part else f"{_PATH}.init")
        starts.append(f"${_name(part)}$ is {positive(start)}")
        anchors.append(f"def alpha{f'_{part}' if part else ''}_dual(")
    text = f"Added to $L$, and held by duals, descended by {case.optimiser('dual')}: {'; '.join(starts)}."
    inits = (f"{_PATH}.{leaf}" for leaf in ("init", "init_mean", "init_cov"))
    return Section(
        "The multipliers",
        case.present(*inits, "optimizer.dual"),
        text,
        (rf"L \leftarrow L + {' + '.join(added)}", *lines),
        case.source("pi_p.update"),
        ("loss = loss + (alpha", *anchors),
    )


def _name(part: str) -> str:
    return rf"\alpha_{_LETTERS[part]}" if part else r"\alpha"
