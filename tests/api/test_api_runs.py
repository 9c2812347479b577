"""Runs as data: what a folder says, and what a strange one does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli.program import taxon as command

import taxon
from taxon.api.frames import columns, framed


@pytest.fixture
def copied(trained: taxon.Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.folder, tmp_path / "run"))


def lines(folder: Path, kind: str) -> list[dict[str, object]]:
    found = map(json.loads, (folder / "metrics.jsonl").read_text("utf-8").splitlines())
    return [line for line in found if line["kind"] == kind]


def test_what_is_opened_is_what_was_trained(trained: taxon.Run) -> None:
    run = taxon.open(str(trained.folder))
    assert (run.seeds, run.status, run.steps, run.frozen, run.env) == ((0, 1), "finished", 240, {}, "Pendulum-v1")
    assert run.record["packages"]["torch"]
    assert repr(run) == f"<Run {run.folder}: sac on Pendulum-v1, finished after 240 steps>"
    assert run.spec.hash == run.record["row"]


def test_evaluations(trained: taxon.Run) -> None:
    written = lines(trained.folder, "evaluation")
    assert [(each.step, each.seed) for each in trained.evaluations] == [(s, k) for s in (0, 120, 240) for k in (0, 1)]
    for each, line in zip(trained.evaluations, written, strict=True):
        assert each.mean == line["return"] == pytest.approx(sum(each.returns) / 2)
        assert each.lengths == (200, 200)


@pytest.mark.parametrize("kind", ["evaluation", "update", "episode", "speed", "frozen"])
def test_metrics_as_columns(trained: taxon.Run, kind: str) -> None:
    found = trained.metrics(kind, frame="columns")  # type: ignore[call-overload]
    written = lines(trained.folder, kind)
    assert bool(found) == bool(written)
    for name, values in found.items():
        assert values == [line.get(name) for line in written]
    assert {name for line in written for name in line} - {"kind"} == set(found)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_metrics_as_frames(trained: taxon.Run, library: str) -> None:
    pytest.importorskip(library)
    frame = trained.metrics("evaluation", frame=library)  # type: ignore[call-overload]
    assert type(frame).__module__.split(".")[0] == library
    plain = trained.metrics("evaluation", frame="columns")
    assert list(frame.columns) == list(plain)
    assert list(frame["return"]) == plain["return"]
    assert [list(each) for each in frame["returns"]] == plain["returns"]
    assert len(trained.metrics("frozen", frame=library)) == 0  # type: ignore[call-overload]
    assert len(trained.metrics("update", frame=library)) == len(lines(trained.folder, "update"))  # type: ignore[call-overload]


def test_fields_that_lines_lack() -> None:
    found = columns([{"a": 1, "b": 2}, {"b": 3, "c": 4}])
    assert found == {"b": [2, 3], "a": [1, None], "c": [None, 4]}
    assert list(found) == ["b", "a", "c"]
    assert columns([]) == {}


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxon.api.frames.find_spec", lambda name: None)
    assert framed({"a": [1]}, None) == {"a": [1]}
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(taxon.Error, match="polars is not installed"):
        framed({"a": [1]}, "polars")


def test_a_picture(trained: taxon.Run, tmp_path: Path) -> None:
    picture = trained.plot()
    assert picture._repr_png_().startswith(b"\x89PNG")
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        assert picture.save(tmp_path / f"curve.{suffix}").read_bytes().startswith(start)
    for name in ("curve.jpg", "curve", "no/such/folder.png"):
        with pytest.raises(taxon.Error):
            picture.save(tmp_path / name)


def test_a_notebook_shows_it(trained: taxon.Run) -> None:
    shown = trained._repr_html_()
    assert f"{trained.evaluations[-1].mean:,.1f}" in shown
    assert "after 240 steps" in shown


def test_a_policy_acts(trained: taxon.Run) -> None:
    import gymnasium

    environment = gymnasium.make("Pendulum-v1")
    observation, _ = environment.reset(seed=0)
    for seed in trained.seeds:
        action = trained.policy(seed=seed, device="cpu").act(observation)
        assert environment.action_space.contains(action)
    with pytest.raises(taxon.Error, match="has no seed 7"):
        trained.policy(seed=7)


def test_code_in_a_folder_is_never_executed(copied: Path) -> None:
    (copied / "agent.py").write_text("raise SystemExit('executed')", "utf-8")
    run = taxon.open(copied)
    run.policy(device="cpu")
    assert run.resume(steps=250, progress=False).steps == 250


def test_another_spec_in_the_folder(copied: Path) -> None:
    spec = copied / "resolved.tx"
    spec.write_text(spec.read_text("utf-8").replace("gamma = 0.9", "gamma = 0.8"), "utf-8")
    run = taxon.open(copied)
    for use in (lambda: run.spec, run.policy, lambda: run.resume(steps=300)):
        with pytest.raises(taxon.Error, match="is not the spec that was run"):
            use()
    spec.write_text('taxon 1\nimport "other.tx"\nalgorithm sac {}\n', "utf-8")
    with pytest.raises(taxon.Error, match="imports another file"):
        taxon.open(copied).spec  # noqa: B018
    spec.write_text("taxon 1\nalgorithm sac {}\n", "utf-8")
    with pytest.raises(taxon.SpecError):
        taxon.open(copied).spec  # noqa: B018
    spec.unlink()
    with pytest.raises(taxon.Error, match="cannot be read"):
        taxon.open(copied).spec  # noqa: B018


def test_a_run_of_an_edited_module(quick: taxon.Spec, tmp_path: Path) -> None:
    module, out = tmp_path / "mine.py", tmp_path / "run"
    module.write_text(f"{quick.emit()}\n# mine\n", "utf-8")
    called = command(
        *("run", "--module", module, "--env", "Pendulum-v1", "--steps", "60", "--eval-every", "60"),
        *("--eval-episodes", "1", "--device", "cpu", "--workers", "0", "--out", out),
    )
    assert called.exit_code == 0, called.stderr
    run = taxon.open(out)
    assert (run.name, run.status, len(run.evaluations)) == ("mine", "finished", 2)
    with pytest.raises(taxon.Error, match=r"trained a module that was edited, .*mine\.py, and no spec") as raised:
        run.spec  # noqa: B018
    assert "run.policy(module=FILE)" in raised.value.help
    for use in (run.policy, lambda: run.resume(steps=120)):
        with pytest.raises(taxon.Error, match="trained a module that its user had edited") as raised:
            use()
        assert "mine.py" in raised.value.help


def test_a_package_that_is_not_here(copied: Path) -> None:
    record = json.loads((copied / "run.json").read_text("utf-8"))
    (copied / "run.json").write_text(json.dumps(record | {"extensions": {"no-such-package": "1"}}), "utf-8")
    with pytest.raises(taxon.Error, match="no-such-package") as raised:
        taxon.open(copied).spec  # noqa: B018
    assert "install it, if you trust" in raised.value.help


def test_lines_of_a_stranger(copied: Path) -> None:
    strange = [
        '{"kind": "evaluation"}',
        '{"kind": "evaluation", "step": "x", "seed": 0, "return": 1.0, "returns": [1.0], "lengths": [1]}',
        '{"kind": "evaluation", "step": 1, "seed": 9, "return": 1.0, "returns": [1.0], "lengths": [1]}',
        '{"kind": "evaluation", "step": 1, "seed": [0], "return": 1.0, "returns": [1.0], "lengths": [1]}',
        '{"kind": "evaluation", "step": 1, "seed": 0, "return": "high", "returns": [1.0], "lengths": [1]}',
        '{"kind": "evaluation", "step": 1, "seed": 0, "return": 1.0, "returns": 3, "lengths": [1]}',
        '{"kind": "evaluation", "step": 1, "seed": 0, "return": 1.0, "returns": ["x"], "lengths": [1]}',
        '{"kind": "evaluation", "step"',
        '{"kind": "evaluation", "step": 300, "seed": 0, "return": null, "returns": [null], "lengths": [3]}',
    ]
    with (copied / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n".join([*strange, ""]))
    run = taxon.open(copied)
    assert [each.step for each in run.evaluations] == [0, 0, 120, 120, 240, 240, 300]
    assert run.evaluations[-1].mean != run.evaluations[-1].mean
    assert len(run.metrics("evaluation", frame="columns")["step"]) == 7
    run.plot()._repr_png_()
    run._repr_html_()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: taxon.open(folder / "none"), "is not the folder of a run"),
        (lambda folder: taxon.open(folder / "run.json"), "is not the folder of a run"),
        (lambda folder: taxon.open(folder).metrics("losses"), "no metrics of the kind 'losses'"),
        (lambda folder: taxon.open(folder).metrics("episode", frame="numpy"), "no frames of the kind 'numpy'"),
        (lambda folder: taxon.open(folder).resume(steps=10), "more than 10"),
        (lambda folder: taxon.open(folder).resume(), "is finished"),
        (lambda folder: taxon.open(folder).resume(steps="x"), "steps='x'"),
        (lambda folder: taxon.open(folder).resume(steps=300, env="CartPole-v1"), "the run was on Pendulum-v1"),
        (lambda folder: taxon.open(folder).resume(steps=300, stop_at="soon"), "stop_at='soon'"),
        (lambda folder: taxon.open(folder).resume(steps=300, workers="x"), "workers='x'"),
    ],
)
def test_what_cannot_be_done(copied: Path, make: object, said: str) -> None:
    with pytest.raises(taxon.Error) as raised:
        make(copied)  # type: ignore[operator]
    assert said in raised.value.message
    assert raised.value.help
    assert "--" not in raised.value.message + raised.value.help


def test_a_run_without_metrics(copied: Path) -> None:
    (copied / "metrics.jsonl").unlink()
    with pytest.raises(taxon.Error, match="cannot be read"):
        taxon.open(copied).metrics()
