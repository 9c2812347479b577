"""Whatever a stranger's file holds: an answer in bounded time, no exception, and none of its text becomes a program.

The quick profile takes seconds. TAXON_FUZZ=20000 draws as many examples of each kind, new ones every time:
`TAXON_FUZZ=20000 pytest -m '' tests/fuzz`. What was found is kept in `corpus`, the least text that shows it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.program import taxon
from fuzz import disturbing, folders, laws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxon.diagnostics.source import Source
from taxon.diagnostics.visible import hidden
from taxon.semantics import canonical, load_spec, row_hash
from taxon.syntax.printing import string
from taxon.syntax.reading import decoded, read

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.tx"))
LONG = int(os.environ.get("TAXON_FUZZ", "0"))


def examples(quick: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=LONG or quick,
        derandomize=not LONG,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "spec.tx"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_was_found(path: Path, spec: Path) -> None:
    source = read(path)
    if isinstance(source, Source):
        laws.answers(spec, source.text, env="Ant-v4")


@given(disturbing.disturbed())
@examples(60)
def test_specs_with_other_tokens(spec: Path, text: str) -> None:
    laws.answers(spec, text, env="Ant-v4")


@given(disturbing.renumbered())
@examples(30)
def test_specs_with_other_numbers(spec: Path, text: str) -> None:
    laws.answers(spec, text)


@given(disturbing.disturbed_bytes())
@examples(60)
def test_specs_with_other_bytes(spec: Path, data: bytes) -> None:
    source = decoded("spec.tx", data)
    if isinstance(source, Source):
        laws.answers(spec, source.text)


@given(
    disturbing.hostile(),
    disturbing.hostile(),
    disturbing.hostile(),
    st.from_regex(r"[A-Za-z_]\w{0,20}\Z", fullmatch=True),
)
@examples(60)
def test_texts_in_a_spec(spec: Path, doc: str, env: str, reason: str, name: str) -> None:
    """A text is in the docstring, in a condition or in a reason; the program is that of the values."""
    comment = "\n".join(f"/// {line}" for line in doc.splitlines()) or "///"
    entries = f"when env = {string(env)} {{ gamma = 0.5 }}\n allow TX501 {string(reason)}\n gamma = 0.9"
    laws.answers(spec, f"taxon 1\nimport std.sac\n{comment}\nalgorithm {name} extends std.sac {{\n{entries}\n}}\n", env)


@given(disturbing.hostile())
@examples(40)
def test_texts_on_the_command_line(spec: Path, text: str) -> None:
    """`--set`, `--env` and names of specs: an exit code, and nothing that drives a terminal."""
    text = text.encode("utf-8", "ignore").decode().replace("\0", "")
    for command in (["show", "sac", "--set", f"gamma={text}"], ["check", "--", text], ["show", "--", f"{spec}:{text}"]):
        called = taxon(*command)
        assert called.exit_code in (0, 1, 2)
        assert all(hidden(line) is None for line in (called.stdout + called.stderr).split("\n"))


def run_folder() -> dict[str, bytes]:
    """What the front end reads of a run."""
    row = load_spec("sac").row
    assert row is not None
    return {"run.json": json.dumps({"row": row_hash(row)}).encode(), "resolved.tx": canonical(row).encode()}


@given(folders.folders(run_folder()))
@examples(60)
def test_run_folders(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("run")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    called = taxon("diff", folder, "sac")
    assert called.exit_code in (0, 1, 2)
    assert all(hidden(line) is None for line in (called.stdout + called.stderr).split("\n"))
