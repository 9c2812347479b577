"""A study, as its folder and the store have it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from taxon.api import html, many
from taxon.api.environments import spaces_of
from taxon.api.findings import Diagnostic
from taxon.api.frames import Columns, Kind, framed
from taxon.api.wording import in_python
from taxon.semantics import load_study

if TYPE_CHECKING:
    from taxon.api.run import Amount
    from taxon.runtime.options import Mode, Precision
    from taxon.semantics import studies
    from taxon.studies.report import making
    from taxon.studies.running.opened import Opened
    from taxon.studies.running.plan import Asked
    from taxon.studies.running.table import Table
    from taxon.studies.statistics.results import Finding as Found


@dataclass(frozen=True)
class Finding:
    """A contrast as it was estimated and judged: docs/statistics.md says how.

    Attributes:
        value: the estimate, in returns, or in units of the study's scale over several environments.
        low: the lower end of its interval, of 95 % or, in an adaptive study, of what a look has.
        high: the upper end. Both are None where there are too few runs for one, and so may the estimate be.
        p: of the test of what the claim expects.
        adjusted: p after Holm's correction, which the verdict follows.
        verdict: as a claim's; None where there is nothing to judge.
        needed: how many seeds a cell it would take, where it is undecided and that can be said.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    adjusted: float | None
    verdict: str | None
    needed: float | None


@dataclass(frozen=True)
class Claim:
    """A claim that a study declares, and what became of it.

    Attributes:
        name: the claim's name.
        doc: the `///` comment before it.
        text: what it claims, as in `effect(double, above = 0)`.
        verdict: `confirmed`, `contradicted`, `absent`, `mixed`, `undecided` or `depends` (on how frozen seeds count).
            `undecided` does not mean that there is no effect.
        said: what was found, in the report's sentences.
        environments: the finding on each environment.
        over: the finding over these environments, of a study with a scale and several of them; otherwise None.
        declared_after: how many runs had begun when it was declared as it is now, 0 where it was before the first.
    """

    name: str
    doc: str
    text: str
    verdict: str | None
    said: str
    environments: Mapping[str, Finding]
    over: Finding | None
    declared_after: int


class Study:
    """A study of a file, with what there is of its runs when that is first asked for.

    `taxon.study` makes one, and one anew where runs go on elsewhere. `run` trains what is missing. Its results are
    read from the runs where the store has any, and written to the study's folder where that can be written to, as
    `taxon study report` does; where the store has none, from that folder. Nothing in either is executed.
    """

    def __init__(
        self, opens: Callable[[Asked], Opened], file: str, modules: Mapping[str, str], lints: Sequence[Diagnostic]
    ) -> None:
        """Programs call `taxon.study`."""
        from taxon.studies.running.plan import Asked

        self._opens, self._file, self._modules, self._lints = opens, file, modules, lints
        self._opened = opens(Asked())

    @property
    def name(self) -> str:
        """The study's name."""
        return self._study.name

    @property
    def doc(self) -> str:
        """What the `///` comment before it says."""
        return self._study.doc

    @property
    def folder(self) -> Path:
        """Where its tables and its report are."""
        return self._opened.out

    @property
    def runs(self) -> int:
        """How many runs it asks for: seeds of each cell, in each environment."""
        return self._there.recorded.units

    @property
    def done(self) -> int:
        """How many of them are done, frozen ones included."""
        return self._there.recorded.complete

    def run(
        self,
        *,
        jobs: Amount | None = None,
        threads: Amount = 1,
        device: Literal["cpu", "cuda"] = "cpu",
        per_gpu: Amount | None = None,
        stack: Amount | None = None,
        save_every: Amount = "5min",
        keep: Literal["last", "none"] = "last",
        eval_every: Amount | None = None,
        eval_episodes: Amount | None = None,
        compile: Mode | bool = "auto",
        precision: Precision | None = None,
        anew: bool = False,
        ray: str | None = None,
        progress: bool = True,
    ) -> None:
        """Train what is missing, each run in a process of its own, as `taxon study` does, and come back when it ends.

        Call it again after a kill, or when the study has more seeds, environments or steps: what is there stays, and
        what was begun goes on. Ctrl-C, or a notebook's stop, ends the runs with checkpoints: a notebook goes on, in a
        script KeyboardInterrupt is raised.

        Args:
            jobs: runs at a time; otherwise as many as there are cores for, or one for each GPU.
            threads: cores of each run.
            device: "cpu" or "cuda".
            per_gpu: processes that share a GPU.
            stack: seeds of a cell that share a process; otherwise 1 on a CPU, and all that are missing on a GPU.
            save_every: what passes between two checkpoints of a run: "90s", "5min", "1h", or environment steps.
            keep: what a finished run keeps: "last", its latest checkpoint and its replay, or "none".
            eval_every: environment steps between two evaluations; this and the next three are settled when the study
                begins.
            eval_episodes: episodes of an evaluation; otherwise 10.
            compile: "on", "off", or "auto", for studies of runs of 100k steps or more.
            precision: of the networks' matrix products: "float32", "tf32" or "bf16"; otherwise "float32".
            anew: run again what another version of taxon made by another module.
            ray: run on a Ray cluster: "HOST:PORT" of its head, "auto" for this machine's, "local" for one started here.
            progress: whether it is shown how far it is.

        Raises:
            Error: something asked for cannot be used, or, once all else is done, some runs failed.
            KeyboardInterrupt: a script was told to stop.
        """
        from taxon.studies.running import driving

        with in_python():
            opened = self._opens(many.asked(eval_every, eval_episodes, compile, precision))
            given = many.means(opened.store.path, jobs, threads, device, per_gpu, stack, save_every, keep, anew, ray)
            ways = given.ways if stack else driving.shared(opened, given.slots, given.ways)
        self._opened = opened
        for name in ("_there", "claims"):
            self.__dict__.pop(name, None)
        given = replace(given, ways=ways)
        if not many.driven(partial(driving.run, opened, given), self.folder, self._lints, progress):
            raise many.partial(self.done, self.runs, "runs", "study")

    @overload
    def results(self, frame: Literal["columns"]) -> Columns: ...

    @overload
    def results(self, frame: Kind | None = None) -> Any: ...

    def results(self, frame: Kind | None = None) -> Any:
        """A row for each seed of each cell, with its levels, score and how it was made: what results.csv has.

        Args:
            frame: `pandas`, `polars`, or `columns` for a dictionary of lists; otherwise pandas or polars, whichever is
                installed, and columns without either.

        Raises:
            Error: nothing of the study has been run, its folder cannot be read, or there is no such library.
        """
        from taxon.studies.running import table

        return framed(self._columns(table.RESULTS, table.results(self._opened.plan, {}, {})), frame)

    @overload
    def curves(self, frame: Literal["columns"]) -> Columns: ...

    @overload
    def curves(self, frame: Kind | None = None) -> Any: ...

    def curves(self, frame: Kind | None = None) -> Any:
        """A row for each evaluation of each seed that is done: what curves.csv has. Arguments as of `results`."""
        from taxon.studies.running import table

        return framed(self._columns(table.CURVES, table.curves(self._opened.plan, {})), frame)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that it declares, judged on what there is; of a part of its runs as well.

        Raises Error where nothing of the study has been run, or its results allow no statistics.
        """
        from taxon.studies.report.judged import judged
        from taxon.studies.report.page.claims import said

        with in_python():
            there, found = self._there, judged(self._study, self._there.recorded)
        declared, claims = there.record.declared(self._study), []
        for claim, result, ranks in zip(self._study.claims, found.claims, found.ranks, strict=True):
            before = declared.get(claim.name)
            claims.append(
                Claim(
                    claim.name,
                    claim.sentence,
                    claim.text,
                    None if result.verdict is None else result.verdict.value,
                    " ".join(said(self._study, claim, result, ranks)),
                    {name: _finding(each) for name, each in result.environments.items()},
                    None if result.over_these is None else _finding(result.over_these),
                    there.begun if before is None else before.after,
                )
            )
        return tuple(claims)

    def report(self) -> Path:
        """Write report.html, figures and tables to the study's folder, as `taxon study report` does: the page's path.

        Raises Error where nothing of the study has been run, or its folder cannot be written.
        """
        from taxon.studies.report.making import report
        from taxon.studies.report.writing import FILE

        with in_python():
            for _ in report(self._opened, self._file, [f"{name}={file}" for name, file in self._modules.items()]):
                pass
        return self.folder / FILE

    @property
    def _study(self) -> studies.Study:
        return self._opened.plan.study

    @cached_property
    def _there(self) -> making.Gathered:
        from taxon.studies.report.making import gather

        with in_python():
            there = gather(self._opened)
            with suppress(OSError):  # a folder that is only to be read has what it has
                there.write()
        return there

    def _columns(self, name: str, empty: Table) -> Columns:
        """A table of the study, which has been checked; empty: the same without rows."""
        text = self._there.recorded.tables[name].decode()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return {
            column: [kind(row[column]) if row[column] else None for row in rows]
            for column, kind in empty.columns.items()
        }

    def _repr_html_(self) -> str:
        claims = [(claim.name, claim.verdict or "-", claim.said) for claim in self.claims]
        said = f"{self.done:,} of {self.runs:,} runs done: {self.folder}"
        shown = [[html.escaped(each) for each in claim] for claim in claims]
        return html.title(f"study {self.name}", said) + (html.table(shown, ("claim", "verdict", "")) if shown else "")

    def __repr__(self) -> str:
        return f"<Study {self.name}: {self.folder}>"


def study(
    file: str | PathLike[str],
    *,
    env: str | Sequence[str] = (),
    modules: Mapping[str, str | PathLike[str]] | None = None,
    out: str | PathLike[str] | None = None,
    store: str | PathLike[str] = "runs/store",
) -> Study:
    """The study of a file, `file.tx` or `file.tx:name`.

    Args:
        file: a file may come from a stranger: it is data.
        env: those of its environments that import a module or execute a file, which needs your word.
        modules: by the name of a base the file of the edited module that was trained in its place.
        out: the study's folder; otherwise studies/NAME.
        store: where its runs are.

    Raises:
        SpecError: the study means nothing.
        Error: an environment cannot be used or needs your word, or a folder cannot be read.
    """
    from taxon.runtime.edited.reading import read
    from taxon.runtime.environments.trust import check_named, named_by
    from taxon.runtime.folder.naming import file_name
    from taxon.studies.running.opened import check_bases, open_study

    name, words = fspath(file), [env] if isinstance(env, str) else list(env)
    files = {base: fspath(each) for base, each in (modules or {}).items()}
    with in_python():
        texts = {base: read(Path(each)) for base, each in files.items()}
        digests = {base: hashlib.sha256(text.encode()).hexdigest() for base, text in texts.items()}
        expanded = load_study(name, spaces_of(named_by(name, words)), edited=digests)
        found, lints = many.meant(expanded.study, expanded.diagnostics)
        check_named(found.environments, words)
        check_bases(found, texts)
        folder = Path("studies", file_name(found.name)) if out is None else Path(out)
        by_digest = {digests[base]: text for base, text in texts.items()}
        return Study(lambda asked: open_study(found, folder, Path(store), asked, by_digest), name, files, lints)


def _finding(found: Found) -> Finding:
    low, high = found.interval or (None, None)
    verdict = None if found.verdict is None else found.verdict.value
    return Finding(found.value, low, high, found.p, found.adjusted, verdict, found.needed)
