"""Gaussians, by the variances of the action's dimensions or by all of Sigma."""

from __future__ import annotations

from taxon.compiler.families.family import Family, Part

_SHIFT = r"(\mu_\theta - \mu_{\mathrm{old}})"
_BEFORE = r"\Sigma_{\mathrm{old}}"
_OLD = r"\sigma_{\mathrm{old},d}"
_NEW = r"\sigma_{\theta,d}"
_SPREAD = rf"\log \frac{{\sigma_{{\theta,d}}}}{{{_OLD}}} + \frac{{{_OLD}^2}}{{2 \, \sigma_{{\theta,d}}^2}}"
_MOVED = rf"\frac{{(\mu_{{\theta,d}} - \mu_{{\mathrm{{old}},d}})^2}}{{2 \, {_OLD}^2}}"
_FULL_MOVED = rf"\frac{{1}}{{2}} \, {_SHIFT}^\top {_BEFORE}^{{-1}} \, {_SHIFT}"

MEAN = Part(
    "mean",
    "kl_mean({o_mean}, {o_std}, {mean})",
    True,
    "mean's",
    r"\mu",
    _MOVED,
    "kl_mean({mean}, {o_std}, {o_mean})",
    _MOVED,
)
COV = Part(
    "cov",
    "kl_std({o_std}, {std})",
    True,
    "covariance's",
    r"\Sigma",
    rf"\left[ {_SPREAD} - \frac{{1}}{{2}} \right]",
    "kl_std({std}, {o_std})",
    rf"\left[ \log \frac{{{_OLD}}}{{{_NEW}}} + \frac{{{_NEW}^2}}{{2 \, {_OLD}^2}} - \frac{{1}}{{2}} \right]",
)
FULL_MEAN = Part(
    "mean",
    "full_kl_mean({o_mean}, {o_scale}, {mean})",
    False,
    "mean's",
    r"\mu",
    _FULL_MOVED,
    "full_kl_mean({mean}, {o_scale}, {o_mean})",
    _FULL_MOVED,
)
FULL_COV = Part(
    "cov",
    "full_kl_cov({o_scale}, {scale})",
    False,
    "covariance's",
    r"\Sigma",
    rf"\frac{{1}}{{2}} \left[ \mathrm{{tr}}(\Sigma_\theta^{{-1}} {_BEFORE}) - D "
    rf"+ \log \frac{{|\Sigma_\theta|}}{{|{_BEFORE}|}} \right]",
    "full_kl_cov({scale}, {o_scale})",
    rf"\frac{{1}}{{2}} \left[ \mathrm{{tr}}({_BEFORE}^{{-1}} \Sigma_\theta) - D "
    rf"+ \log \frac{{|{_BEFORE}|}}{{|\Sigma_\theta|}} \right]",
)


def normal(head: str, outputs: str, covariance: str, learned: bool, fit: str) -> Family:
    """Independent dimensions. `covariance` is Sigma in LaTeX; a constant one has no part in the divergence."""
    return Family(
        "normal",
        ("mean", "std"),
        head,
        outputs,
        (rf"\pi_\theta(a|s) = \mathcal{{N}}(a; \mu_\theta(s), {covariance})",),
        "A Gaussian.",
        mode="{mean}",
        sample="normal_sample({p}, {noise})",
        log_prob="normal_log_prob({p}, {x})",
        behind_tanh="tanh_normal_log_prob({p}, {x})",
        entropy="normal_entropy({std})",
        deviation="{std}" if learned else "",
        kl="normal_kl({o}, {p})",
        parts=(MEAN, COV) if learned else (MEAN,),
        held=("normal_log_prob({mean}, {o_std}, {x})", "normal_log_prob({o_mean}, {std}, {x})"),
        fit=fit,
        isotropic="FixedNormal({trunk}, std={std})",
        isotropic_outputs="action",
        mean="mean",
        drawn=r"\mu_\theta(s) + \sigma_\theta \, \xi",
    )


def full_normal(head: str, outputs: str, covariance: str, fit: str) -> Family:
    """All of Sigma, by its Cholesky factor."""
    return Family(
        "normal of full covariance",
        ("mean", "scale"),
        head,
        outputs,
        (rf"\pi_\theta(a|s) = \mathcal{{N}}(a; \mu_\theta(s), {covariance})",),
        "A Gaussian.",
        mode="{mean}",
        sample="full_sample({p}, {noise})",
        log_prob="full_log_prob({p}, {x})",
        entropy="full_entropy({scale})",
        deviation="deviations({scale})",
        kl="full_kl({o}, {p})",
        parts=(FULL_MEAN, FULL_COV),
        held=("full_log_prob({mean}, {o_scale}, {x})", "full_log_prob({o_mean}, {scale}, {x})"),
        fit=fit,
        isotropic="FixedFull({trunk}, std={std})",
        isotropic_outputs="action",
        mean="mean",
        drawn=r"\mu_\theta(s) + L_\theta \, \xi",
    )
