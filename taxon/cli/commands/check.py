"""taxon check: say what is wrong in specs, and mend what is safe to mend."""

from __future__ import annotations

import os.path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.folders import expanded
from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Settings, Wraps
from taxon.cli.screen.highlighting import highlighted_diff
from taxon.cli.screen.terminal import screen
from taxon.cli.screen.writing import write
from taxon.cli.specs.environments import space_of, tried, unusable_environment
from taxon.cli.specs.loading import resolve_for
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.cli.specs.rewriting import rewrite
from taxon.diagnostics.model import Diagnostic, Severity
from taxon.diagnostics.repeated import once
from taxon.diagnostics.source import Source
from taxon.diagnostics.visible import visible
from taxon.runtime.environments.recipe import Recipe
from taxon.semantics import load_spec, tuning
from taxon.semantics.checking import Examined, examine
from taxon.semantics.fixing import Fixed, fix
from taxon.semantics.loading import shipped_names
from taxon.semantics.studies import Study, summary
from taxon.syntax import parse, tree
from taxon.syntax.reading import read
from taxon.taxonomy.rules import CODES


def check(
    specs: Annotated[
        list[str],
        typer.Argument(help="Files, folders of them, or the names of shipped specs.", autocompletion=completing.specs),
    ],
    env: Annotated[
        str | None,
        typer.Option(
            help="Hold the specs against this environment, with their `when env` blocks for it.",
            autocompletion=completing.environments,
        ),
    ] = None,
    env_set: Settings = None,
    wrap: Wraps = None,
    steps: Annotated[str | None, typer.Option(help="Say where a run of so many steps would make no update.")] = None,
    format: Annotated[Format, typer.Option(help="How findings are shown.")] = Format.FULL,
    fixes: Annotated[bool, typer.Option("--fix", help="Apply the safe edits to these files.")] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-fixes", help="Apply the safe edits and the suggestions, which may change a row.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="With --fix: print the changes, and write nothing.")] = False,
) -> None:
    """Check specs: syntax, names, types, and whether each row means something.

    Of a folder every .tx file below it is checked, but for hidden folders; each file once, however often it is named.

    Exit code 0: no errors; 1: errors; 2: a file cannot be read or written.
    """
    fixes = fixes or unsafe
    if diff and not fixes:
        raise typer.BadParameter("it shows what --fix would do: write --fix --diff", param_hint="--diff")
    names, unread = expanded(specs, _is_folder)
    fixed = fix([path for path in map(_file, names) if path is not None], unsafe) if fixes else []
    for each in fixed:
        _show(each) if diff else _save(each)
    examined = checked(names, named(env, env_set, wrap), count(steps))
    found = [*unread, *examined.diagnostics]
    if not diff:
        report(found, format)
    if fixes:
        write(_edits(fixed, "would be applied" if diff else "applied"), error_stream=True)
    if format is Format.FULL:
        for study in examined.studies:
            write("\n".join(map(visible, summary(study))), error_stream=True)
        for tune in examined.tunes:
            write("\n".join(map(visible, tuning.summary(tune))), error_stream=True)
        write(_summary(found, len(names)), error_stream=True)
    raise typer.Exit(exit_code(found))


def _is_folder(spec: str) -> bool:
    """Whether a folder is meant: not one that is called as a shipped spec is, unless it is written with a slash."""
    return spec not in shipped_names() and os.path.isdir(spec)


def _file(spec: str) -> str | None:
    """The file that a spec on the command line stands in, if it is one of the user's."""
    file, colon, name = spec.rpartition(":")
    places = [spec, file] if colon and name.isidentifier() else [spec]
    return next((place for place in places if os.path.isfile(place)), None)


def _show(fixed: Fixed) -> None:
    """Print a diff: as it is for a program, without what drives a terminal for a reader."""
    lines = fixed.diff().removesuffix("\n").split("\n")
    shown = screen()
    write("\n".join(lines) if shown.width is None else highlighted_diff("\n".join(map(visible, lines)), shown))


def _save(fixed: Fixed) -> None:
    try:
        rewrite(fixed.name, fixed.after)
    except OSError as error:
        message = f"error: `{visible(fixed.name)}` cannot be written: {(error.strerror or str(error)).lower()}"
        write(f"{message}\n help: `--fix --diff` prints the edits instead", error_stream=True)
        raise typer.Exit(2) from None


def count(steps: str | None) -> int | None:
    """The value of --steps; where it is none, the command ends."""
    if steps is None:
        return None
    from taxon.cli.specs.failure import user_errors
    from taxon.runtime.options import parse_count

    with user_errors():
        return parse_count(steps, "--steps")


def checked(specs: list[str], env: Recipe | None, steps: int | None) -> Examined:
    """What is wrong with specs, in an environment and in a run of so many steps where these are given; and the studies
    and tunes among them that mean something, whose rows are held against that environment where they run on it."""
    unusable = None if env is None else unusable_environment(env) or tried(env)
    found = [] if unusable is None else [unusable]
    studies: list[Study] = []
    tunes: list[tuning.Tune] = []
    for spec in specs:
        if os.path.isfile(spec):
            examined = examine(
                spec, space=None if env is None else lambda name: space_of(env) if name == env.id else None
            )
            here = examined.diagnostics
            studies += examined.studies
            tunes += examined.tunes
        else:
            here = load_spec(spec).diagnostics
        asked = env is not None or steps is not None
        if asked and not any(diagnostic.severity is Severity.ERROR for diagnostic in here):
            targets = _algorithms(spec)
            here = [each for target in targets for each in resolve_for(target, env=env, steps=steps).diagnostics]
        found += here
    return Examined(once(found, CODES), tuple(studies), tuple(tunes))


def _algorithms(spec: str) -> list[str]:
    """The algorithms that a file declares, as the command line names them; a spec that is no file, itself."""
    source = read(spec) if os.path.isfile(spec) else None
    if not isinstance(source, Source):
        return [spec]
    declared = (each for each in parse(source)[0].declarations if isinstance(each, tree.Algorithm))
    return [f"{spec}:{each.name.text}" for each in declared]


def _edits(fixed: list[Fixed], what: str) -> str:
    count = sum(each.edits for each in fixed)
    return f"{count} edit{'s' * (count != 1)} {what} to {len(fixed)} file{'s' * (len(fixed) != 1)}"


def _summary(found: list[Diagnostic], specs: int) -> str:
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    warnings = len(found) - errors
    checked = f"{specs} spec{'s' * (specs != 1)} checked"
    if not found:
        return f"{checked}: all fine"
    return f"{checked}: {errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
