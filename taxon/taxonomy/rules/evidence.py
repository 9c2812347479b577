"""TX5xx: legal rows for which there is published evidence of trouble. Each lint quotes it."""

from __future__ import annotations

from taxon.diagnostics.model import Severity
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

LINTS: list[Rule] = []

lint = registrar(LINTS, Severity.WARNING)


@lint(
    "TX501",
    "one critic under KL control",
    "SAC without clipped double Q scored 1601 against 3013 on Hopper, 1888 against 5820 on Walker2d, 1163 against 5532 "
    "on Ant and 768 against 8081 on Humanoid, all of which end early on failure; on HalfCheetah (15701 against 15254) "
    "and Swimmer (143 against 114), which do not, it scored more. Ten seeds.",
    "Furuta et al. 2021, Table 2",
)
def _single_critic(row: Row) -> Conflict | None:
    published = facts.through_action(row) and facts.can(row, "parts") and not facts.on_policy(row)
    if published and not row.has("G.estimate", "clipped_double"):
        return Conflict(
            "clipped double Q is off under KL control: on environments that terminate, SAC lost about half or more "
            "without it (Furuta et al. 2021, Table 2: Hopper 1601 against 3013)",
            (("G.estimate", "uses one critic"), ("pi_q", "follows the gradient of G")),
            "add `+ clipped_double` to `G.estimate`, or keep this for environments that never terminate",
        )
    return None


@lint(
    "TX502",
    "a squashed policy under EM control",
    "MPO with tanh scored 301 against 2136 on Hopper and 831 against 11769 on HalfCheetah, AWR with tanh 1159 against "
    "5742 on HalfCheetah, with numerical errors during training on ten of the twelve pairs of algorithm and "
    "environment; AWR on Hopper scored 3267 against 3085. Ten seeds.",
    "Furuta et al. 2021, Table 3",
)
def _squashed_em(row: Row) -> Conflict | None:
    if facts.em_control(row) and facts.squashed(row):
        return Conflict(
            "a tanh policy under EM control met numerical errors on most of the published environments "
            "(Furuta et al. 2021, Table 3: MPO on HalfCheetah 831 against 11769)",
            (("pi_theta", "squashes its actions"), ("pi_q", "weighs their log-likelihood")),
            "write `pi_theta = normal(mean(s), cov(s))` with `bounds = penalty(kl = 1e-3)`",
        )
    return None


@lint(
    "TX503",
    "an unsquashed policy under KL control",
    "SAC without tanh (with MPO's action penalty) scored 6 against 3013 on Hopper, 108 against 8081 on Humanoid, 28 "
    "against 114 on Swimmer, and diverged on Walker2d, HalfCheetah and Ant. The entropy of an unsquashed Gaussian "
    "grows with its covariance without end. Ten seeds.",
    "Furuta et al. 2021, Table 3",
)
def _unsquashed_kl(row: Row) -> Conflict | None:
    rewarded = facts.kl_control(row) and facts.fixed_prior(row) and facts.uses_q(row)
    rewarded = rewarded and "eta" in row and row["eta"] != 0
    if rewarded and facts.learned_covariance(row) and not facts.can(row, "box"):
        return Conflict(
            "KL control rewards entropy without end unless the policy is squashed "
            "(Furuta et al. 2021, Table 3: SAC without tanh on Hopper 6 against 3013)",
            (("pi_theta", "is unbounded"), ("pi_q", "maximises its entropy")),
            "write `pi_theta = tanh(normal(mean(s), cov(s)))`"
            + ("" if row.base("bounds") in ("", "none") else " with `bounds = none`"),
        )
    return None


@lint(
    "TX504",
    "SGD under a Q critic",
    "With AWR's small networks trained by SGD, SAC scored 205 against 8081 on Humanoid and 589 against 15254 on "
    "HalfCheetah, and MPO 288 against 5709 and 339 against 11769; both lost at least two fifths of their return on "
    "every environment. Ten seeds.",
    "Furuta et al. 2021, Tables 5 to 10",
)
def _sgd_critic(row: Row) -> Conflict | None:
    if facts.uses_q(row) and row.base("optimizer.value") == "sgd":
        return Conflict(
            "with AWR's networks, trained by SGD, a Q critic lost return on every environment "
            "(Furuta et al. 2021, Table 9: SAC on Humanoid 205 against 8081)",
            (("optimizer.value", "is SGD"), ("G", "is a Q(s, a)")),
            "write `optimizer.value = adam(lr = 3e-4)`",
        )
    return None


@lint(
    "TX505",
    "MPO's trust regions without layer norm",
    "MPO without ELU and layer norm scored 843 against 2136 on Hopper, 1708 against 3972 on Walker2d, -1363 against "
    "11769 on HalfCheetah, 807 against 6584 on Ant, and diverged on Swimmer; on Humanoid it scored 5566 against 5709. "
    "Ten seeds.",
    "Furuta et al. 2021, Table 11",
)
def _no_layer_norm(row: Row) -> Conflict | None:
    path = "network.value.layer_norm"
    if facts.trust_region_e(row) and facts.trust_region_m(row) and facts.uses_q(row) and row.base(path) == "none":
        return Conflict(
            "MPO without layer norm and ELU lost more than half of its return on five of six environments "
            "(Furuta et al. 2021, Table 11: Ant 807 against 6584)",
            ((path, "is off"), ("pi_q.update", "weighs actions by Q")),
            "write `network { activation = elu, layer_norm = true }`",
        )
    return None


@lint(
    "TX506",
    "nothing keeps the mean in the box",
    "MPO, AWR and AWAC all keep the policy's mean in the range of the actions by a penalty, because a Gaussian's "
    "support has no bounds. The environment clips an action outside that range; its log-likelihood is not clipped.",
    "Furuta et al. 2021, Sections 4.2.1 and 4.2.2",
)
def _unbounded(row: Row) -> Conflict | None:
    if (
        facts.em_control(row)
        and not facts.on_policy(row)
        and not facts.can(row, "box")
        and row.base("bounds") == "none"
        and row.base("network.policy.mean") == "linear"
    ):
        return Conflict(
            "the mean of the Gaussian policy may leave [-1, 1], and nothing brings it back "
            "(Furuta et al. 2021, Section 4.2: MPO, AWR and AWAC all guard against it)",
            (("bounds", "is none"), ("pi_theta", "is unbounded")),
            "write `bounds = penalty(kl = 1e-3)` or `bounds = quadratic(weight = 10)`, or `network.policy.mean = tanh`",
        )
    return None


@lint(
    "TX507",
    "smoothing a policy that smooths already",
    "Target policy smoothing is defined for a deterministic policy, whose target would overfit narrow peaks of Q. The "
    "targets of a stochastic policy average over its own actions.",
    "Fujimoto et al. 2018, Section 5.3",
)
def _smoothed_twice(row: Row) -> Conflict | None:
    if row.has("G.estimate", "smoothing") and facts.can(row, "sample"):
        return Conflict(
            "the actions of a stochastic policy smooth the target already (Fujimoto et al. 2018, Section 5.3, define "
            "it for a deterministic one)",
            (("G.estimate", "adds noise to the action of the target"), ("pi_theta", "draws it")),
            "drop `+ smoothing`",
        )
    return None


@lint(
    "TX515",
    "a prior without effect",
    "A default policy that sees all that the policy sees becomes the policy: KL(pi_q || pi_p) goes to 0 and constrains "
    "nothing, since the information that is hidden is what makes the two differ. At power 0 pi_p drops out of the "
    "objective.",
    "Galashov et al. 2019, Section 3",
)
def _idle_prior(row: Row) -> Conflict | None:
    if not facts.separate_prior(row):
        return None
    if "pi_p.power" in row and row["pi_p.power"] == 0:
        return Conflict(
            f"`power = 0` leaves `pi_p = {row.base('pi_p')}` out of the objective",
            (("pi_p.power", "is 0"), ("pi_p", "is trained and weighs nothing")),
            "write `power = 1`, or `pi_p = fixed` with `pi_p.update = fixed`",
        )
    hide = "pi_p.hide"
    if row.says("pi_p", "distils") and (hide not in row or row[hide] == ()) and row.base("pi_p.update.until") == "none":
        return Conflict(
            "the default policy sees what the policy sees, so that it becomes the policy and its divergence vanishes "
            "(Galashov et al. 2019, Section 3)",
            ((hide if hide in row else "pi_p", "hides nothing"), ("pi_p.update", "follows pi_q")),
            "write `pi_p = default(hide = [0])` with what is to be hidden, or `pi_p.update.until = 100k` to hold on to "
            "an early policy",
        )
    return None
