"""A search for the values of a row that score best, as its folder and the store have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from taxon.api import html, many
from taxon.api.environments import spaces_of
from taxon.api.findings import Diagnostic
from taxon.api.spec import Spec, load
from taxon.api.wording import in_python
from taxon.errors import Error
from taxon.semantics import load_tune

if TYPE_CHECKING:
    from taxon.api.run import Amount
    from taxon.runtime.options import Mode, Precision
    from taxon.studies.running.plan import Asked
    from taxon.studies.tuning.opened import Opened


@dataclass(frozen=True)
class Trial:
    """Values that were proposed, and what became of them.

    Attributes:
        number: from 0 on, in the order in which they were proposed.
        values: by the path that is searched, as a text of the language.
        state: `open`, `done`, `pruned` (stopped for its intermediate evaluations), `failed`, `refused` (the row means
            nothing) or `stale` (another version of taxon made it, by another module).
        score: the mean over seeds, in returns, or in units of the tune's scale over several environments.
        low: the lower end of its 95 % interval over seeds.
        high: the upper end. Both are None where there are too few seeds for one.
        why: what failed or was refused, and why; empty otherwise.
    """

    number: int
    values: Mapping[str, str]
    state: str
    score: float | None
    low: float | None
    high: float | None
    why: str


class Tune:
    """A tune of a file, with what there is of its trials.

    `taxon.tune` makes one. `run` makes the trials that are missing. Nothing in its folder or the store is executed.
    """

    def __init__(self, opens: Callable[[Asked, bool], Opened], lints: Sequence[Diagnostic]) -> None:
        """Programs call `taxon.tune`."""
        from taxon.studies.running.plan import Asked

        self._opens, self._lints = opens, lints
        self._opened = opens(Asked(), False)

    @property
    def name(self) -> str:
        """The tune's name."""
        return self._opened.tune.name

    @property
    def doc(self) -> str:
        """What the `///` comment before it says."""
        return self._opened.tune.doc

    @property
    def folder(self) -> Path:
        """Where its trials and its best row are written."""
        return self._opened.out

    @property
    def asked(self) -> int:
        """How many trials it asks for."""
        return self._opened.tune.trials

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials that were proposed, as they stand. Raises Error where the store cannot be read."""
        with in_python():
            self._opened.look()
        found = []
        for trial in self._opened.search.trials:
            low, high = (None if trial.estimate is None else trial.estimate.interval()) or (None, None)
            values = {name: str(value) for name, value in trial.values.items()}
            found.append(Trial(trial.number, values, trial.state.value, trial.score, low, high, trial.why))
        return tuple(found)

    def best(self) -> Spec:
        """The best row so far, which extends the tune's base; it is written to the folder as well, as NAME_best.tx.

        It was chosen for its score, so it is likely to score less on other seeds: compare it on those.
        Raises Error where no trial has a score yet, or the folder cannot be written.
        """
        from taxon.studies.tuning.best import write_best

        with in_python():
            self._opened.look()
            written = write_best(self._opened.search, self.folder)
        if written is None:
            raise Error("no trial has a score yet", "make some, with run()")
        return load(written[0])

    def run(
        self,
        *,
        jobs: Amount | None = None,
        threads: Amount = 1,
        device: Literal["cpu", "cuda"] = "cpu",
        per_gpu: Amount | None = None,
        stack: Amount | None = None,
        save_every: Amount = "5min",
        keep: Literal["last", "none"] = "none",
        eval_every: Amount | None = None,
        eval_episodes: Amount | None = None,
        compile: Mode | bool = "auto",
        precision: Precision | None = None,
        anew: bool = False,
        ray: str | None = None,
        progress: bool = True,
    ) -> None:
        """Make the trials that are missing, as `taxon tune` does, write the best row, and come back when all is done.

        Call it again after a kill, or when the tune has more trials: what is proposed is what would have been. Ctrl-C,
        or a notebook's stop, ends the runs with checkpoints: a notebook goes on, in a script KeyboardInterrupt is
        raised. One process leads a search at a time.

        Args:
            jobs: runs at a time; otherwise as many as there are cores for, or one for each GPU.
            threads: cores of each run.
            device: "cpu" or "cuda".
            per_gpu: processes that share a GPU; otherwise 1.
            stack: seeds of a trial that share a process; otherwise all of them.
            save_every: what passes between two checkpoints of a run: "90s", "5min", "1h", or environment steps.
            keep: what a run that ended keeps: "none" of what it would need to go on, or "last".
            eval_every: environment steps between two evaluations; this and the next three are settled when the search
                begins.
            eval_episodes: episodes of an evaluation; otherwise 10.
            compile: "on", "off", or "auto", for runs of 100k steps or more.
            precision: of the networks' matrix products: "float32", "tf32" or "bf16"; otherwise "float32".
            anew: make again what another version of taxon made by another module.
            ray: run on a Ray cluster: "HOST:PORT" of its head, "auto" for this machine's, "local" for one started here.
            progress: whether it is shown how far it is.

        Raises:
            Error: something asked for cannot be used, or, once all else is done, some trials failed.
            KeyboardInterrupt: a script was told to stop.
        """
        from taxon.studies.running.room import ALL
        from taxon.studies.tuning import driving

        together = ALL if stack is None else stack
        with in_python():
            opened = self._opens(many.asked(eval_every, eval_episodes, compile, precision), anew)
            given = many.means(opened.store.path, jobs, threads, device, per_gpu, together, save_every, keep, anew, ray)
        self._opened = opened
        if not many.driven(partial(driving.run, opened, given), self.folder, self._lints, progress):
            raise many.partial(opened.ended, self.asked, "trials", "tune")

    def _repr_html_(self) -> str:
        names = [dimension.name for dimension in self._opened.tune.dimensions]
        rows = [
            [str(trial.number), *(trial.values[name] for name in names), trial.state, _said(trial.score)]
            for trial in self.trials
        ]
        said = f"{len(rows):,} of {self.asked:,} trials proposed: {self.folder}"
        shown = [[html.escaped(each) for each in row] for row in rows]
        title = html.title(f"tune {self.name}", said)
        return title + (html.table(shown, ("trial", *names, "", "score")) if shown else "")

    def __repr__(self) -> str:
        return f"<Tune {self.name}: {self.folder}>"


def tune(
    file: str | PathLike[str],
    *,
    env: str | Sequence[str] = (),
    out: str | PathLike[str] | None = None,
    store: str | PathLike[str] = "runs/store",
) -> Tune:
    """The tune of a file, `file.tx` or `file.tx:name`.

    Args:
        file: a file may come from a stranger: it is data.
        env: those of its environments that import a module or execute a file, which needs your word.
        out: the search's folder; otherwise tunes/NAME.
        store: where its runs are.

    Raises:
        SpecError: the tune means nothing.
        Error: an environment cannot be used or needs your word, a folder cannot be read, or its sampler is missing.
    """
    from taxon.runtime.environments.trust import check_named, named_by
    from taxon.runtime.folder.naming import file_name
    from taxon.studies.tuning.opened import open_tune

    name, words = fspath(file), [env] if isinstance(env, str) else list(env)
    with in_python():
        expanded = load_tune(name, spaces_of(named_by(name, words)))
        found, lints = many.meant(expanded.tune, expanded.diagnostics)
        check_named(found.environments, words)
        folder = Path("tunes", file_name(found.name)) if out is None else Path(out)
        return Tune(lambda asked, anew: open_tune(found, folder, Path(store), asked, anew), lints)


def _said(score: float | None) -> str:
    return "-" if score is None else f"{score:,.1f}"
