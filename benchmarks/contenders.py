"""Who is measured: how each contender is started on a workload, with no change to its code."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.handshake import clocked
from benchmarks.workload import ROLLOUTS, Workload

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent

T = TypeVar("T")


@dataclass(frozen=True)
class Interpreter:
    """A Python, and where it finds packages beside its own."""

    python: Path
    packages: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Places:
    """Where the contenders are: interpreters of the two families of peers, and the checkouts of the scripts."""

    taxon: Interpreter
    stable: Interpreter | None = None  # Stable-Baselines3 and SBX
    single: Interpreter | None = None  # what the scripts of CleanRL and LeanRL import
    cleanrl: Path | None = None
    leanrl: Path | None = None


@dataclass(frozen=True)
class Command:
    """A process to start. `packages` go before everything else on the path of imports."""

    arguments: list[str]
    packages: tuple[Path, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


class MissingError(Exception):
    """A contender that is not installed, or that cannot run a workload."""


@dataclass(frozen=True)
class Contender:
    """A program, the algorithms it has, and how it is started."""

    name: str
    algorithms: tuple[str, ...]
    command: Callable[[Workload, Places], Command]


def _taxon(options: list[str]) -> Callable[[Workload, Places], Command]:
    def command(work: Workload, places: Places) -> Command:
        sets = []
        if work.batch is not None:
            sets.append(f"data.batch={work.batch}")
        if work.width is not None:
            sets += [f"network.{part}.hidden=[{work.width}, {work.width}]" for part in ("policy", "value")]
        if work.algorithm in ROLLOUTS:
            sets += [f"data.environments={work.environments}", f"data.steps={work.first}"]
        else:
            sets.append(f"data.warmup={work.first}")
        arguments = ["-m", "taxon", "run", str(HERE / "specs" / f"{work.algorithm}.tx")]
        arguments += ["--env", clocked(work.environment), "--device", work.device, "--seeds", str(work.seeds)]
        # Far more steps than are made: the clock ends the process.
        arguments += ["--steps", "10M", "--eval-every", "never", "--out", "run", *options]
        for assignment in sets:
            arguments += ["--set", assignment]
        return Command([str(places.taxon.python), *arguments], places.taxon.packages)

    return command


def _stable(library: str) -> Callable[[Workload, Places], Command]:
    def command(work: Workload, places: Places) -> Command:
        interpreter = _there(places.stable, "Stable-Baselines3 and SBX")
        _one_seed(work, library)
        arguments = [str(interpreter.python), str(HERE / "drivers" / "stable.py"), library, work.algorithm]
        arguments += [clocked(work.environment), work.device, str(work.first), str(work.steps)]
        return Command(arguments, interpreter.packages)

    return command


def _script(project: str, suffix: str, flags: list[str]) -> Callable[[Workload, Places], Command]:
    def command(work: Workload, places: Places) -> Command:
        interpreter = _there(places.single, "what CleanRL and LeanRL import")
        checkout = _there(places.cleanrl if project == "cleanrl" else places.leanrl, f"the checkout of {project}")
        _one_seed(work, project)
        script = checkout / project / f"{work.algorithm}_continuous_action{suffix}.py"
        arguments = [str(interpreter.python), str(script), "--env-id", clocked(work.environment)]
        # Twice the steps, in whole rollouts: the clock ends the process before the script does.
        arguments += ["--total-timesteps", str(2 * work.steps), *flags]
        if work.device == "cpu":
            arguments.append("--no-cuda")
        if work.algorithm in ROLLOUTS:
            arguments += ["--num-steps", str(work.first)]
        else:
            arguments += ["--learning-starts", str(work.first), "--buffer-size", "100000"]
        return Command(arguments, (*interpreter.packages, checkout, HERE / "stand_ins"))

    return command


def _there(found: T | None, what: str) -> T:
    if found is None:
        raise MissingError(f"{what}: not installed; benchmarks/README.md says how")
    return found


def _one_seed(work: Workload, name: str) -> None:
    if (work.seeds, work.environments, work.batch, work.width) != (1, 1, None, None):
        raise MissingError(f"{name} is measured with one seed, one environment and the benchmark's constants alone")


_OF_STABLE = ("sac", "td3", "ppo")

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("taxon", ("sac", "td3", "ppo", "mpo"), _taxon([])),
        Contender("taxon-compiled", ("sac", "td3", "ppo", "mpo"), _taxon(["--compile", "on"])),
        Contender("taxon-eager", ("sac", "td3", "ppo", "mpo"), _taxon(["--compile", "off"])),
        Contender("sb3", _OF_STABLE, _stable("stable_baselines3")),
        Contender("sbx", _OF_STABLE, _stable("sbx")),
        Contender("cleanrl", _OF_STABLE, _script("cleanrl", "", [])),
        Contender("leanrl", _OF_STABLE, _script("leanrl", "_torchcompile", [])),
        Contender("leanrl-compiled", _OF_STABLE, _script("leanrl", "_torchcompile", ["--compile", "--cudagraphs"])),
    )
}


def locate(peers: Path | None) -> Places:
    """What is there under a folder that `benchmarks.peers install` filled."""
    taxon = Interpreter(Path(sys.executable), (ROOT,))
    if peers is None:
        return Places(taxon)

    def interpreter(family: str) -> Interpreter | None:
        python = peers.resolve() / family / "bin" / "python"
        return Interpreter(python, (ROOT,)) if python.exists() else None

    def checkout(project: str) -> Path | None:
        folder = peers.resolve() / project
        return folder if (folder / project).is_dir() else None

    return Places(taxon, interpreter("stable"), interpreter("single"), checkout("cleanrl"), checkout("leanrl"))
