"""A run of an edited module, opened from Python: by the module that the program names, and no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli.program import taxon as command

import taxon

TOY = (Path(__file__).parents[1] / "runtime" / "toy_agent.py").read_text()


def test_a_run_of_an_edited_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(TOY)
    short = ("--env", "Pendulum-v1", "--steps", "40", "--eval-every", "never", "--device", "cpu", "--out", "run")
    assert command("run", "--module", "mine.py", *short).exit_code == 0
    run = taxon.open("run")
    action = run.policy(module="mine.py", device="cpu").act(np.zeros(3, np.float32))
    assert action.shape == (1,)
    with pytest.raises(taxon.Error, match="nothing in a run's folder is executed") as caught:
        run.policy()
    assert "as in module mine.py, or module" in caught.value.help
    Path("mine.py").write_text(TOY.replace("1e-2", "1e-3"))
    with pytest.raises(taxon.Error, match="trained another module"):
        run.resume(steps=50, module="mine.py", progress=False)
    assert run.resume(steps=50, module=Path("run/agent.py"), progress=False).steps == 50
