"""A folder with installed packages, and taxon as it is with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "extensions"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))

# Several command lines in one process: each command's exit code and what it printed.
_DRIVER = """
import contextlib, io, json, sys
from taxon.cli.main import main
results = []
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["taxon", "--no-pager", *arguments]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    results.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(results))
assert "torch" not in sys.modules
"""


@dataclass(frozen=True)
class Called:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Place:
    """A folder with installed packages, and taxon as it is with them."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        paths = os.pathsep.join([str(ROOT), str(self.path)])
        return os.environ | {"PYTHONPATH": paths, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}

    def python(self, *arguments: str | Path, cwd: Path | None = None, **more: str) -> Called:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=cwd or ROOT.parent,
            env=self.environment | more,
        )
        return Called(done.returncode, done.stdout, done.stderr)

    def taxon(self, *arguments: str | Path, cwd: Path | None = None, **more: str) -> Called:
        return self.python("-m", "taxon", *arguments, cwd=cwd, **more)

    def front_end(self, *lines: list[str | Path]) -> list[Called]:
        """Command lines of the front end, one after the other in one process that never imports torch."""
        text = json.dumps([[str(word) for word in line] for line in lines])
        done = subprocess.run(
            [sys.executable, "-c", _DRIVER],
            input=text,
            capture_output=True,
            text=True,
            timeout=300,
            cwd=ROOT.parent,
            env=self.environment,
        )
        assert done.returncode == 0, done.stderr
        return [Called(*result) for result in json.loads(done.stdout)]
