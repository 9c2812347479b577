"""A mixture of distributions of one kind."""

from __future__ import annotations

from taxon.compiler.families.family import Family


def mixture(components: str, base: Family) -> Family:
    """`components` of `base`, with weights from the same network."""

    def of_each(text: str, x: str = "{x}", noise: str = "{noise}") -> str:
        """An expression of the base by its own parameters."""
        parameters = ", ".join(f"{{{name}}}" for name in base.parameters)
        return text.replace("{p}", parameters).replace("{x}", x).replace("{noise}", noise)

    each = base.equations[0].partition(" = ")[2].replace(r"\mu_\theta", r"\mu_{\theta,k}")
    each = each.replace(r"\sigma_\theta(s)", r"\sigma_{\theta,k}(s)").replace(r"L_\theta(s)", r"L_{\theta,k}(s)")
    draws = of_each(base.need("sample", "a mixture"), noise="{noise}[..., 2:].unsqueeze(-2)")
    return Family(
        f"mixture({base.name})",
        ("logits", *base.parameters),
        f"Mixture({{trunk}}, {components}, {base.head.format(trunk=f'Outputs({base.outputs})')})",
        f"{components} * ({base.outputs} + 1)",
        (
            rf"\pi_\theta(a|s) = \sum_k w_k(s) \, {each}",
            r"w_k(s) = \frac{\exp(l_{\theta,k}(s))}{\sum_j \exp(l_{\theta,j}(s))}",
        ),
        f"A mixture of ${components}$ Gaussians.",
        mode=f"mixture_mode({{logits}}, {of_each(base.mode)})",
        sample=f"mixture_sample({{logits}}, {draws}, {{noise}}[..., :2])",
        noise_axes=("self.actions + 2",),
        log_prob=f"mixture_log_prob({{logits}}, {of_each(base.need('log_prob', 'a mixture'), '{x}.unsqueeze(-2)')})",
        pathwise=False,
        isotropic=f"Mixture({{trunk}}, 1, {base.isotropic.format(trunk='Outputs(action)', std='{std}')})",
        isotropic_outputs="action + 1",
        interval=base.interval,
        evaluated="mean of the likeliest component",
    )
