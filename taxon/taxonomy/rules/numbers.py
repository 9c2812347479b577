"""TX5xx: numbers that are legal, each by itself, and with which a row does not train."""

from __future__ import annotations

import math

from taxon.diagnostics.model import Severity
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

LINTS: list[Rule] = []

lint = registrar(LINTS, Severity.WARNING)

_LOST = 1e-9  # half of the last place of a float32 of 0.01
_LARGEST_RATE = {"adam": 1, "sgd": 100}
_LOST_SHARE = 2**-24  # of a number, that float32 adds to it without effect
_STEPS = 1_000_000  # of `taxon run`, where no other number is given
_OVER = 4  # times its bound


@lint(
    "TX508",
    "a step that moves nothing, or everything",
    "A step of Adam moves each parameter by about the learning rate, whatever the gradient's size. Weights are of the "
    "order of 0.1 and have 24 bits: below 1e-9 they stay as they are, and above 1 one step is larger than what was "
    "learnt. A lagged copy that moves by less than 6e-8 of the way is rounded back to where it was.",
    "Kingma and Ba 2015, Section 2.1",
)
def _rate(row: Row) -> Conflict | None:
    for kind in ("policy", "value", "dual", "bounds"):
        path = f"optimizer.{kind}"
        rates = _rates(row, path)
        if rates and max(rates.values()) < _LOST:
            site = max(rates, key=lambda found: rates[found])
            return Conflict(
                f"a learning rate of {rates[site]:g} is lost where float32 adds it to a parameter",
                ((site, "is too small to move anything"),),
                f"write `{site} = 3e-4`",
            )
        if rates and max(rates.values()) > _LARGEST_RATE[row.base(path)]:
            site = max(rates, key=lambda found: rates[found])
            return Conflict(
                f"with a learning rate of {rates[site]:g} one step is larger than the parameters",
                ((site, "is the size of a step"),),
                f"write `{site} = 3e-4`",
            )
    tau = "target.tau"
    if tau in row and row.number(tau) < _LOST_SHARE:
        return Conflict(
            f"a lagged copy that moves by {row.number(tau):g} of its distance is rounded back to where it was",
            ((tau, "is below the last place of float32"),),
            f"write `{tau} = 0.005`",
        )
    return None


@lint(
    "TX509",
    "an entropy that no action can have",
    "Actions behind tanh or of a Beta distribution lie in [-1, 1], where the uniform density has the largest entropy, "
    "log 2 = 0.69 nats a dimension. A target above it is never met: the temperature rises to its ceiling, where the "
    "return counts for nothing.",
    "Haarnoja et al. 2018b, Section 5",
)
def _entropy(row: Row) -> Conflict | None:
    target = "eta.target"
    if facts.can(row, "box") and not facts.discrete(row) and target in row and row.number(target) > math.log(2):
        return Conflict(
            f"no density on [-1, 1] has an entropy of {row.number(target):g} nats: log 2 = 0.69 is the largest",
            ((target, "is the entropy of a dimension"), ("pi_theta", "keeps its actions in [-1, 1]")),
            f"write `{target} = -1`",
        )
    return None


@lint(
    "TX510",
    "a bound that does not bind within a run",
    "Under Adam the multiplier of KL(pi_old || pi_theta) <= epsilon climbs from its start by the learning rate an "
    "update. Weights whose own divergence is at most epsilon_q pull the policy by no more than sqrt(2 epsilon_q) of "
    "its deviations, so that a multiplier of about sqrt(epsilon_q / epsilon) holds the bound; at alpha below that the "
    "divergence may be (sqrt(epsilon_q / epsilon) / alpha)^2 times as large. A spec does not say how long its run will "
    "be: 1M steps are what `taxon run` makes by itself.",
    "Abdolmaleki et al. 2018b, Section 4; Furuta et al. 2021, Section 4.2.1",
)
def _binds(row: Row) -> Conflict | None:
    if not (facts.trust_region_m(row) and row.base("optimizer.dual") == "adam"):
        return None
    outer = next((path for path in ("pi_q.update.trust_region.kl", "eta.kl") if path in row), None)
    if outer is None:  # without a bound of the E-step nothing bounds how far the weights pull
        return None
    rates, region = _rates(row, "optimizer.dual"), "pi_p.update.trust_region"
    site = max(rates, key=lambda found: rates[found])
    updates = _policy_updates(row)
    for kl, init in (("kl", "init"), ("kl_mean", "init_mean"), ("kl_cov", "init_cov")):
        if f"{region}.{kl}" not in row or f"{region}.{init}" not in row:
            continue
        needed = math.sqrt(row.number(outer) / row.number(f"{region}.{kl}"))
        start = row.number(f"{region}.{init}")
        end = start + rates[site] * updates
        reached = end if end > 30 else math.log1p(math.exp(end))
        over = (needed / reached) ** 2
        if over > _OVER:
            return Conflict(
                f"`{kl}` may still be exceeded by a factor of {_rounded(over)} after 1M steps: its multiplier climbs "
                f"to {_rounded(reached)} in them, and up to {_rounded(needed)} are needed",
                (
                    (f"{region}.{kl}", "is the bound"),
                    (f"{region}.{init}", "is where its multiplier starts"),
                    (site, "is how far it climbs at an update"),
                ),
                f"write `{region}.{init} = {_rounded(needed)}`",
            )
    return None


@lint(
    "TX511",
    "weights that overflow",
    "Standardised advantages of three deviations occur in any batch, and exp(3/eta) is no float32 where eta is below "
    "0.034: the weights are infinite, and the seed is frozen. Peng et al. 2019 hold them at 20, Nair et al. 2020 "
    "divide by their sum.",
    "Peng et al. 2019, Section 5; Nair et al. 2020",
)
def _overflow(row: Row) -> Conflict | None:
    update = "pi_q.update"
    exponential = row.base(f"{update}.f") == "exp" and row.base(f"{update}.normalise") == "none"
    unclipped = row.base(f"{update}.clip") == "none" and f"{update}.standardise" in row and row[f"{update}.standardise"]
    constant = "eta" in row and not row.base("eta")
    if exponential and unclipped and constant and 0 < row.number("eta") < 3 / math.log(3.4e38):
        return Conflict(
            f"exp(A/eta) overflows where a standardised advantage is {88.7 * row.number('eta'):.2g}",
            (("eta", "divides the advantages"), (f"{update}.clip", "does not bound the weights")),
            f"write `{update}.clip = 20`, or a larger `eta`",
        )
    return None


def _rates(row: Row, path: str) -> dict[str, float]:
    """The learning rates of an optimiser, by path: one, or both ends of a schedule."""
    paths = (f"{path}.lr.start", f"{path}.lr.end") if row.base(f"{path}.lr") == "linear" else (f"{path}.lr",)
    return {found: row.number(found) for found in paths if found in row}


def _policy_updates(row: Row) -> float:
    """Updates of the policy and its multipliers in 1M environment steps."""
    if facts.on_policy(row):
        a_round = row.number("data.environments") * row.number("data.steps")
        made = 1.0 if facts.whole_batch(row) else row.number("data.policy_epochs") * a_round / row.number("data.batch")
        return _STEPS / a_round * made
    rounds = _STEPS / row.number("data.steps_per_update")
    if facts.episodic(row):
        return rounds * (1 if facts.whole_batch(row) else row.number("data.episodes.policy_updates"))
    every = row.number("optimizer.policy_every") if "optimizer.policy_every" in row else 1
    return rounds * row.number("data.updates") / every


def _rounded(number: float) -> str:
    return f"{number:.0f}" if 10 <= number < 1e6 else f"{number:.2g}"
