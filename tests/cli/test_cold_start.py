"""The front end is light: none of its commands imports what only training needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import taxon

HEAVY = ("torch", "numpy", "gymnasium", "mujoco", "dm_control", "matplotlib", "tensorboard", "safetensors", "imageio")

CALL = """
import sys
from taxon.cli.main import main
try:
    main()
finally:
    print("imported:", *(name for name in {heavy} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "sac", "mpo_tanh"),
        ("emit", "mpo"),
        ("emit", "mpo", "--standalone"),
        ("derive", "mpo"),
        ("table", "sac", "mpo"),
        ("diff", "sac", "mpo", "--json"),
        ("diff", "sac", "mpo", "--code"),
        ("ladder", "awac", "awr"),
        ("show", "sac", "--origin"),
        ("explain", "TX312"),
        ("list",),
        ("new", "mine", "--from", "sac"),
        ("doc", "G.estimate", "--used"),
        ("--help",),
    ],
)
def test_imports(arguments: tuple[str, ...], tmp_path: Path) -> None:
    call = [sys.executable, "-c", CALL.format(heavy=HEAVY), *arguments]
    env = {**os.environ, "PYTHONPATH": str(Path(taxon.__file__).parents[1])}
    finished = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env)
    assert finished.returncode == (1 if arguments[0] == "diff" else 0), finished.stderr
    assert finished.stdout
    assert finished.stderr.splitlines()[-1].split() == ["imported:"]
