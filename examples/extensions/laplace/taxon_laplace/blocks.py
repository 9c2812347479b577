"""What the choice means to the compiler: a family by its capabilities."""

from taxon.compiler.choices import Choices, choice
from taxon.compiler.families.family import Family


@choice("pi_theta", "laplace")
def laplace(c: Choices) -> Family:
    floor = c.literal("pi_theta.floor")
    density = r"\frac{1}{2 \, b_{\theta,d}} \exp\left(-\frac{|a_d - \mu_{\theta,d}|}{b_{\theta,d}}\right)"
    return Family(
        "laplace",
        ("location", "spread"),
        f"Laplace({{trunk}}, {floor}{c.meaning('network.policy.mean')})",
        "2 * action",
        (
            rf"\pi_\theta(a|s) = \prod_d {density}",
            rf"b_\theta(s) = {c.tex('pi_theta.floor')} + \log(1 + \exp(f_\theta(s)))",
        ),
        "Independent Laplace distributions.",
        mode="{location}",
        sample="laplace_sample({p}, {noise})",
        log_prob="laplace_log_prob({p}, {x})",
        entropy="laplace_entropy({spread})",
        kl="laplace_kl({o}, {p})",
        mean="location",
        drawn=r"\mu_\theta(s) + b_\theta(s) \, \mathrm{sign}(\xi) \, (-\log \mathrm{erfc}(|\xi| / \sqrt{2}))",
    )
