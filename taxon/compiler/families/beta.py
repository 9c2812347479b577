"""Independent Beta distributions on the box, each of one peak (Chou et al. 2017)."""

from __future__ import annotations

from taxon.compiler.families.family import Family


def beta() -> Family:
    return Family(
        "beta",
        ("concentration1", "concentration0"),
        "Beta({trunk})",
        "2 * action",
        (
            r"\pi_\theta(a|s) = \prod_d \frac{x_d^{\alpha_d - 1} \, (1 - x_d)^{\beta_d - 1}}"
            r"{2 \, \mathrm{B}(\alpha_d, \beta_d)}, \quad x = \frac{a + 1}{2}",
            r"\alpha = 1 + \log(1 + \exp(f_\theta(s))), \quad \beta = 1 + \log(1 + \exp(g_\theta(s)))",
        ),
        "Independent Beta distributions on $[-1, 1]$, each of one peak.",
        mode="beta_mean({concentration1}, {concentration0})",
        sample="beta_sample({p}, {noise})",
        noise_axes=("NORMALS", "self.actions"),
        log_prob="beta_log_prob({p}, {x})",
        pathwise=False,
        entropy="beta_entropy({p})",
        kl="beta_kl({o}, {p})",
        box=True,
    )
