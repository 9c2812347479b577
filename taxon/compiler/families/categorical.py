"""A choice among finitely many actions, which are one-hot."""

from __future__ import annotations

from taxon.compiler.families.family import Family


def categorical() -> Family:
    return Family(
        "softmax",
        ("logits",),
        "Categorical({trunk})",
        "action",
        (r"\pi_\theta(a|s) = \frac{\exp(l_{\theta,a}(s))}{\sum_b \exp(l_{\theta,b}(s))}",),
        "A choice among finitely many actions.",
        mode="mode({p})",
        sample="categorical_sample({p}, {noise})",
        noise="uniform",
        log_prob="categorical_log_prob({p}, {x})",
        pathwise=False,
        entropy="categorical_entropy({logits})",
        kl="categorical_kl({o}, {p})",
        log_all="log_probabilities({p})",
        fit="softmax",
        closed_form=False,
        evaluated="likeliest action",
        box=True,
    )
