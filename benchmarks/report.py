"""Two pages from the files that the benchmarks left; no figure is copied by hand.

    python -m benchmarks.report benchmarks/results/*

writes docs/performance.md, the targets with what was measured for each, and benchmarks/measurements.md, every
measurement. A file that ends in .txt (what `benchmarks.update` or `benchmarks.cold_start` printed) is quoted whole.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.results import Results, Sample, Study, read
from benchmarks.rounds import ratios, speeds, summarise
from benchmarks.targets import OURS, TARGETS, UPDATE_AIM, UPDATE_BOUND, Target, hourly, plain
from benchmarks.workload import Workload

FOLDER = Path(__file__).resolve().parent
INTRODUCTION = FOLDER / "introduction.md"  # of the page of targets, written by hand
PERFORMANCE = FOLDER.parent / "docs" / "performance.md"
MEASUREMENTS = FOLDER / "measurements.md"
AXES = ("seeds", "environments", "batch", "width")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def end_to_end(results: Results) -> str:
    """Speeds of every contender and taxon's ratio to it, a table for each algorithm and number of cores."""
    parts = []
    keys = dict.fromkeys(
        (sample.workload.algorithm, sample.workload.environment, sample.workload.device, sample.workload.threads)
        for sample in results.samples
    )
    for algorithm, environment, device, threads in keys:
        samples = plain(results.samples, algorithm, device, threads)
        found = speeds(samples)
        if not found or found.keys() == {OURS} == {sample.contender for sample in results.samples}:
            continue  # taxon alone: a table of scaling says it
        rows = []
        for name, by_round in found.items():
            own = [sample.measurement for sample in samples if sample.contender == name]
            several = ratios(found.get(OURS, {}), by_round) if name != OURS else []
            rows.append(
                [
                    name,
                    summarise(by_round.values()).show(_digits(by_round.values())),
                    summarise(several).show(2) if several else "",
                    summarise(1000 * one.processor for one in own).show(1),
                    summarise(one.first_step for one in own).show(1),
                    summarise(one.first_update for one in own).show(1),
                    f"{max(one.process_bytes for one in own) / 1e6:,.0f}",
                    _device(own[0].device_bytes),
                ]
            )
        head = [
            "",
            "steps/s",
            "taxon's ratio",
            "processor ms a step",
            "s to first step",
            "s to first update",
            "process MB",
            "GPU MB",
        ]
        rounds = len({sample.round for sample in samples})
        measured = samples[0].workload.measured
        where = _cores(threads) + (" and a GPU" if device == "cuda" else "")
        title = f"{algorithm.upper()} on {environment}, {where}, {measured:,} steps, {rounds} rounds"
        parts.append(f"**{title}**\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def scaling(results: Results) -> str:
    """taxon alone: a table for each algorithm and axis that was varied."""
    parts = []
    ours = [sample for sample in results.samples if sample.contender.startswith(OURS) and not sample.cache]
    for axis in AXES:
        for algorithm, device in dict.fromkeys((sample.workload.algorithm, sample.workload.device) for sample in ours):
            alike = [
                sample
                for sample in ours
                if (sample.workload.algorithm, sample.workload.device) == (algorithm, device)
                and all(_usual(sample.workload, other) for other in AXES if other != axis)
            ]
            values = dict.fromkeys(getattr(sample.workload, axis) for sample in alike)
            if len(values) < 2:
                continue
            rows = []
            for value in sorted(values, key=lambda value: value or 0):
                here = [sample for sample in alike if getattr(sample.workload, axis) == value]
                own = summarise(sample.measurement.steps_per_second for sample in here)
                total = next(iter(speeds(here).values())).values()
                rows.append(
                    [
                        "as the spec" if value is None else f"{value:,}",
                        own.show(_digits([own.median])),
                        summarise(total).show(_digits(total)),
                        f"{max(sample.measurement.process_bytes for sample in here) / 1e6:,.0f}",
                        _device(here[0].measurement.device_bytes),
                    ]
                )
            head = [axis, "steps/s of one environment", "of all environments and seeds", "process MB", "GPU MB"]
            where = "GPU" if device == "cuda" else f"{alike[0].workload.threads} cores"
            parts.append(f"**{algorithm.upper()} by {axis}, {where}**\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def first_update(results: Results) -> str:
    """Seconds to the first update, with an empty and a filled cache."""
    rows = []
    timed = [sample for sample in results.samples if sample.cache]
    for key in dict.fromkeys((sample.workload.algorithm, sample.workload.device) for sample in timed):
        row = [key[0].upper() + (" (GPU)" if key[1] == "cuda" else "")]
        for cache in ("cold", "warm"):
            times = [
                sample.measurement.first_update
                for sample in timed
                if (sample.workload.algorithm, sample.workload.device) == key and sample.cache == cache
            ]
            row.append(summarise(times).show(1) if times else "")
        used = [
            sample.measurement.update_processor
            for sample in timed
            if (sample.workload.algorithm, sample.workload.device) == key and sample.cache == "warm"
        ]
        rows.append([*row, summarise(filter(None, used)).show(1) if any(used) else ""])
    head = ["seconds to the first update", "cold cache", "warm cache", "of processors, warm cache"]
    return table(head, rows) if rows else ""


def study(results: Results) -> str:
    """Runs an hour of several runs."""
    rows = []
    for name in dict.fromkeys(study.contender for study in results.studies):
        own = [study for study in results.studies if study.contender == name]
        several = ratios(hourly(results.studies, OURS), hourly(own, name)) if name != OURS else []
        rows.append(
            [
                name,
                summarise(study.hourly for study in own).show(1),
                summarise(several).show(2) if several else "",
                summarise(study.processor / study.runs for study in own).show(1),
            ]
        )
    if not rows:
        return ""
    first = results.studies[0]
    title = f"{first.runs} runs of {first.algorithm.upper()}, {first.steps:,} steps each, {first.cores} cores"
    head = ["contender", "runs an hour", "taxon's over its", "processor seconds a run"]
    return f"**{title}**\n\n{table(head, rows)}"


def update_targets(text: str) -> dict[str, float]:
    """What `benchmarks.update` printed of an update against its matrix products, by what it is called as a target."""
    lines = text.splitlines()
    head = next((line for line in lines if line.startswith("spec ")), "")
    if not head or "float32" in head:  # another precision has no target
        return {}
    place = head.replace("first s", "first").replace("eager x", "eager_x").replace("compil x", "compiled_x").split()
    rows = [dict(zip(place, line.split(), strict=True)) for line in lines[lines.index(head) + 1 :]]
    return {
        f"{row['spec'].upper()} update compiled, CPU, threads: {row['threads']}, against its products": float(
            row["compiled_x"]
        )
        for row in rows
        if row["spec"] in ("sac", "mpo") and row["seeds"] == "1"
    }


def targets(every: Sequence[Results], quoted: Sequence[tuple[str, str]] = ()) -> str:
    """Every target with what was measured for it, in a column for each machine; what misses its bound stands out."""
    updates: dict[str, dict[str, float]] = {}  # of each machine
    for _, text in quoted:
        if found := update_targets(text):
            updates.setdefault(_told_machine(text), {}).update(found)
    samples: dict[str, list[Sample]] = {}
    studies: dict[str, list[Study]] = {}
    # A round of one file is none of another's.
    for number, results in enumerate(every):
        where = str(results.machine["accelerator"] or results.machine["processor"])
        samples.setdefault(where, []).extend(
            replace(sample, round=sample.round + 1000 * number) for sample in results.samples
        )
        studies.setdefault(where, []).extend(
            replace(study, round=study.round + 1000 * number) for study in results.studies
        )
    machines = list(dict.fromkeys([*samples, *updates])) or ["measured"]

    def cell(target: Target, where: str) -> str:
        found = target.find(samples.get(where, []))
        one = target.studies(studies.get(where, []))
        if found is None and one is None:
            return ""
        summary, best = found or (one, "")
        shown = summary.show(0 if summary.median > 100 else 2) + (f", {best}" if best and " or " in target.what else "")
        return _marked(shown, target.met(summary.median))

    def update_cell(what: str, where: str) -> str:
        times = updates.get(where, {}).get(what)
        return "" if times is None else _marked(f"{times:.2f}", times <= UPDATE_BOUND)

    near = f"<= {UPDATE_BOUND:g} (aim {UPDATE_AIM:g})"
    rows = [
        [what, "`update`", near, *(update_cell(what, where) for where in machines)]
        for what in dict.fromkeys(what for found in updates.values() for what in found)
    ]
    for target in TARGETS:
        sign = "<=" if target.most else ">="
        bound = f"{sign} {target.bound:,g}" + (f" (aim {target.aim:g})" if target.aim else "")
        cells = [cell(target, where) for where in machines]
        cells = cells if any(cells) else ["not measured", *cells[1:]]
        rows.append([target.what, f"`{target.command}`", bound, *cells])
    return table(["target", "`python -m benchmarks.`", "bound", *machines], rows)


def _marked(shown: str, met: bool) -> str:
    return shown if met else f"**{shown}, missed**"


def _told_machine(text: str) -> str:
    """The machine that `benchmarks.update` names in its first line: DATE, MACHINE, torch VERSION; ..."""
    return text.partition("\n")[0].partition(", ")[2].partition(", torch")[0]


def performance(every: Sequence[Results], quoted: Sequence[tuple[str, str]] = ()) -> str:
    """The page of targets."""
    return INTRODUCTION.read_text(encoding="utf-8").rstrip() + "\n\n" + targets(every, quoted)


def measurements(every: Sequence[Results], quoted: Sequence[tuple[str, str]] = ()) -> str:
    """The page of all measurements, in the order in which they were made."""
    parts = ["# Measurements\n\nWritten by `python -m benchmarks.report`; [README](README.md) says how they are made."]
    titles = _distinct([heading(results) for results in every])
    for title, results in zip(titles, every, strict=True):
        machine = results.machine
        lines = [
            f"## {title}",
            f"{results.started[:10]}, {machine['processor']}, {machine['cores']} cores"
            + (f", {machine['accelerator']}" if machine["accelerator"] else "")
            + f"; a load of {machine['load']:.1f} from other programs at the start; arguments `{results.command}`.",
            *_versions(results),
            *filter(None, (end_to_end(results), scaling(results), first_update(results), study(results))),
            *(f"**{title}**\n\n```\n{text.rstrip()}\n```" for title, text in results.notes.items()),
        ]
        if results.failures:
            lines.append("Did not run:\n\n" + "\n".join(f"- {_one_line(failure)}" for failure in results.failures))
        parts.append("\n\n".join(lines))
    machines = [_told_machine(text) for _, text in quoted]
    titles = [title + (f": {machine}" if machine else "") for (title, _), machine in zip(quoted, machines, strict=True)]
    parts += [f"## {title}\n\n```\n{text.rstrip()}\n```" for title, (_, text) in zip(titles, quoted, strict=True)]
    return "\n\n".join(parts)


def heading(results: Results) -> str:
    """What a file is about: the measurement, algorithms and environments, where they ran, and beside whom."""
    names = [(sample.contender, sample.workload) for sample in results.samples]
    algorithms = dict.fromkeys(work.algorithm.upper() for _, work in names)
    algorithms |= dict.fromkeys(study.algorithm.upper() for study in results.studies)
    environments = dict.fromkeys(work.environment for _, work in names)
    environments |= dict.fromkeys(study.environment for study in results.studies)
    contenders = {name for name, _ in names} | {study.contender for study in results.studies}
    peers = sorted(name for name in contenders if not name.startswith(OURS))
    cores = {work.threads for _, work in names} | {study.cores for study in results.studies}
    parts = [f"{_listed(algorithms)} on {_listed(environments)}"] if algorithms else []
    parts += [_cores(cores.pop())] if len(cores) == 1 else []
    parts += [f"against {_listed(peers)}"] if peers else []
    parts.append(str(results.machine["accelerator"] or results.machine["processor"]))
    return f"{results.kind}: {', '.join(parts)}"


def _cores(count: int) -> str:
    return f"{count} core{'' if count == 1 else 's'}"


def _listed(names: Iterable[str]) -> str:
    """Names as a sentence has them."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _distinct(titles: Sequence[str]) -> list[str]:
    """Titles that are the same have a number after the first."""
    return [
        title + (f", {count}" if (count := titles[: place + 1].count(title)) > 1 else "")
        for place, title in enumerate(titles)
    ]


def _versions(results: Results) -> list[str]:
    by_versions: dict[str, list[str]] = {}
    for sample in results.samples:
        shown = ", ".join(f"{name} {version}" for name, version in sample.measurement.versions.items())
        names = by_versions.setdefault(shown, [])
        if sample.contender not in names:
            names.append(sample.contender)
    return ["\n".join(f"- {', '.join(names)}: {shown}" for shown, names in by_versions.items())] if by_versions else []


def _usual(work: Workload, axis: str) -> bool:
    return getattr(work, axis) in (1, None)


def _digits(values: Iterable[float]) -> int:
    return 1 if min(values) < 100 else 0


def _device(peak: int | None) -> str:
    return "" if peak is None else f"{peak / 1e6:,.0f}"


def _one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if len(lines) < 2 else f"{lines[0]} ... {lines[-1]}"


def main() -> None:
    paths = [Path(argument) for argument in sys.argv[1:]]
    try:
        every = sorted((read(path) for path in paths if path.suffix == ".json"), key=lambda results: results.started)
        quoted = [(p.stem.replace("_", " ").capitalize(), p.read_text("utf-8")) for p in paths if p.suffix == ".txt"]
    except (OSError, ValueError) as error:
        sys.exit(f"{error}; name files that the benchmarks wrote")
    PERFORMANCE.write_text(performance(every, quoted) + "\n", encoding="utf-8")
    MEASUREMENTS.write_text(measurements(every, quoted) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
