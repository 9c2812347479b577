"""A run, as its folder has it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from taxon.api import asking, html, recorded
from taxon.api.environments import recipe_of
from taxon.api.frames import Columns, Kind, columns, framed
from taxon.api.interactive import at_prompt
from taxon.api.programs import executed, program_of
from taxon.api.wording import in_python
from taxon.errors import Error
from taxon.runtime.folder import manifest
from taxon.runtime.folder.logging import METRICS, lines
from taxon.runtime.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from rich.console import Console

    from taxon.api.environments import Environment
    from taxon.api.picture import Picture
    from taxon.api.spec import Spec
    from taxon.runtime.environments.recipe import Recipe
    from taxon.runtime.events import Callback
    from taxon.runtime.options import Crowd
    from taxon.runtime.policies.policy import Policy
    from taxon.runtime.program import Program
    from taxon.runtime.progress import Display
    from taxon.runtime.trainer import Outcome

Amount = int | float | str
"""A whole number, as 20_000, 2e4 or "20k"."""

AS_BEFORE = "as before"

Lines = Literal["evaluation", "episode", "update", "speed", "frozen"]
KINDS = ("evaluation", "episode", "update", "speed", "frozen")


@dataclass(frozen=True)
class Evaluation:
    """One seed's evaluation.

    Attributes:
        step: environment steps of the seed before it.
        seed: the seed.
        mean: the mean undiscounted return.
        returns: of each episode.
        lengths: of each episode, in environment steps.
    """

    step: int
    seed: int
    mean: float
    returns: tuple[float, ...]
    lengths: tuple[int, ...]


class Run:
    """What `taxon.train` or `taxon run` has left in a folder, as it was when it was opened.

    The folder may come from a stranger: it is data, and nothing in it is executed. `taxon.open` makes one anew of a run
    that goes on elsewhere.
    """

    def __init__(self, path: Path, recipe: Recipe | None = None) -> None:
        """recipe: the run's environment, where the program itself has named it. Programs call `taxon.open`."""
        with in_python():
            self._folder = RunFolder(path)
            self._record = manifest.read(self._folder)
        self._recipe = recipe

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder.path

    @property
    def name(self) -> str:
        """The spec's name."""
        return self._record.name

    @property
    def env(self) -> str:
        """The environment, with its arguments and wrappers."""
        return str(self._record.recipe())

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were trained."""
        return tuple(self._record.seeds)

    @property
    def status(self) -> str:
        """How it stands: `running`, `finished`, or how else it ended.

        `reached`, where `stop_at` was; `stopped`, by a callback; `interrupted`; `frozen`, where every seed was; or
        `failed`.
        """
        return self._record.status

    @property
    def steps(self) -> int:
        """Environment steps that every seed has made."""
        return self._record.steps_done

    @property
    def frozen(self) -> dict[int, int]:
        """The seeds that became non-finite or whose environment failed, with the step at which they were frozen."""
        return {int(seed): step for seed, step in self._record.frozen.items()}

    @property
    def record(self) -> dict[str, Any]:
        """All that run.json says: versions, machine, settings, counts."""
        found: dict[str, Any] = json.loads(self._record.model_dump_json())
        return found

    @cached_property
    def spec(self) -> Spec:
        """The spec that was trained, resolved for its environment.

        Raises Error where the folder's spec is not the one that was run, or a package is missing.
        """
        return recorded.spec_of(self._folder, self._record)

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """Every evaluation so far, in the order in which they were made."""
        return tuple(
            Evaluation(
                line["step"],
                line["seed"],
                _number(line["return"]),
                tuple(map(_number, line["returns"])),
                tuple(line["lengths"]),
            )
            for line in self._lines("evaluation")
        )

    @overload
    def metrics(self, kind: Lines, frame: Literal["columns"]) -> Columns: ...

    @overload
    def metrics(self, kind: Lines = "evaluation", frame: Kind | None = None) -> Any: ...

    def metrics(self, kind: Lines = "evaluation", frame: Kind | None = None) -> Any:
        """The lines of metrics.jsonl of one kind, a column for each field.

        Args:
            kind: `evaluation`, `episode` (of training), `update` (a row for each phase and seed, the means of its
                metrics), `speed` or `frozen`.
            frame: `pandas`, `polars`, or `columns` for a dictionary of lists; otherwise pandas or polars, whichever is
                installed, and columns without either.

        Raises:
            Error: there is no such kind, no such library, or the file cannot be read.
        """
        if kind not in KINDS:
            raise Error(f"there are no metrics of the kind {kind!r}", f"there are {', '.join(map(repr, KINDS))}")
        rows = ({name: value for name, value in line.items() if name != "kind"} for line in self._lines(kind))
        return framed(columns(rows), frame)

    def plot(self) -> Picture:
        """The learning curve: the mean over seeds with its 95 % interval, and each seed.

        Raises Error where there is no evaluation yet.
        """
        from taxon.api.picture import Picture
        from taxon.figures.curves import curves
        from taxon.figures.style import image
        from taxon.studies.report import runs

        with in_python():
            panels = runs.by_environment([runs.read(self.folder)])
        return Picture(lambda suffix: image(lambda: curves(panels, alone=True), suffix))

    def policy(
        self,
        seed: int | None = None,
        *,
        best: bool = False,
        device: str = "auto",
        module: str | PathLike[str] | None = None,
    ) -> Policy:
        """The policy of one seed, as the latest checkpoint has it: `policy.act(observation)`.

        The module is emitted anew from the folder's spec: its agent.py is never executed by itself.

        Args:
            seed: one of the run's; otherwise the first that is not frozen.
            best: that of the seed's best evaluation, of a run that keeps it.
            device: "auto", "cpu", "cuda", "cuda:1" or "mps".
            module: the file of the edited module that the run trained, if it did.

        Raises:
            Error: there is no such seed, it was frozen, or the folder cannot be used.
        """
        from taxon.runtime.policies.policy import load_policy

        if (edited := self._edited(module)) is not None:
            source, identity = edited.source, edited.identity
        else:
            source, identity = self.spec.emit(), self.spec.hash
        with in_python():
            return load_policy(self.folder, source, identity, seed, device, kept=best)

    def resume(
        self,
        steps: Amount | None = None,
        *,
        env: Environment | None = None,
        env_set: Mapping[str, Any] | None = None,
        wrap: str | Sequence[str] = (),
        workers: Crowd | None = None,
        stop_at: float | Literal["never"] | None = None,
        callbacks: Sequence[Callback] = (),
        log: str | Sequence[str] | None = AS_BEFORE,
        device: str | None = None,
        module: str | PathLike[str] | None = None,
        progress: bool = True,
    ) -> Run:
        """Go on from the latest checkpoint as if nothing had happened, and return the run as it is then.

        What is not given here stays as it was. The folder's agent.py is never executed by itself.

        Args:
            steps: how many each seed makes in all; otherwise as many as were asked for.
            env: the environment again, where it is more than an id, and this program has not named it already. So do
                `env_set` and `wrap`.
            workers: other worker processes.
            stop_at: another return to stop at, or "never".
            callbacks: those of before are not kept.
            log: other loggers.
            device: another device of the same kind.
            module: the file of the edited module that the run trained, if it did.
            progress: whether the run shows how it goes.

        Raises:
            Error: there is nothing left to do, the folder cannot be used, or its environment needs your word.
            Interrupted: a script was told to stop.
        """
        from taxon.runtime.environments.trust import trusted

        with in_python():
            record = manifest.read(self._folder)  # as it is now
            said = self._recipe if env is None else recipe_of(env, env_set, wrap)
            recipe = trusted(record.recipe(), said)
        asked = None if steps is None else asking.count("steps", steps)
        # Of a finished run more is asked for; any other one may have nothing left to do but to end.
        done = record.steps_done if record.status == "finished" and asked is not None else 0
        wanted = None if asked is not None and asked <= record.steps_done else asked or record.steps
        crowd = None if workers is None else asking.workers(workers)
        loggers = None if log == AS_BEFORE else asking.loggers(log)
        place = None if device is None else asking.device(device)
        least: float | Literal["never"] | None = None
        if stop_at is not None:
            least = "never" if stop_at == "never" else asking.real("stop_at", stop_at)
        program = self._edited(module) or program_of(self.spec, recipe, wanted, done)

        def begin(shown: Console | Display, listeners: Sequence[Callback]) -> Outcome:
            from taxon.runtime.anew import Anew
            from taxon.runtime.trainer import resume

            return resume(
                program,
                self.folder,
                asked,
                shown,
                workers=crowd,
                environment=recipe,
                callbacks=listeners,
                anew=Anew(least, loggers, place),
            )

        return run_of(executed(begin, callbacks, progress), said)

    def _edited(self, module: str | PathLike[str] | None) -> Program | None:
        """The edited module that the run trained; None of a spec. Raises Error where it is not named, or another."""
        if module is None and self._record.edited is None:
            return None
        from taxon.runtime.program import edited_program

        with in_python():
            return edited_program(self._folder, self._record, None if module is None else Path(module))

    def _lines(self, kind: str) -> Iterable[dict[str, Any]]:
        try:
            return [line for line in lines(self._folder, kind) if recorded.is_line(line, kind, self.seeds)]
        except OSError as error:
            message = f"{self.folder / METRICS} cannot be read: {error.strerror}"
            raise Error(message, "restore the folder from a copy") from None

    def _repr_html_(self) -> str:
        latest = {each.seed: each for each in self.evaluations}
        rows = []
        for seed in self.seeds:
            found, step = latest.get(seed), self.frozen.get(seed)
            evaluated = "-" if found is None else f"{found.mean:,.1f}"
            after = "" if found is None else f"after {found.step:,} steps"
            frozen = "" if step is None else f"frozen at step {step:,}"
            rows.append([html.escaped(each) for each in (str(seed), evaluated, after, frozen)])
        status = f"{self.status} after {self.steps:,} steps: {self.folder}"
        return html.title(f"{self.name} on {self.env}", status) + html.table(rows, ("seed", "return", "", ""))

    def __repr__(self) -> str:
        return f"<Run {self.folder}: {self.name} on {self.env}, {self.status} after {self.steps:,} steps>"


class Interrupted(KeyboardInterrupt):
    """A script was told to stop while it trained; the run is saved, and `run.resume()` goes on with it.

    In a notebook and at a prompt nothing is raised: the interrupted run is returned.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.folder} is saved after {run.steps:,} steps; taxon.open(...).resume() goes on with it")
        self.run = run


def run_of(outcome: Outcome, recipe: Recipe | None) -> Run:
    """What the trainer has made. recipe: its environment, where the program has named it."""
    run = Run(outcome.folder, recipe)
    if run.status == "interrupted" and not at_prompt():
        raise Interrupted(run)
    return run


def open(path: str | PathLike[str]) -> Run:
    """A run's folder. Raises Error where it is none."""
    return Run(Path(path))


def _number(value: float | None) -> float:
    """What metrics.jsonl has in the place of an infinite or undefined number is none of JSON's."""
    return float("nan") if value is None else float(value)
