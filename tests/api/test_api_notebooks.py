"""In a notebook things show what they are, and training shows its curve; the notebook of the examples is executed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import taxon

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

ROOT = Path(taxon.__file__).parents[1]
FIRST = ROOT / "examples" / "notebooks" / "first.ipynb"
FEWER = {"40_000": "2_048", "4_000": "1_024"}

# What a user does next: a run that is stopped, one without evaluations, one that cannot be.
FURTHER = (
    """
import os, signal
class Stopping(taxon.Callback):
    def evaluated(self, event):
        if event.step:
            os.kill(os.getpid(), signal.SIGINT)  # as the notebook's stop does
stopped = taxon.train(ppo, env="Pendulum-v1", steps=8_192, eval_every=2_048, eval_episodes=1, callbacks=[Stopping()])
print(stopped.status, stopped.steps)
""",
    'taxon.train(ppo, env="Pendulum-v1", steps=2_048, eval_every=None).status',
    'quiet = taxon.train(ppo, env="Pendulum-v1", steps=2_048, eval_every=None, progress=False)',
    'taxon.train(ppo, env="Pendulum-v1", steps=-1)',
    "import asyncio; asyncio.get_event_loop().is_running()",
)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The cells of the notebook, with fewer steps, and of what comes after, executed."""
    notebook = nbformat.read(FIRST, as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub("|".join(FEWER), lambda match: FEWER[match[0]], cell.source)
    notebook.cells += map(nbformat.v4.new_code_cell, FURTHER)
    here = str(tmp_path_factory.mktemp("notebook"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        client = nbclient.NotebookClient(
            notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": here}}
        )
        client.execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any, kind: str) -> str:
    """What a cell shows in a form, all of it."""
    return "".join(output.data.get(kind, "") for output in cell.outputs if "data" in output)


def said(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def cell_with(cells: list[Any], source: str) -> Any:
    return next(cell for cell in cells if source in cell.source)


def test_the_notebook_has_no_output_and_runs(cells: list[Any]) -> None:
    written = nbformat.read(FIRST, as_version=4)
    nbformat.validate(written)
    assert not any(cell.outputs for cell in written.cells if cell.cell_type == "code")
    assert not any(output.output_type == "error" for cell in cells[: -len(FURTHER)] for output in cell.outputs)


def test_a_spec_shows_its_table(cells: list[Any]) -> None:
    cell = cell_with(cells, 'taxon.load("ppo")')
    assert "<code>pi_q.update</code>" in shown(cell, "text/html")
    assert "| `pi_q.update` |" in shown(cell, "text/markdown")
    assert shown(cell, "text/plain").startswith("<Spec ppo ")


def test_a_diff_shows_its_colours(cells: list[Any]) -> None:
    html = shown(cell_with(cells, "taxon.diff("), "text/html")
    assert html.count("background: ") == 4
    assert "network.policy.hidden" in html


def test_a_derivation_shows_its_mathematics(cells: list[Any]) -> None:
    markdown = shown(cell_with(cells, "derive()"), "text/markdown")
    assert markdown.count("$$") >= 10
    assert "\\mathbb{E}" in markdown or "E_{" in markdown


def test_training_shows_a_curve(cells: list[Any]) -> None:
    cell = cell_with(cells, "seeds=2")
    live, run = cell.outputs
    assert live.output_type == "display_data"  # one, which was updated
    assert "data:image/png;base64," in live.data["text/html"]
    assert "finished after 2,048 steps" in live.data["text/plain"]
    assert "finished after 2,048 steps" in run.data["text/html"]
    assert "step" in shown(cell_with(cells, 'metrics("evaluation")'), "text/plain")
    assert float(said(cells[-len(FURTHER) - 1])) < 0


def test_a_run_that_is_stopped_is_returned(cells: list[Any]) -> None:
    cell = cell_with(cells, "class Stopping")
    assert said(cell).splitlines()[-1] == "interrupted 2048"
    assert "interrupted after 2,048 steps" in shown(cell, "text/plain")


def test_without_evaluations_the_curve_is_that_of_training(cells: list[Any]) -> None:
    cell = next(cell for cell in cells if cell.source.endswith(".status"))
    assert "data:image/png;base64," in shown(cell, "text/html")
    assert "'finished'" in shown(cell, "text/plain")
    assert cell_with(cells, "quiet =").outputs == []


def test_a_mistake_shows_its_way_out(cells: list[Any]) -> None:
    (output,) = cell_with(cells, "steps=-1").outputs
    assert output.ename == "Error"
    trace = "\n".join(output.traceback)
    assert "steps=-1 is no positive whole number" in trace
    assert "help: " in trace


def test_the_notebooks_loop_goes_on(cells: list[Any]) -> None:
    assert shown(cells[-1], "text/plain") == "True"
