"""The bounds of a trust region: one on a divergence, or one on each of its two parts."""

from dataclasses import replace

from taxon.taxonomy.axes import facts
from taxon.taxonomy.axes.divergence import MMD
from taxon.taxonomy.ranges import POSITIVE, UNFOLDED
from taxon.taxonomy.schema import Applies, Choice, Row, Slot


def constant(row: Row) -> str | None:
    """Why a covariance has no part in what is fitted."""
    return None if facts.learned_covariance(row) else "Sigma is a constant, so there is no covariance to fit"


def apart(row: Row, capability: str) -> str:
    """Why a policy has no mean and covariance apart."""
    return f"it needs `{capability}`, a mean and a covariance apart, which `{facts.distribution(row)}` does not have"


def one_divergence(row: Row) -> str | None:
    """Why a policy's divergence has no single bound."""
    two = "a Gaussian's divergence is bounded in two parts, mean and covariance"
    return two if facts.can(row, "parts") else None


def _parts(row: Row) -> str | None:
    return None if facts.can(row, "parts") else apart(row, "parts")


def _two_parts(row: Row) -> str | None:
    return _parts(row) or constant(row)


def _diagonal(row: Row) -> str | None:
    if reason := _parts(row):
        return reason
    return "the divergence of full covariances is no sum over dimensions" if facts.full_covariance(row) else None


def always(row: Row) -> str | None:
    """No reason: it has a part in every row."""
    return None


def slots(path: str, kl: Slot, init: Slot, unless: Applies | None = None) -> tuple[Slot, ...]:
    """What is bounded, all bounds and where their multipliers start.

    path: of the trust region. kl, init: of a divergence in one. unless: why the divergence comes in one whatever the
    policy.
    """
    of_kl, of_init, whatever = kl.applies or always, init.applies or always, unless or always

    def sampled(row: Row) -> str | None:
        return "the discrepancy of samples has a bound of its own" if facts.by_samples(row, f"{path}.") else None

    def needs_samples(row: Row) -> str | None:
        return whatever(row) or (None if sampled(row) else "the KL is bounded")

    def needs_kl(row: Row) -> str | None:
        return sampled(row) or of_kl(row)

    def needs_one(row: Row) -> str | None:
        return None if sampled(row) else of_init(row)

    def where(needs: Applies) -> Applies:
        def reason(row: Row) -> str | None:
            return whatever(row) or sampled(row) or needs(row)

        return reason

    return (
        Slot("divergence", "what is bounded", "kl", choices=(Choice("kl", "the KL"), MMD), applies=unless),
        replace(kl, applies=needs_kl),
        Slot(
            "mmd",
            "epsilon, the bound on the discrepancy (Kumar et al. 2019)",
            "0.05",
            POSITIVE,
            applies=needs_samples,
        ),
        Slot("kl_mean", "epsilon_mu, the bound on the mean's part of the KL", "1e-3", POSITIVE, applies=where(_parts)),
        Slot(
            "kl_cov",
            "epsilon_Sigma, the bound on the covariance's part",
            "1e-6",
            POSITIVE,
            applies=where(_two_parts),
        ),
        Slot(
            "per_dimension",
            "one bound and one multiplier for each action dimension",
            "true",
            boolean=True,
            applies=where(_diagonal),
        ),
        replace(init, applies=needs_one),
        Slot(
            "init_mean",
            "the mean's multiplier at the start, before its softplus",
            "10",
            UNFOLDED,
            applies=where(_parts),
        ),
        Slot(
            "init_cov",
            "the covariance's multiplier at the start, before its softplus",
            "1000",
            UNFOLDED,
            applies=where(_two_parts),
        ),
    )
