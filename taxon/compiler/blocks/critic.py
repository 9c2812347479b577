"""G, G.critic and network.value: the critic, its networks and its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.network import input_, perceptron
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.blocks.policy import family
from taxon.compiler.blocks.roles import copies, descend, enlist
from taxon.compiler.choices import Choices, table
from taxon.compiler.roles import Role

FURUTA = "Furuta et al. 2021"


@dataclass(frozen=True)
class Critic:
    """The network behind G."""

    network: str  # "q" for Q(s, a), "v" for V(s), "" where G is the estimate itself
    solved: bool  # V minimises the E-step's dual
    members: int
    lagged: bool
    first: bool  # the first member alone scores actions for the policy
    by_copy: bool  # the lagged copy scores them

    @property
    def fitted(self) -> bool:
        """It follows the gradient of its squared error."""
        return bool(self.network) and not self.solved

    @property
    def bootstrap(self) -> str:
        """The parameters behind the target."""
        return "state.critic.target" if self.lagged else "state.critic.params"

    @property
    def scorer(self) -> str:
        """The parameters that score actions for the policy: the critic as it stands, or its copy."""
        name = "state.critic.target" if self.by_copy else "critic.params"
        return f"{name}[:, :1]" if self.first else name

    def tex(self, lagged: bool, first: bool = False) -> str:
        """Its name: the smaller of two, the first, or the only one."""
        phi = r"\phi'" if lagged else r"\phi"
        letter = self.network.upper()
        if self.members == 1:
            return f"{letter}_{{{phi}}}" if self.network == "q" or lagged else r"V_\phi"
        return f"{letter}_{{{phi}_1}}" if first else rf"\min_{{i=1,2}} {letter}_{{{phi}_i}}"

    @property
    def scorer_tex(self) -> str:
        return self.tex(self.by_copy, self.first)

    @property
    def bootstrap_tex(self) -> str:
        return self.tex(self.lagged)


@dataclass(frozen=True)
class Score:
    """What G is: which network it reads, and whether exp(G/eta) is G's own argument."""

    network: str
    soft: bool = False  # the divergence from pi_p counts at every step that follows
    logarithm: str = ""  # in LaTeX, what is taken the logarithm of


table(
    "G",
    {
        "Q[pi_p]": Score("q"),
        "Q[pi_q]": Score("q"),
        "Q_soft[pi_q]": Score("q", soft=True),
        "A[pi_p]": Score("v"),
        "A[pi_q]": Score("v"),
        "A_soft[pi_q]": Score("v", soft=True),
        "eta * log(Q[pi_p])": Score("q", logarithm=r"Q^{\pi_p}(s,a)"),
        "eta * log(r)": Score("", logarithm="r(s,a)"),
    },
)
table("G.fit", {"regression": False, "dual": True})
table("G.critic", {"online": (True, False), "target": (True, True), "none": (False, False)})
table("G.estimate.clipped_double.policy", {"min": False, "first": True})


def score_of(c: Choices) -> Score:
    """G, and what it is the logarithm of where it is one."""
    made: Score = c.meaning("G")
    return made


def critic(c: Choices) -> Critic:
    """The critic of the row."""
    network, by_copy = score_of(c).network, False
    if "G.critic" in c.row:
        trained, by_copy = c.meaning("G.critic")
        network = network if trained else ""
    solved = bool(c.meaning("G.fit")) if "G.fit" in c.row else False
    double = c.has("G.estimate", "clipped_double")
    first = bool(c.meaning("G.estimate.clipped_double.policy")) if double else False
    lagged = bool(network) and not solved and copies(c)
    return Critic(network, solved, 2 if double else 1, lagged, first, by_copy)


def scale(c: Choices) -> str:
    """The unit of the critic's network; empty where it is 1."""
    path = "network.value.scale"
    if path not in c.row or c.value(path) == 1:
        return ""
    return c.constant("VALUE_SCALE", path, "the critic is this times its network")


def build(c: Choices) -> None:
    """The critic's network, its parameters, its loss and the methods that evaluate it."""
    found = c.take(critic)
    if found.fitted:
        _NETWORKS[found.network](c, found)
        _loss(c, found)


def _q_network(c: Choices, found: Critic) -> None:
    made, times = c.take(family), f"{c.take(scale)} * " if c.take(scale) else ""
    smaller = "values.amin(1)" if found.members > 1 else "values.squeeze(1)"
    if made.log_all:
        network = perceptron(c, "value", c.take(input_).size, "action")
        c.add("q_all", f"values = ensemble_apply(self.critic, critic, observation)\nreturn {times}{smaller}")
        c.add("q", "return (self.q_all(critic, observation) * action).sum(-1)")
    else:
        network = perceptron(c, "value", f"{c.take(input_).size} + action", "1")
        read, sections = _action(c, "action"), _clip_section(c)
        code = f"values = action_values(self.critic, critic, observation, {read})\nreturn {times}{smaller}"
        c.add("q", code, sections=sections)
    _enlist(c, found, network, found.members)


def _action(c: Choices, action: str) -> str:
    """What the critic reads of an action."""
    return f"{action}.clamp(-1.0, 1.0)" if c.has("bounds", "clip") else action


def _clip_section(c: Choices) -> tuple[Section, ...]:
    if not c.has("bounds", "clip"):
        return ()
    text = (
        "The critic reads each action clipped to the box, the one that the environment acts on, so that it is never "
        "asked where nothing teaches it. Likelihoods are those of the actions as they were drawn."
    )
    line = r"Q_\phi(s,a) \leftarrow Q_\phi(s, \mathrm{clip}(a, -1, 1))"
    return (Section("What the critic reads", c.present("bounds"), text, (line,), c.source("bounds"), ("values",)),)


def _v_network(c: Choices, found: Critic) -> None:
    times = f"{c.take(scale)} * " if c.take(scale) else ""
    c.add("v", f"return {times}state_values(self.critic, critic, observation)")
    _enlist(c, found, perceptron(c, "value", c.take(input_).size, "1"))


def _enlist(c: Choices, found: Critic, network: str, members: int = 0) -> None:
    enlist(c, Role("critic", f"self.critic = {network}", r"\phi", "value", members=members, lagged=found.lagged))


_NETWORKS: dict[str, Callable[[Choices, Critic], None]] = {"q": _q_network, "v": _v_network}


def _loss(c: Choices, found: Critic) -> None:
    made = c.take(family)
    predict = {
        ("q", False): f"prediction = action_values(self.critic, critic, observation, {_action(c, 'taken')})",
        ("q", True): "values = ensemble_apply(self.critic, critic, observation)\n"
        "prediction = (values * taken.unsqueeze(1)).sum(-1)",
        ("v", False): "prediction = state_values(self.critic, critic, observation)",
        ("v", True): "prediction = state_values(self.critic, critic, observation)",
    }[found.network, bool(made.log_all)]
    unit = c.take(scale)
    follows = f"target / {unit}" if unit else "target"
    what = "Q(s, a)" if found.network == "q" else "V(s)"
    summed = ", summed over the critics" if found.members > 1 else ""
    shown = {
        "q": ("q_mean", f"seed_average(prediction){' * ' + unit if unit else ''}"),
        "v": ("explained_variance", f"explained_variance(prediction, {follows})"),
    }[found.network]
    c.add(
        "critic",
        f"{predict}\nloss = squared_error(prediction, {follows})",
        "loss",
        "prediction",
        within="critic",
        metrics=(shown,),
        doc=f"1/2 E[({follows} - {what})^2]{summed}.",
        sections=(_loss_section(c, found, unit),),
    )
    descend(c, "critic", "value_loss", "critic_loss", "value")


def _loss_section(c: Choices, found: Critic, unit: str) -> Section:
    name = {"q": r"Q_{\phi_i}(s,a)" if found.members > 1 else r"Q_\phi(s,a)", "v": r"V_\phi(s)"}[found.network]
    total = r"\sum_{i=1}^{2} " if found.members > 1 else ""
    target = "y"
    text = f"Half the squared error, the target held, descended by {optimiser(c, 'value').words}."
    if unit:
        size = c.tex("network.value.scale")
        name, target = name.replace("_\\phi", "_{\\phi}"), rf"\frac{{y}}{{{size}}}"
        name = rf"\frac{{{name}}}{{{size}}}"
        text += f" The critic is ${size}$ times its network, and the error is in the network's unit."
    line = rf"L(\phi) = \frac{{1}}{{2}} \, {total}\mathbb{{E}}\left[ ({target} - {name})^2 \right]"
    return Section(
        "The loss of the critic",
        c.present("G.fit", "network.value.scale", "optimizer.value", "optimizer.clip"),
        text,
        (line,),
        f"{FURUTA}, Section 4.2; Sutton and Barto 2018",
        ("loss", "critic"),
    )
