"""taxon push: a run as a folder with a card, to the hub or to a place of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.specs.failure import user_errors
from taxon.diagnostics.visible import visible
from taxon.runtime.errors import UserError


def push(
    run: Annotated[Path, typer.Argument(help="The folder that `taxon run` wrote.", autocompletion=completing.runs)],
    name: Annotated[str | None, typer.Argument(metavar="[OWNER/NAME]", help="The repository on the hub.")] = None,
    to: Annotated[Path | None, typer.Option(help="Write the folder here, which must be empty or new.")] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="FORMATS", help="Exported files beside it: onnx, torch, standalone, divided by commas."
        ),
    ] = None,
    seed: Annotated[str | None, typer.Option(help="The seed that is exported; otherwise the first not frozen.")] = None,
    private: Annotated[bool, typer.Option("--private", help="A repository that is made is private.")] = False,
) -> None:
    """Publish a run: its spec, its agents, its metrics and a card written from them.

    With OWNER/NAME the folder goes to the Hugging Face hub, by its own client (the extra `hub`); HF_TOKEN or
    `hf auth login` say who you are. With --to it stays here.
    """
    with user_errors():
        from taxon.runtime.policies.formats import parse_formats

        if name is None and to is None:
            raise UserError("there is nowhere to push to", "name a repository, OWNER/NAME, or a folder with --to")
        wanted = [] if formats is None else parse_formats(formats, "--with")
        if seed is not None and not wanted:
            raise UserError("--seed says what is exported, and nothing is", "add --with onnx, or leave --seed out")
        if private and name is None:
            raise UserError("--private is said of a repository, and none is named", "leave it out, or name OWNER/NAME")
        from taxon.hub.service import check_name

        if name is not None:
            check_name(name)
        _push(run, name, to, wanted, seed, private)


def _push(run: Path, name: str | None, to: Path | None, wanted: Sequence[str], seed: str | None, private: bool) -> None:
    import tempfile

    from taxon.cli.specs.run_folder import opened, script_of, spec_of
    from taxon.hub.packing import pack
    from taxon.hub.service import upload
    from taxon.runtime.folder import manifest
    from taxon.runtime.folder.run_folder import RunFolder
    from taxon.runtime.options import parse_seed
    from taxon.runtime.policies.exporting import export
    from taxon.runtime.policies.formats import FORMATS
    from taxon.runtime.policies.policy import Policy

    number = None if seed is None else parse_seed(seed, "--seed")
    folder = RunFolder(run)
    record = manifest.read(folder)
    if record.edited is not None:
        message = f"{run} trained an edited module, and what is published is described by its spec"
        raise UserError(message, "export its policy, with taxon export")
    found, source = opened(run)
    resolved = spec_of(folder, None, record.extensions)
    files = {}
    for format in (format for format in FORMATS if format in wanted):
        exported = export(Policy(found, number), format, script_of(source))
        files[format] = exported.content
        typer.echo(f"{format}: {exported.parity}")
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) if to is None else _empty(to)
        pack(found, resolved.row, resolved.canonical, target, name, files)
        if to is not None:
            typer.echo(f"written to {visible(str(to))}")
        if name is not None:
            title = visible(f"{found.record.name} on {found.record.recipe()}, {found.steps[0]:,} steps")
            typer.echo(f"pushed to {visible(upload(target, name, private, title))}")


def _empty(path: Path) -> Path:
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"{path} exists and is not an empty folder", "name another with --to, or remove it first")
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be made: {error.strerror}", "name another folder with --to") from None
    return path
