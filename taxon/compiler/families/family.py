"""A family of distributions: its parameters, and what can be computed of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxon.compiler.block import ContractError


@dataclass(frozen=True)
class Part:
    """A part of the divergence with a bound of its own: KL(old || new) at every state, with its meaning in words and in
    LaTeX, and KL(new || old), which a posterior has from its prior."""

    name: str
    kl: str  # {o_...}, {...}: [S, B], or [S, B, A] where `by_dimension`
    by_dimension: bool
    whose: str
    letter: str
    equation: str  # of one dimension, where it is a sum over dimensions
    posterior: str  # KL(new || old), as `kl`
    posterior_equation: str


@dataclass(frozen=True)
class Family:
    """Expressions hold {p} for a policy's parameters, {o} for an older one's, the name of one of them ({o_mean}), and
    {x} for an action before squashing. What is empty cannot be computed."""

    name: str
    parameters: tuple[str, ...]
    head: str  # what `self.policy` is, over {trunk}
    outputs: str  # of the trunk
    equations: tuple[str, ...]
    text: str
    mode: str  # {p}: the action of an evaluation
    apply: str = "self.policy.apply({policy}, {states})"  # what gives the parameters at states, as in `Role.apply`
    sample: str = ""  # {p}, {noise}
    noise: str = "standard_normal"  # what a draw is made from
    noise_axes: tuple[str, ...] = ("self.actions",)
    squash: str = ""  # from a draw u to the action
    unsquash: str = ""  # from a stored action to u
    log_prob: str = ""  # {p}, {x}
    jacobian: str = ""  # {x}: log of the squash's Jacobian, less which the density is that of the action
    density: str = ""  # {p}, {x}: of the action, where one function computes both
    behind_tanh: str = ""  # {p}, {x}: that function, should the family stand behind tanh
    pathwise: bool = True  # the gradient runs through a draw
    entropy: str = ""  # {p}
    deviation: str = ""  # {p}: the standard deviation of every dimension before squashing, where it is trained
    kl: str = ""  # {o}, {p}
    parts: tuple[Part, ...] = ()
    held: tuple[str, str] = ()  # type: ignore[assignment]  # densities with the other parameter at its old value
    log_all: str = ""  # {p}: log-probabilities of every action, where they are finitely many
    fit: str = ""  # how the weighted likelihood is maximised: what follows the least squares
    closed_form: bool = True  # that needs no iterations
    isotropic: str = ""  # over {trunk} of zeros, a head of mean 0 and one deviation {std}
    isotropic_outputs: str = ""  # of that trunk
    evaluated: str = "mean action"  # which action `mode` is, in words
    box: bool = False  # actions lie in [-1, 1] whatever the parameters
    mean: str = ""  # the parameter that is a mean in the units of actions
    drawn: str = ""  # a draw in LaTeX, by xi
    interval: tuple[str, ...] = ()  # that a trained vector of log-deviations is held in after each step

    def need(self, capability: str, who: str) -> str:
        """What computes a capability.

        Raises:
            ContractError: the family has none.
        """
        text: str = getattr(self, capability)
        if not text:
            raise ContractError(f"{who} needs `{capability}`, which the distribution {self.name} does not have")
        return text

    @property
    def capabilities(self) -> frozenset[str]:
        """Those of `properties.CAPABILITIES` that the family has."""
        there = {
            "sample": self.sample,
            "log_prob": self.log_prob,
            "finite": self.log_all,
            "pathwise": self.pathwise,
            "mean": self.mean,
            "box": self.box,
            "entropy": self.entropy,
            "kl": self.kl,
            "parts": self.parts,
            "held": self.held,
            "fit": self.fit,
            "closed_form": self.fit and self.closed_form,
        }
        return frozenset(name for name, has in there.items() if has)

    @property
    def divergences(self) -> tuple[Part, ...]:
        """What of KL(old || new) has a bound of its own: its parts, or all of it where there are none.

        Raises:
            ContractError: the family has no divergence.
        """
        if self.parts:
            return self.parts
        kl = self.need("kl", "a trust region")
        whole, turned = (
            rf"\mathrm{{KL}}({one} \| {other})"
            for one, other in ((r"\pi_{\mathrm{old}}", r"\pi_\theta"), (r"\pi_\theta", r"\pi_{\mathrm{old}}"))
        )
        return (Part("", kl, False, "", "", whole, kl.format(o="{p}", p="{o}"), turned),)

    def names(self, prefix: str = "", axis: str = "") -> str:
        """The parameters: `old_mean, old_std`."""
        return ", ".join(f"{prefix}{name}{axis}" for name in self.parameters)

    def all(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(f"{prefix}{name}" for name in self.parameters)

    def write(
        self, text: str, prefix: str = "", axis: str = "", x: str = "", noise: str = "", old: str = "old_"
    ) -> str:
        """An expression for the parameters whose names begin with `prefix`."""
        each = {name: f"{prefix}{name}{axis}" for name in self.parameters}
        olds = {f"o_{name}": f"{old}{name}{axis}" for name in self.parameters}
        return text.format(p=self.names(prefix, axis), o=self.names(old, axis), x=x, noise=noise, **each, **olds)

    def draw(self, prefix: str, axis: str, noise: str, u: str, action: str) -> str:
        """Lines that name a draw, before squashing and after."""
        text = self.write(self.need("sample", "a draw of the policy"), prefix, axis, noise=noise)
        return f"{u} = {text}\n{action} = {self.squash}({u})" if self.squash else f"{action} = {text}"

    def likelihood(self, prefix: str, axis: str, x: str) -> str:
        """log pi of an action before squashing: the Jacobian, which has no parameters, left out."""
        return self.write(self.need("log_prob", "the likelihood of an action"), prefix, axis, x)

    def log_density(self, prefix: str, axis: str, action: str, u: str) -> str:
        """log pi of an action, with the Jacobian where the policy squashes; `u` is the action before it."""
        if self.density:
            return self.write(self.density, prefix, axis, u)
        text = self.likelihood(prefix, axis, u if self.squash else action)
        return f"{text} - {self.jacobian.format(x=u)}" if self.jacobian else text


def squashed(base: Family) -> Family:
    """The family behind tanh."""
    law = base.equations[0].replace("(a|s)", "(u|s)").replace("{N}(a;", "{N}(u;").partition(" = ")[2]
    lines = (r"a = \tanh(u)", rf"\log \pi_\theta(a|s) = \log {law} - \sum_d \log(1 - \tanh(u_d)^2)")
    return replace(
        base,
        name=f"tanh({base.name})",
        text=f"{base.text.removesuffix('.')} behind tanh, so that actions lie in $[-1, 1]$.",
        equations=(*lines, *base.equations[1:]),
        mode=f"torch.tanh({base.mode})",
        squash="torch.tanh",
        unsquash="atanh_clamped({x}, 1e-6)",
        jacobian="tanh_log_jacobian({x})",
        density=base.behind_tanh,
        entropy="",
        box=True,
        mean="",
        drawn=rf"\tanh({base.drawn})" if base.drawn else "",
    )
