"""What the figures have to reach, and whether they do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.results import Sample, Study
from benchmarks.rounds import Summary, ratios, speeds, summarise

OURS = "taxon"
ON_CPU = ("sb3", "sbx", "cleanrl")
UPDATE_BOUND, UPDATE_AIM = 1.5, 1.25  # a compiled update's time over that of its matrix products


@dataclass(frozen=True)
class Target:
    """A bound, and how to find the figure among the samples; None where they do not tell."""

    what: str
    command: str  # the benchmark that measures it
    bound: float
    aim: float | None
    find: Callable[[Sequence[Sample]], tuple[Summary, str] | None]
    most: bool = False  # the figure must not exceed the bound
    studies: Callable[[Sequence[Study]], Summary | None] = lambda studies: None  # likewise, among studies

    def met(self, figure: float) -> bool:
        return figure <= self.bound if self.most else figure >= self.bound


def plain(samples: Iterable[Sample], algorithm: str, device: str, threads: int | None = None) -> list[Sample]:
    """Samples of one algorithm with the benchmark's constants, one seed and one environment, in the steady state."""
    return [
        sample
        for sample in samples
        if (sample.workload.algorithm, sample.workload.device) == (algorithm, device)
        and (threads is None or sample.workload.threads == threads)
        and (sample.workload.seeds, sample.workload.environments) == (1, 1)
        and sample.workload.batch is None
        and sample.workload.width is None
        and not sample.cache
    ]


def against_best(algorithm: str, device: str, peers: Sequence[str], threads: int | None = None) -> Target:
    """taxon over the fastest of some peers, by their medians."""
    bounds = {("sac", "sb3"): (2.2, 2.6), ("sac", "sbx"): (1.3, 1.6)}
    bound, aim = bounds.get((algorithm, peers[0]), (1.3, 2.0)) if device == "cpu" else (1.3, None)

    def find(samples: Sequence[Sample]) -> tuple[Summary, str] | None:
        found = speeds(plain(samples, algorithm, device, threads))
        there = {peer: summarise(found[peer].values()).median for peer in peers if peer in found}
        if OURS not in found or not there:
            return None
        best = max(there, key=lambda peer: there[peer])
        several = ratios(found[OURS], found[best])
        return (summarise(several), best) if several else None

    where = "GPU" if device == "cuda" else "1 core" if threads == 1 else f"{threads} cores"
    what = f"{algorithm.upper()} end to end, {where}, against {' or '.join(peers)}"
    return Target(what, "gpu" if device == "cuda" else "end_to_end", bound, aim, find)


def seeds_gain() -> Target:
    """Updates a second of ten seeds in one process over those of one."""

    def find(samples: Sequence[Sample]) -> tuple[Summary, str] | None:
        one, ten = (_of_seeds(samples, number) for number in (1, 10))
        several = ratios(ten, one)
        return (summarise(several), "") if several else None

    return Target("ten seeds of SAC against one, GPU, total updates a second", "gpu", 6.0, None, find)


def seeds_speed() -> Target:
    """Environment steps a second of ten seeds."""

    def find(samples: Sequence[Sample]) -> tuple[Summary, str] | None:
        ten = _of_seeds(samples, 10)
        return (summarise(ten.values()), "") if ten else None

    return Target("ten seeds of SAC on HalfCheetah, GPU, environment steps a second", "gpu", 8000.0, None, find)


def first_update(device: str) -> Target:
    """Seconds from the command to the first update with what was compiled before."""

    def find(samples: Sequence[Sample]) -> tuple[Summary, str] | None:
        times = [
            sample.measurement.first_update
            for sample in samples
            if sample.cache == "warm" and (sample.workload.algorithm, sample.workload.device) == ("sac", device)
        ]
        return (summarise(times), "") if times else None

    what = f"`taxon run` of SAC to its first update, warm cache, {device}, seconds"
    if device == "cuda":
        return Target(what, "gpu", 6.0, None, find, most=True)
    return Target(what, "first_update", 2.0, 1.5, find, most=True)


def runs_an_hour() -> Target:
    """Eight short runs by `taxon study` over those by the processes of a peer."""

    def find(studies: Sequence[Study]) -> Summary | None:
        usual = [study for study in studies if (study.runs, study.steps, study.cores) == (8, 20_000, 2)]
        several = ratios(*(hourly(usual, name) for name in (OURS, "sb3")))
        return summarise(several) if several else None

    what = "eight runs of SAC of 20k steps, 2 cores, runs an hour, `taxon study` against sb3"
    return Target(what, "study", 2.5, 3.0, lambda samples: None, studies=find)


def hourly(studies: Iterable[Study], contender: str) -> dict[int, float]:
    """Runs an hour by round."""
    return {study.round: study.hourly for study in studies if study.contender == contender}


TARGETS = (
    against_best("sac", "cpu", ["sb3"], 2),
    against_best("sac", "cpu", ["sbx"], 2),
    *(against_best(algorithm, "cpu", ON_CPU, threads) for algorithm in ("td3", "ppo") for threads in (1, 2)),
    first_update("cpu"),
    runs_an_hour(),
    *(against_best(algorithm, "cuda", ["leanrl-compiled"]) for algorithm in ("sac", "td3", "ppo")),
    seeds_gain(),
    seeds_speed(),
    first_update("cuda"),
)


def _of_seeds(samples: Iterable[Sample], number: int) -> dict[int, float]:
    alike = [
        sample
        for sample in samples
        if (sample.contender, sample.workload.algorithm, sample.workload.device) == (OURS, "sac", "cuda")
        and sample.workload.seeds == number
        and sample.workload.batch is None
        and sample.workload.width is None
        and not sample.cache
    ]
    return speeds(alike).get(OURS, {})
