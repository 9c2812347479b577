"""`import taxon` is light, says what it has, and has it typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import taxon

ROOT = Path(taxon.__file__).parents[1]
HEAVY = (
    "torch",
    "numpy",
    "gymnasium",
    "matplotlib",
    "pydantic",
    "rich",
    "typer",
    "lark",
    "IPython",
    "pandas",
    "polars",
)


def imported(code: str) -> set[str]:
    """Which of these a program has imported at its end."""
    said = f"import json, sys\n{code}\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=60, env=env, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "used"),
    [
        ("import taxon", set()),
        ("import taxon; taxon.Error; taxon.__version__; dir(taxon)", set()),
        ("import taxon; taxon.load('mpo').set('gamma', 0.9).extend('unset gamma')", {"lark"}),
        ("import taxon; repr(taxon.load('mpo').row), taxon.load('mpo').check()", {"lark"}),
        ("import taxon; taxon.diff('sac', 'mpo')._repr_html_()", {"lark"}),
        ("import taxon; taxon.load('mpo').derive().markdown", {"lark"}),
        ("import taxon; taxon.load('mpo').emit(standalone=True)", {"lark"}),
    ],
)
def test_what_is_imported(code: str, used: set[str]) -> None:
    assert imported(code) <= used


def test_the_command_line_imports_none_of_it() -> None:
    called = "import sys; sys.argv = ['taxon', 'check', 'sac']; from taxon.cli.main import main"
    said = f"{called}\ntry: main()\nfinally: print(*(name for name in sys.modules if name.startswith('taxon.api')))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=60, env=env, check=True)
    assert done.stdout.strip() == ""


def test_every_name_is_there() -> None:
    for name in taxon.__all__:
        assert getattr(taxon, name) is not None
    assert set(taxon.__all__) <= set(dir(taxon))
    assert list(taxon.__all__) == sorted(taxon.__all__)


def test_it_is_typed_for_others() -> None:
    """PEP 561: the file is inside the package, which a wheel holds whole."""
    assert Path(taxon.__file__).with_name("py.typed").is_file()


def test_a_name_that_is_none() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        taxon.lode  # noqa: B018
    from taxon import compiler

    assert compiler.emit is not None


def test_a_type_checker_sees_the_signatures(tmp_path: Path) -> None:
    """What is right passes strictly, and what is wrong does not."""
    mypy = pytest.importorskip("mypy.api")
    file = tmp_path / "program.py"
    lines = {
        "spec = taxon.load('mpo')": "",
        "reveal_type(spec.set('gamma', 0.9))": "taxon.api.spec.Spec",
        "reveal_type(spec.hash)": '"str"',
        "taxon.lode": "attr-defined",
        "spec.set('gamma')": "call-overload",
        "spec.hash = 'other'": "read-only",
        "taxon.load(3)": "arg-type",
    }
    file.write_text("\n".join(["import taxon", *lines, ""]), "utf-8")
    cache = os.environ.get("MYPY_CACHE_DIR", str(ROOT / ".mypy_cache"))
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        said, _, _ = mypy.run(["--strict", "--cache-dir", cache, str(file)])
    finally:
        os.chdir(before)
    for number, (line, expected) in enumerate(lines.items(), 2):
        about = [each for each in said.splitlines() if f"program.py:{number}:" in each]
        assert bool(about) == bool(expected), (line, said)
        assert expected in "".join(about), (line, said)
