"""What a user asks of a run, read from text and checked before anything starts."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError, one_line

MOST_SEEDS = 10_000  # each has environments and networks of its own in this process
MOST_WORKERS = 256
MOST_ENVIRONMENTS = 10_000  # of one seed, as a spec's `data` may ask for
MOST_EPISODES = 100_000  # of an evaluation
TOOLS = ("wandb", "mlflow", "trackio")  # of laboratories, each with its own package
LOGGERS = ("tensorboard", "csv", *TOOLS)
MOST_STEPS = 10**18  # of a run: what counts them fits into 64 bits
_REAL = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"


Mode = Literal["auto", "on", "off"]  # of compilation
Precision = Literal["float32", "tf32", "bf16"]  # of the matrix products of the networks in updates
Crowd = int | Literal["auto"]  # how many worker processes step the environments


@dataclass(frozen=True)
class Cadence:
    """How often something is done: by the clock, or by environment steps of a seed."""

    text: str  # as asked
    seconds: float | None = None
    steps: int | None = None

    def due(self, seconds: float, before: int, steps: int) -> bool:
        """Whether it is time: seconds since the last time, steps then and now."""
        if self.seconds is not None:
            return seconds >= self.seconds
        return self.steps is not None and steps // self.steps > before // self.steps


@dataclass(frozen=True)
class Options:
    """A run's options. The defaults follow Furuta et al. 2021: ten episodes with the mean action every 20,000 steps.

    evaluate_every: environment steps between two evaluations; None for no evaluation at all. evaluation_seed: what the
    starts of every evaluation are drawn from, so that all of them, of every seed, begin alike; None: each has new ones.
    stop_at: the mean return of an evaluation at which the run ends. keep_best: keep the policies of the best
    evaluations beside the latest checkpoint. log: what is written beside metrics.jsonl, by name.

    Raises UserError for what is asked of evaluations that are never made.
    """

    environment: Recipe
    seeds: tuple[int, ...] = (0,)
    steps: int = 1_000_000
    device: str = "auto"
    out: Path | None = None
    evaluate_every: int | None = 20_000
    evaluation_episodes: int = 10
    save_every: Cadence = Cadence("5min", seconds=300.0)
    compile: Mode = "auto"
    precision: Precision = "float32"
    workers: Crowd = 0
    evaluation_seed: int | None = None
    stop_at: float | None = None
    keep_best: bool = False
    log: tuple[str, ...] = ("tensorboard",)

    def __post_init__(self) -> None:
        if self.evaluate_every is not None:
            return
        asked = {
            "--stop-at": self.stop_at is not None,
            "--keep best": self.keep_best,
            "--eval-seed": self.evaluation_seed is not None,
        }
        for option in (option for option, given in asked.items() if given):
            message = f"{option} is about evaluations, and --eval-every never makes none"
            raise UserError(message, "leave one of the two out")


def parse_seeds(text: str) -> tuple[int, ...]:
    """`5` is seeds 0 to 4; `3,7,9` are these three, and `3,` is seed 3 alone."""
    help = "write a number of seeds, as in --seeds 5, or the seeds, as in --seeds 3,7,9"
    if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*,?\s*", text):
        raise UserError(f"--seeds {text} is neither a number nor a list of numbers", help)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(len(part) > 20 for part in parts):
        raise UserError(f"--seeds {text[:40]}... has a number of more than 20 digits", help)
    numbers = [int(part) for part in parts]
    if (count := len(numbers) if "," in text else numbers[0]) > MOST_SEEDS:
        raise UserError(
            f"--seeds {text[:40]} asks for {count:,} seeds, more than {MOST_SEEDS:,}", "train fewer at once"
        )
    if "," not in text:
        if numbers[0] == 0:
            raise UserError("--seeds 0 trains nothing", help + "; seed 0 alone is --seeds 0,")
        return tuple(range(numbers[0]))
    if repeated := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise UserError(f"--seeds {text} names seed {repeated[0]} twice", "name every seed once")
    return tuple(numbers)


def parse_seed(text: str, option: str) -> int:
    """One seed's number."""
    if not re.fullmatch(r"\s*\d{1,20}\s*", text):
        raise UserError(f"{option} {text[:40]} is no seed", f"write its number, as in {option} 0")
    return int(text)


def parse_count(text: str, option: str) -> int:
    """A positive whole number, with `k` for thousands and `M` for millions: `20000`, `100k`, `2.5M`, `1e6`."""
    match = re.fullmatch(r"\s*((?:\d[\d_]*\.?\d*|\.\d+)(?:[eE]\+?\d{1,2})?)\s*([kM]?)\s*", text)
    help = f"write a positive whole number, as in {option} 50000, {option} 50k or {option} 1M"
    if match is None:
        raise UserError(f"{option} {text} is not a positive whole number", help)
    value = round(float(match[1].replace("_", "")) * {"": 1, "k": 1_000, "M": 1_000_000}[match[2]], 6)
    if len(match[1]) > 20 or value >= 2**63:
        raise UserError(f"{option} {text[:40]}... is larger than any run", help)
    if value != int(value) or value <= 0:
        raise UserError(f"{option} {text} is not a positive whole number", help)
    if value > MOST_STEPS:
        raise UserError(f"{option} {text} is larger than any run", help)
    return int(value)


def parse_episodes(text: str, option: str) -> int:
    """How many episodes an evaluation has."""
    count = parse_count(text, option)
    if count > MOST_EPISODES:
        raise UserError(f"{option} {text} asks for more than {MOST_EPISODES:,} episodes", "evaluate fewer at once")
    return count


def parse_evaluations(every: str | None, episodes: str | None) -> tuple[int | None, int]:
    """The steps between two evaluations, None for `never`, and the episodes of one; None: as in Options.

    Raises UserError for episodes of evaluations that are never made.
    """
    count = Options.evaluation_episodes if episodes is None else parse_episodes(episodes, "--eval-episodes")
    if every is None:
        return Options.evaluate_every, count
    if every.strip() == "never":
        if episodes is not None:
            message = f"--eval-episodes {episodes} says how evaluations are made, and --eval-every never makes none"
            raise UserError(message, "leave one of the two out")
        return None, count
    try:
        return parse_count(every, "--eval-every"), count
    except UserError as error:
        raise UserError(error.message, f"{error.help}, or --eval-every never") from None


def parse_stop(text: str) -> float | None:
    """`return=475`, the return of an evaluation that ends the run; None for `never`."""
    if text.strip() == "never":
        return None
    match = re.fullmatch(rf"\s*return\s*=\s*({_REAL})\s*", text)
    if match is None or not math.isfinite(float(match[1])):
        help = "write the return of an evaluation at which the run ends, as in --stop-at return=475, or --stop-at never"
        raise UserError(f"--stop-at {one_line(text, 40)} is no return to stop at", help)
    return float(match[1])


def parse_keep(text: str) -> bool:
    """`best` or `last`: whether the best policies are kept beside the latest checkpoint."""
    if text not in ("best", "last"):
        raise UserError(f"a run keeps no {one_line(text, 40)}", "write --keep best or --keep last")
    return text == "best"


def parse_log(text: str) -> tuple[str, ...]:
    """Names with commas between them, or `none`."""
    names = tuple(name.strip() for name in text.split(","))
    if names == ("none",):
        return ()
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"--log {one_line(text, 60)} names {repeated or 'nothing'} twice", "name each logger once")
    if "none" in names or "" in names:
        help = "write names with commas between them, as in --log tensorboard,csv, or --log none"
        raise UserError(f"--log {one_line(text, 60)} is no list of loggers", help)
    return names


def parse_evaluation_seed(text: str, option: str) -> int:
    """What the starts of evaluations are drawn from."""
    if not re.fullmatch(r"\d{1,18}", text):
        help = f"write one whole number from 0, as in {option} 0"
        raise UserError(f"{option} {one_line(text, 40)} is no seed of evaluations", help)
    return int(text)


def parse_cadence(text: str, option: str) -> Cadence:
    """A time, as `90s`, `5min` or `1h`, or a number of environment steps, as `20k`."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*(s|min|h)\s*", text)
    if match is not None and int(match[1]) > 0:
        return Cadence(text.strip(), seconds=float(match[1]) * {"s": 1, "min": 60, "h": 3600}[match[2]])
    try:
        return Cadence(text.strip(), steps=parse_count(text, option))
    except UserError:
        help = f"write a time or a number of steps, as in {option} 90s, {option} 5min or {option} 20k"
        raise UserError(f"{option} {text[:40]} is neither a time nor a number of steps", help) from None


def parse_mode(text: str) -> Mode:
    """`auto`, `on` or `off`; raises UserError for anything else."""
    for mode in get_args(Mode):
        if text == mode:
            return mode  # type: ignore[no-any-return]
    raise UserError(f"--compile {text} is not a way to compile", "write --compile auto, --compile on or --compile off")


def parse_precision(text: str) -> Precision:
    """`float32`, `tf32` or `bf16`; raises UserError for anything else."""
    for precision in get_args(Precision):
        if text == precision:
            return precision  # type: ignore[no-any-return]
    help = "write --precision float32, --precision tf32 or --precision bf16"
    raise UserError(f"--precision {text} is not a precision of matrix products", help)


def parse_workers(text: str) -> Crowd:
    """A number of processes, 0 for none beside the run's own, or `auto`."""
    if text == "auto":
        return "auto"
    help = "write --workers auto, or how many processes step the environments, as in --workers 4, or 0 for none"
    if not re.fullmatch(r"\d{1,9}", text):
        raise UserError(f"--workers {text[:40]} is neither a number of processes nor auto", help)
    if int(text) > MOST_WORKERS:
        raise UserError(f"--workers {text} asks for more than {MOST_WORKERS} processes", help)
    return int(text)


def make_folder(out: Path | None, name: str, environment: str, within: Path) -> Path:
    """Create the run's folder: `out`, or the first free `runs/<spec>-<environment>-<n>`; an absolute path.

    within: where the user is, since an environment may have changed the working directory.
    """
    try:
        if out is None:
            return _free_folder(within / "runs", f"{name}-{re.sub(r'[^A-Za-z0-9._-]+', '-', environment)}")
        out = within / out
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UserError(f"{out} exists and is not an empty folder", "choose another --out, or remove it first")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where = out or f"a folder for {name} in runs"
        raise UserError(f"{where} cannot be created: {error.strerror}", "choose another --out") from error
    return out


def _free_folder(runs: Path, stem: str) -> Path:
    """Claim the first free number: making the folder decides, since another run may start at the same time."""
    runs.mkdir(exist_ok=True)
    number = 1
    while True:
        folder = runs / f"{stem}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder
