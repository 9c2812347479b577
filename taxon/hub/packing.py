"""A run as a folder to publish: what it takes to act, to evaluate and to read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from taxon.derivation import derive, rendering
from taxon.hub.card import CARD, DERIVATION, Described, card
from taxon.hub.returns import last_returns
from taxon.runtime.agent import named_tensors
from taxon.runtime.errors import UserError
from taxon.runtime.folder import best, checkpoint, manifest
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.run_folder import CURVE, SPEC, RunFolder
from taxon.runtime.policies.formats import FILES, Format
from taxon.runtime.policies.opening import Opened
from taxon.taxonomy.schema import Row

LARGEST: Mapping[str, int] = {METRICS: 2**30, CURVE: 2**26}  # bytes


def pack(
    opened: Opened,
    row: Row,
    canonical: str,
    target: Path,
    repository: str | None = None,
    exported: Mapping[Format, bytes] | None = None,
) -> None:
    """Write what is to be published of a run into the empty folder at `target`.

    opened: the run's latest policies. The checkpoint holds the agents of all seeds, without replay and loop: it acts
    and is evaluated, and does not go on. Where the run kept each seed's best policy, those are there as well.
    exported: files of other formats beside it. Raises UserError where the run cannot be read or the folder not written.
    """
    source, folder = RunFolder(opened.path), RunFolder(target)
    record, files = opened.record, exported or {}
    try:
        there = [name for name in LARGEST if name in source.files()]
        for name in there:
            folder.write(name, source.read(name, LARGEST[name]))
        checkpoint.save(
            folder,
            {"agent": dict(named_tensors(opened.state))},
            row=record.identity,
            seeds=record.seeds,
            steps=opened.steps[0],
            frozen={record.seeds[index]: step for index, step in opened.frozen.items()},
            replay=[],
        )
        if best.INDEX in source.files():
            _pack_best(source, folder)
        folder.write(SPEC, canonical.encode())
        folder.write(manifest.FILE, record.model_dump_json(indent=2).encode())
        folder.write(DERIVATION, rendering.markdown(derive(row)).encode() + b"\n")
        for format, content in files.items():
            folder.write(FILES[format], content)
        returns = last_returns(source, record)
        picture = CURVE if CURVE in there else None
        described = Described(record, row, canonical, returns, repository, list(files), picture)
        folder.write(CARD, card(described).encode())
    except OSError as error:
        message = f"{error.filename or target} cannot be written: {error.strerror}"
        raise UserError(message, "name another folder, or make room") from None


def _pack_best(source: RunFolder, folder: RunFolder) -> None:
    kept = best.read(source)
    steps = {int(seed): step for seed, step in kept.steps.items()}
    returns = {int(seed): value for seed, value in kept.returns.items()}
    best.save(folder, best.load(source, kept), kept.row, kept.seeds, steps, returns)
