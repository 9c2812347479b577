"""The front end is light: none of its commands imports what only training needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import taxon
from taxon.data import specs_dir

TRAINING = {
    "torch", "numpy", "gymnasium", "mujoco", "dm_control", "matplotlib", "tensorboard", "safetensors", "imageio",
}  # fmt: skip
# pydantic reads run folders, and rich prints help.
OTHERS = {"pydantic", "rich"}

CALL = """
import sys
from taxon.cli.main import main
try:
    main()
finally:
    print("imported:", *(name for name in "{unwanted}".split() if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "used"),
    [
        (("check", "sac", "mpo_tanh"), set()),
        (("fmt", "--check", str(specs_dir() / "sac.tx")), set()),
        (("emit", "mpo"), set()),
        (("emit", "mpo", "--standalone"), set()),
        (("derive", "mpo"), set()),
        (("table", "sac", "mpo"), set()),
        (("diff", "sac", "mpo", "--json"), set()),
        (("diff", "sac", "mpo", "--code"), set()),
        (("ladder", "awac", "awr"), set()),
        (("show", "sac", "--origin"), set()),
        (("explain", "TX312"), set()),
        (("explain", "TX401"), {"gymnasium", "numpy", "mujoco"}),  # its example is about an environment
        (("list",), set()),
        (("--version",), set()),
        (("new", "mine", "--from", "sac"), set()),
        (("doc", "G.estimate", "--used"), set()),
        (("--help",), {"rich"}),
        (("check", "--help"), {"rich"}),
    ],
)
def test_imports(arguments: tuple[str, ...], used: set[str], tmp_path: Path) -> None:
    unwanted = " ".join(sorted((TRAINING | OTHERS) - used))
    call = [sys.executable, "-c", CALL.format(unwanted=unwanted), *arguments]
    env = {**os.environ, "PYTHONPATH": str(Path(taxon.__file__).parents[1])}
    finished = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env)
    assert finished.returncode == (1 if arguments[0] == "diff" else 0), finished.stderr
    assert finished.stdout or arguments[0] == "fmt"
    assert finished.stderr.splitlines()[-1].split() == ["imported:"]
