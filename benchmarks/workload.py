"""What is run: the same for every contender."""

from dataclasses import dataclass

ALGORITHMS = ("sac", "td3", "ppo", "mpo")
ROLLOUTS = ("ppo",)  # the others have a replay
ROLLOUT = 2048  # steps of all environments of a seed between two rounds of updates


@dataclass(frozen=True)
class Workload:
    """An algorithm on an environment, and how much of it is measured. Steps are those of one environment."""

    algorithm: str
    environment: str
    device: str  # cpu or cuda
    threads: int  # cores that the process may use
    first: int  # steps before the first update; with rollouts, the steps of one
    settle: int  # steps after that which are not measured: compilation, caches, memory
    measured: int
    seeds: int = 1
    environments: int = 1  # of a seed
    batch: int | None = None  # None: as the benchmark's spec and the peers have it
    width: int | None = None  # of every hidden layer; None: likewise

    @property
    def steps(self) -> int:
        """All steps that are made."""
        return self.first + self.settle + self.measured


def workload(
    algorithm: str,
    environment: str = "HalfCheetah-v4",
    device: str = "cpu",
    threads: int = 1,
    *,
    measured: int | None = None,
    seeds: int = 1,
    environments: int = 1,
    batch: int | None = None,
    width: int | None = None,
) -> Workload:
    """A workload with the benchmark's constants; `measured` steps are rounded up to whole rollouts."""
    if algorithm in ROLLOUTS:
        unit = ROLLOUT // environments
        first, settle, span = unit, unit, -(-(measured or 3 * unit) // unit) * unit
    else:
        first, settle, span = 1000, 300, measured or 2000
    return Workload(
        algorithm, environment, device, threads, first, settle, span, seeds, environments, batch=batch, width=width
    )
