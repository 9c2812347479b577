"""taxon plot: runs of several specs and environments in one picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli.program import Called, taxon
from studies.running import studying

from taxon.figures.curves import curves
from taxon.figures.style import files, settings
from taxon.runtime.errors import UserError
from taxon.studies.report import runs as pictures


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Runs of two rows in two environments, three seeds each: of the first row and environment first."""
    folder = tmp_path_factory.mktemp("runs")
    file = studying.write(folder, environments=["one", "two"], seeds=3)
    studying.run(file, stack=3)
    found = sorted((folder / "store").glob("*/run-*"))
    for path in found:  # the two rows have one name, as the stand-in has it
        record = json.loads((path / "run.json").read_text())
        record["name"] = f"row_{record['row'][:4]}"
        (path / "run.json").write_text(json.dumps(record))
    return found


def plotted(*words: str | Path) -> Called:
    """What `taxon plot` prints, and its exit code."""
    return taxon("plot", *words)


def test_a_panel_for_each_environment(made: list[Path]) -> None:
    panels = pictures.by_environment([pictures.read(path) for path in made])
    assert {panel.title for panel in panels} == {"one", "two"}
    for panel in panels:
        assert len(panel.groups) == 2
        assert all(len(group.seeds) == 3 and not group.frozen for group in panel.groups)
    places = [{group.label: group.place for group in panel.groups} for panel in panels]
    assert places[0] == places[1]  # a spec has one colour


def test_a_panel_for_each_spec(made: list[Path]) -> None:
    panels = pictures.by_spec([pictures.read(path) for path in made])
    assert len(panels) == 2
    assert [{group.label for group in panel.groups} for panel in panels] == [{"one", "two"}] * 2


def test_the_picture(made: list[Path]) -> None:
    panels = pictures.by_environment([pictures.read(path) for path in made])
    with settings("curves"):
        figure = curves(panels, alone=True)
        axes = figure.axes
        assert [each.get_title() for each in axes] == [panel.title for panel in panels]
        assert [len(each.lines) for each in axes] == [2 * (3 + 1)] * 2  # the seeds and their mean
        assert axes[0].lines[0].get_xdata()[0] == 0
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert all(label.endswith(" (n = 3)") for label in labels[:2])
    assert labels[2:] == ["one seed", "95 % interval (t)"]
    made_twice = [files("curves", lambda: curves(panels)) for _ in range(2)]
    assert made_twice[0] == made_twice[1]


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("b.svg", b"<?xml"), ("c.pdf", b"%PDF")])
def test_the_command(made: list[Path], tmp_path: Path, name: str, start: bytes) -> None:
    out = tmp_path / "made" / name
    assert plotted(*made, "--by", "spec", "--out", out).exit_code == 0
    assert out.read_bytes().startswith(start)


def test_the_same_name_for_other_rows(made: list[Path], tmp_path: Path) -> None:
    for number, path in enumerate(made[:2]):
        (tmp_path / str(number)).mkdir()
        for name in ("run.json", "metrics.jsonl"):
            (tmp_path / str(number) / name).write_bytes((path / name).read_bytes())
        record = json.loads((tmp_path / str(number) / "run.json").read_text())
        record |= {"name": "same", "environment": "one", "row": str(number) * 64}
        (tmp_path / str(number) / "run.json").write_text(json.dumps(record))
    (panel,) = pictures.by_environment([pictures.read(tmp_path / name) for name in ("0", "1")])
    assert [group.label for group in panel.groups] == ["same (00000000)", "same (11111111)"]


def changed(path: Path, to: Path, **fields: object) -> Path:
    """A copy of a run with another record."""
    to.mkdir()
    (to / "metrics.jsonl").write_bytes((path / "metrics.jsonl").read_bytes())
    (to / "run.json").write_text(json.dumps({**json.loads((path / "run.json").read_text()), **fields}))
    return to


def test_one_seed_is_no_second_sample(made: list[Path], tmp_path: Path) -> None:
    again = changed(made[0], tmp_path / "again")
    with pytest.raises(UserError, match=r"both have seed 0 of row_.* on "):
        pictures.by_environment([pictures.read(made[0]), pictures.read(again)])
    others = changed(made[0], tmp_path / "others", seeds=[7, 8])
    (others / "metrics.jsonl").write_text('{"kind": "evaluation", "step": 0, "seed": 7, "return": 1.5}\n')
    (panel,) = pictures.by_environment([pictures.read(made[0]), pictures.read(others)])
    assert sorted(panel.groups[0].seeds) == [0, 1, 2, 7, 8]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"evaluate_every": None}, "has no evaluations"),
        ({"seeds": [9]}, "has no evaluations yet"),
        ({"seeds": "none"}, r"run.json: "),
    ],
)
def test_runs_without_a_curve(made: list[Path], tmp_path: Path, fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        pictures.read(changed(made[0], tmp_path / "a", **fields))


def test_a_strangers_folder(made: list[Path], tmp_path: Path) -> None:
    """Links are not followed, lines that are none are passed over, and names are text."""
    linked = changed(made[0], tmp_path / "linked")
    (linked / "metrics.jsonl").unlink()
    (linked / "metrics.jsonl").symlink_to("/etc/passwd")
    told = plotted(linked)
    assert told.exit_code == 2
    assert "is a link, where a run has a file" in told.stderr
    odd = changed(made[0], tmp_path / "odd", environment="$x^{2$</svg><script>")
    with (odd / "metrics.jsonl").open("a") as lines:
        lines.write('{"kind": "evaluation", "step": "x", "seed": 0, "return": 1}\n{"kind": "evaluation", [[[\n')
        lines.write('{"kind": "evaluation", "step": 80, "seed": 0, "return": null}\n')
        lines.write('{"kind": "evaluation", "step": 80, "seed": 0, "return": 1e999}\n')
    assert plotted(odd, "--out", tmp_path / "odd.svg").exit_code == 0
    text = (tmp_path / "odd.svg").read_text()
    assert "$x^{2$&lt;/svg&gt;&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "curves.gif"], "is no picture that can be written"),
        (["--out", "/dev/null/a.png"], "/dev/null cannot be made"),
        (["nowhere"], "nowhere is not the folder of a run"),
    ],
)
def test_mistakes(made: list[Path], words: list[str], message: str) -> None:
    told = plotted(made[0], *words)
    assert told.exit_code == 2
    assert message in told.stderr


def test_the_front_end_stays_light() -> None:
    """The help of the command loads no figures."""
    code = "from taxon.cli.commands import plot; from taxon.cli.commands.study import app; "
    code += "import sys; print({'matplotlib', 'numpy', 'scipy'} & {*sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert told.stdout.strip() == "set()", told.stderr
