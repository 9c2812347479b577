"""A study as data: what its folder says, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from studies.report.made import double, fill, paper
from studies.running import studying

import taxon
from taxon.runtime.folder.run_folder import RunFolder

TWO = ["Hopper-v4", "Ant-v4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two environments, a frozen seed, missing runs, and claims that came after three runs."""
    folder = tmp_path_factory.mktemp("part")
    study = double(folder / "double_q.tx", TWO)
    row = next(cell for cell in study.cells if cell.levels[0] == "std.sac" and cell.environment == TWO[0])
    frozen = {(row.hash, TWO[0], 1): 40_000}
    fill(folder / "out", study, paper, frozen, lambda cell, seed: seed > 2 and cell.environment == TWO[1], begun=3)
    return folder


def opened(folder: Path) -> taxon.Study:
    return taxon.study(folder / "double_q.tx", out=folder / "out", store=folder / "store")


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8", newline="")))


def test_what_there_is(folder: Path) -> None:
    study = opened(folder)
    assert (study.name, study.doc) == ("double_q", "Clipped double Q is adapted to KL control.")
    assert (study.runs, study.done, study.folder) == (40, 32, folder / "out")
    assert repr(study) == f"<Study double_q: {folder / 'out'}>"
    assert not (folder / "store").exists()


def test_tables_as_columns(folder: Path) -> None:
    study = opened(folder)
    for name, found in (("results", study.results("columns")), ("curves", study.curves("columns"))):
        written = rows(folder / "out" / f"{name}.csv")
        assert list(found) == list(written[0])
        for column, values in found.items():
            assert ["" if value is None else str(value) for value in values] == [row[column] for row in written]
    results = study.results("columns")
    assert results["frozen_at"].count(40_000) == 1
    assert {type(score) for score in results["score"]} == {float, type(None)}
    assert {type(seed) for seed in results["seed"]} == {int}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_as_frames(folder: Path, library: str) -> None:
    pytest.importorskip(library)
    frame = opened(folder).results(library)  # type: ignore[call-overload]
    assert type(frame).__module__.split(".")[0] == library
    assert len(frame) == 40


def test_claims(folder: Path) -> None:
    study = opened(folder)
    helps, spares, coadapted = study.claims
    assert (helps.name, helps.text) == ("helps_kl", "effect(double, base = std.sac, above = 0)")
    assert helps.doc == "Clipped double Q helps under KL control."
    assert [claim.declared_after for claim in study.claims] == [3, 3, 3]
    assert list(helps.environments) == TWO
    assert helps.over is None  # there is no scale

    scores = study.results("columns")
    cells = list(
        zip(scores["factor:base"], scores["environment"], scores["factor:double"], scores["score"], strict=True)
    )

    def mean(base: str, level: str) -> float:
        own = [score for each, place, double, score in cells if (each, place, double) == (base, "Ant-v4", level)]
        return sum(score for score in own if score is not None) / 3

    effects = [
        mean(base, "+ clipped_double") - mean(base, "- clipped_double") for base in ("std.sac", "std.mpo_onestep")
    ]
    for claim, effect in zip((helps, spares), effects, strict=True):
        found = claim.environments["Ant-v4"]
        assert found.value == pytest.approx(effect)
        assert found.low is not None
        assert found.low < effect < found.high  # type: ignore[operator]
        assert found.p is not None
        assert found.p <= found.adjusted <= 1  # type: ignore[operator]
    assert coadapted.environments["Ant-v4"].value == pytest.approx(effects[0] - effects[1])
    assert [claim.verdict for claim in study.claims] == ["confirmed", "contradicted", "confirmed"]


def test_its_words_are_the_reports(folder: Path) -> None:
    study = opened(folder)
    before = {path.name: path.read_bytes() for path in (folder / "out").glob("*.csv")}
    page = study.report()
    assert page == folder / "out" / "report.html"
    text = page.read_text("utf-8")
    for claim in study.claims:
        assert claim.said
        assert claim.said.split(". ")[0] in text
        assert claim.said.split(".")[0] in study._repr_html_()
    assert {path.name: path.read_bytes() for path in (folder / "out").glob("*.csv")} == before
    assert [claim.declared_after for claim in opened(folder).claims] == [3, 3, 3]


def test_a_folder_that_is_only_to_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tables cannot be written anew, and are read from the runs."""
    path = studying.write(tmp_path, seeds=3, claims="claim helps = effect(noise, above = 0)")
    studying.run(path)
    (tmp_path / "tiny/results.csv").unlink()

    def refuse(self: RunFolder, name: str, content: bytes) -> None:
        raise OSError(30, "Read-only file system", str(self.path / name))

    there = studying.opened(path)
    monkeypatch.setattr(RunFolder, "write", refuse)
    study = taxon.Study(lambda asked: there, str(path), {}, ())
    assert (study.done, len(study.results("columns")["score"])) == (6, 6)
    assert [claim.declared_after for claim in study.claims] == [0]
    with pytest.raises(taxon.Error, match=r"tiny/results\.csv cannot be used: Read-only file system") as raised:
        study.report()
    assert raised.value.help


def test_a_name_that_is_longer_than_a_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = file(tmp_path)
    path.write_text(path.read_text().replace("study one", f"study {'o' * 300}"))
    study = taxon.study(path)
    assert study.name == "o" * 300
    assert not study.folder.exists()


STUDY = 'taxon 1\n\nstudy one {\n  base = [std.sac, std.td3]\n  on = ["ENVIRONMENT"]\n  seeds = 2\n  steps = 20k\n}\n'


def file(folder: Path, environment: str = "Pendulum-v1") -> Path:
    path = folder / "one.tx"
    path.write_text(STUDY.replace("ENVIRONMENT", environment))
    return path


def test_what_was_never_run_has_no_results(tmp_path: Path) -> None:
    study = taxon.study(file(tmp_path), out=tmp_path / "out", store=tmp_path / "store")
    for asked in (lambda: study.runs, study.results, study.curves, lambda: study.claims, study.report):
        with pytest.raises(taxon.Error, match="nothing of the study has been run there") as raised:
            asked()
        assert raised.value.help == "run it first, with `taxon study FILE`, or name its folder with out"
    assert [path.name for path in tmp_path.iterdir()] == ["one.tx"]


def test_what_means_nothing(tmp_path: Path) -> None:
    path = file(tmp_path)
    path.write_text(path.read_text().replace("seeds", "sedes"))
    with pytest.raises(taxon.SpecError, match="sedes"):
        taxon.study(path)
    with pytest.raises(taxon.SpecError, match="one"):
        taxon.study(f"{file(tmp_path)}:another")
    with pytest.raises(taxon.SpecError, match="missing"):
        taxon.study(tmp_path / "missing.tx")


def test_environments_are_taken_at_the_users_word(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("raise SystemExit('executed')\n")
    path = file(tmp_path, f"{tmp_path / 'own.py'}:Own")
    with pytest.raises(taxon.Error, match="would execute a file") as raised:
        taxon.study(path)
    assert "add env " in raised.value.help
    with pytest.raises(taxon.Error, match="is none of the environments"):
        taxon.study(file(tmp_path), env="Hopper-v4")
    with pytest.raises(taxon.Error, match="NoSuch-v0"):
        taxon.study(file(tmp_path, "NoSuch-v0"))


def test_modules_stand_in_the_place_of_bases(tmp_path: Path) -> None:
    module = tmp_path / "agent.py"
    module.write_text(taxon.load("td3").emit())
    study = taxon.study(file(tmp_path), modules={"std.td3": module}, out=tmp_path / "out", store=tmp_path / "store")
    assert study.name == "one"
    with pytest.raises(taxon.Error, match=r"has no base std\.mpo"):
        taxon.study(file(tmp_path), modules={"std.mpo": module})
    with pytest.raises(taxon.Error, match=r"missing\.py"):
        taxon.study(file(tmp_path), modules={"std.td3": tmp_path / "missing.py"})


@pytest.mark.parametrize(
    ("asked", "said", "help"),
    [
        ({"jobs": 0}, "jobs=0 is no positive whole number", "write jobs="),
        ({"device": "tpu"}, "device='tpu' is none of its values", "device='cuda'"),
        ({"keep": "all"}, "keep='all' is none of its values", "keep='none'"),
        ({"per_gpu": 2}, "per_gpu=2 shares a GPU, and this study runs on a CPU", "device cuda"),
        ({"eval_every": 3_000}, "runs of 20,000 steps do not end with an evaluation every 3,000", "eval_every=1000"),
        ({"save_every": "soon"}, "save_every='soon' is neither a time", "save_every="),
        ({"compile": "never"}, "compile='never' is none of its values", "compile='off'"),
    ],
)
def test_what_no_study_can_be_run_with(tmp_path: Path, asked: dict[str, Any], said: str, help: str) -> None:
    study = taxon.study(file(tmp_path), out=tmp_path / "out", store=tmp_path / "store")
    with pytest.raises(taxon.Error) as raised:
        study.run(**asked)
    assert said in raised.value.message
    assert help in raised.value.help
    assert [path.name for path in tmp_path.iterdir()] == ["one.tx"]


FAILING = """
import gymnasium
import numpy as np


class Breaks(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        raise RuntimeError("the arm is stuck")


gymnasium.register("Breaks-v0", Breaks)
"""


def test_a_study_in_a_broken_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.py").write_text(FAILING)
    own = f"{tmp_path / 'own.py'}:Breaks-v0"
    path = file(tmp_path, own)
    path.write_text(path.read_text().replace("[std.sac, std.td3]", "std.sac").replace("seeds = 2", "seeds = 1"))
    study = taxon.study(path, env=own, out=tmp_path / "out", store=tmp_path / "store")
    with pytest.raises(taxon.Error, match="random actions was not measured") as raised:
        study.run(jobs=1)
    assert raised.value.help.startswith("`taxon study status FILE` says why; anew=True")
    assert "the arm is stuck" in capsys.readouterr().err
    (status,) = study.results("columns")["status"]
    assert status == "frozen"
