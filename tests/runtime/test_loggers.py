"""Tools of laboratories as loggers: what each has of a run, also of one that goes on; and their failures are theirs."""

import importlib.util
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from taxon.runtime.anew import Anew
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.events import Status
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.loggers import opening
from taxon.runtime.loggers.tool import About
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.test_resume import state, stop_after, words

Points = dict[str, list[tuple[int, float]]]


@pytest.fixture
def program(toy_source: str) -> Program:
    leaves = {"pi_q": "pi_theta", "optimizer.policy": "adam(lr = 3e-4)"}
    return Program("toy", "0123abcd", "taxon 1\n", toy_source, leaves=leaves, difference="parent -> toy: one\n")


def options(folder: Path, *log: str, **changes: Any) -> Options:
    settings = {"environment": Recipe("known/Drawn-v0"), "seeds": (3, 5), "steps": 60, "device": "cpu", "out": folder}
    settings |= {"evaluate_every": 20, "evaluation_episodes": 2, "save_every": parse_cadence("25", "")}
    return Options(**(settings | {"log": log} | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]


def expected(folder: Path) -> Points:
    """What a tool is to have, from metrics.jsonl: of evaluations, of one metric of the updates, and of the speed."""
    found: dict[str, dict[int, list[float]]] = {}
    for text in (folder / "metrics.jsonl").read_text().splitlines():
        line = json.loads(text)
        figures = {"evaluation": "return", "update": "value_loss", "speed": "updates"}
        if (name := figures.get(line["kind"])) is not None:
            figure = f"{line['kind']}/{name}"
            if "seed" in line:
                found.setdefault(f"seed_{line['seed']}/{figure}", {})[line["step"]] = [line[name]]
            found.setdefault(figure, {}).setdefault(line["step"], []).append(line[name])
    return {
        figure: [(step, pytest.approx(sum(values) / len(values))) for step, values in steps.items()]
        for figure, steps in found.items()
    }


class Notebook:
    """A tool in memory, whose runs outlive it as those of a server do."""

    kept: dict[str, Any] = {}  # noqa: RUF012 - of all of them
    fails: str | None = None

    def begin(self, about: About, id: str | None) -> str:
        self._fail("begin")
        self.id = id or f"run-{len(self.kept)}"
        if id is None:
            self.kept[self.id] = {"about": about, "points": [], "files": {}, "ends": []}
        self.own = self.kept[self.id]
        return self.id

    def where(self) -> str:
        return f"a notebook, page {self.id}"

    def last(self, figure: str, written: int) -> int:
        return max((step for name, step, _ in self.own["points"] if name == figure), default=-1)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._fail("log")
        self.own["points"] += [(name, step, value) for name, value in values.items()]

    def keep(self, files: Sequence[Path]) -> None:
        self._fail("keep")
        self.own["files"] |= {file.name: file.read_bytes() for file in files}

    def end(self, status: Status) -> None:
        self._fail("end")
        self.own["ends"].append(status)

    def _fail(self, method: str) -> None:
        if self.fails == method:
            raise OSError(28, "No space left on device")


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> type[Notebook]:
    """The tool in the place of wandb, whether that is installed or not."""
    monkeypatch.setitem(opening.KINDS, "wandb", replace(opening.KINDS["wandb"], make=Notebook))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(Notebook, "kept", {})
    monkeypatch.setattr(Notebook, "fails", None)
    return Notebook


def points(run: dict[str, Any]) -> Points:
    found: Points = {}
    for name, step, value in run["points"]:
        found.setdefault(name, []).append((step, value))
    return found


def test_a_tool_has_the_figures_and_the_spec(program: Program, tmp_path: Path, notebook: type[Notebook]) -> None:
    folder, console = tmp_path / "mine", plain()
    train(program, options(folder, "wandb"), console)
    (run,) = notebook.kept.values()
    found = points(run)
    for figure, wanted in expected(folder).items():
        assert found[figure] == wanted, figure
    steps = [step for _, step, _ in run["points"]]
    assert steps == sorted(steps)
    about = run["about"]
    assert about.title == "mine"
    assert (about.config["row"], about.config["seeds"]) == ("0123abcd", [3, 5])
    assert about.config["spec.optimizer.policy"] == "adam(lr = 3e-4)"
    assert run["files"].keys() == {"run.json", "resolved.tx", "difference.txt", "agent.py"}
    assert run["files"]["difference.txt"] == b"parent -> toy: one\n"
    assert run["files"]["agent.py"] == program.source.encode()
    assert run["ends"] == ["finished"]
    assert json.loads((folder / "loggers.json").read_text()) == {"wandb": "run-0"}
    assert "wandb: a notebook, page run-0" in said(console)
    assert not (folder / "tensorboard").exists()


@pytest.mark.parametrize("calls", [0, 57, 80])
def test_a_run_that_goes_on_fills_the_same_page_without_points_twice(
    program: Program, tmp_path: Path, notebook: type[Notebook], calls: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        train(program, options(tmp_path / "run", "wandb"), plain())
    resume(program, tmp_path / "run", console=plain())
    (run,) = notebook.kept.values()
    assert run["ends"] == ["interrupted", "finished"]
    named = [(name, step) for name, step, _ in run["points"]]
    assert len(named) == len(set(named))
    found = points(run)
    for figure, wanted in expected(tmp_path / "run").items():
        # Last words of the first life may stand between.
        assert [point for point in found[figure] if point[0] in dict(wanted)] == wanted, figure


def test_a_tool_that_joins_later_has_all_that_was_before(
    program: Program, tmp_path: Path, notebook: type[Notebook]
) -> None:
    train(program, options(tmp_path / "run"), plain())
    resume(program, tmp_path / "run", 80, plain(), anew=Anew(log=("wandb",)))
    (run,) = notebook.kept.values()
    for figure, wanted in expected(tmp_path / "run").items():
        assert points(run)[figure] == wanted, figure


@pytest.mark.parametrize("method", ["log", "keep", "end"])
def test_a_tool_that_fails_midway_is_said_once_and_the_run_goes_on(
    program: Program, tmp_path: Path, notebook: type[Notebook], method: str
) -> None:
    train(program, options(tmp_path / "without"), plain())
    notebook.fails = method
    console = plain()
    assert train(program, options(tmp_path / "with", "wandb", "csv"), console).exit_code == 0
    message = "wandb failed and is left out from now on, the run goes on without it: OSError: [Errno 28]"
    assert said(console).count(message) == 1
    assert (tmp_path / "with" / "metrics.csv").exists()
    assert state(tmp_path / "with") == state(tmp_path / "without")
    assert words(tmp_path / "with") == words(tmp_path / "without")


def test_a_tool_that_cannot_begin_ends_in_one_message(
    program: Program, tmp_path: Path, notebook: type[Notebook]
) -> None:
    notebook.fails = "begin"
    with pytest.raises(UserError, match=r"wandb cannot begin: OSError: \[Errno 28\]") as caught:
        train(program, options(tmp_path / "run", "wandb"), plain())
    assert "WANDB_MODE=offline, or leave wandb out of --log" in caught.value.help
    assert manifest.read(RunFolder(tmp_path / "run")).status == "failed"


def test_a_run_that_breaks_closes_its_page(program: Program, tmp_path: Path, notebook: type[Notebook]) -> None:
    broken = replace(
        program, source=program.source.replace("updates = state.updates + 1", "raise RuntimeError('a bug')")
    )
    with pytest.raises(RuntimeError, match="a bug"):
        train(broken, options(tmp_path / "run", "wandb"), plain())
    (run,) = notebook.kept.values()
    assert run["ends"] == ["failed"]


@pytest.mark.parametrize("name", ["wandb", "mlflow", "trackio"])
def test_a_package_that_is_missing_is_said_before_the_run(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=f"--log {name} needs the package {name}, which is not installed") as caught:
        train(program, options(tmp_path / "run", "csv", name), plain())
    assert f"pip install 'taxon-rl[{name}]'" in caught.value.help
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "text", ["[]", '{"wandb": "../x"}', '{"wandb": 3}', '{"wandb": ""}', '{"wandb": "http://x"}', "{", '{"-": "a"}']
)
def test_ids_of_a_strangers_folder(program: Program, tmp_path: Path, notebook: type[Notebook], text: str) -> None:
    """An id is no path and no address, so that nothing is sent where the user has not said."""
    train(program, options(tmp_path / "run", "wandb"), plain())
    (tmp_path / "run" / "loggers.json").write_text(text)
    with pytest.raises(UserError, match=r"loggers\.json: ") as caught:
        resume(program, tmp_path / "run", 80, plain())
    assert "remove it" in caught.value.help


def lives(program: Program, folder: Path, log: str) -> None:
    """A run that is stopped on its way and goes on."""
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 80)
        train(program, options(folder, log), plain())
    assert resume(program, folder, console=plain()).manifest.status == "finished"


def of(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is an extra")


def test_mlflow_on_this_machine(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = of("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    lives(program, tmp_path / "run", "mlflow")
    client = mlflow.MlflowClient()
    (experiment,) = client.search_experiments(filter_string="name = 'taxon'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("run", "FINISHED")
    assert run.info.run_id == json.loads((tmp_path / "run" / "loggers.json").read_text())["mlflow"]
    assert run.data.params["spec.pi_q"] == "pi_theta"
    for figure, wanted in expected(tmp_path / "run").items():
        history = [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, figure)]
        assert len({step for step, _ in history}) == len(history), figure
        assert [point for point in sorted(history) if point[0] in dict(wanted)] == wanted, figure
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert names == {"run.json", "resolved.tx", "difference.txt", "agent.py"}


def test_wandb_without_a_network(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lives(program, tmp_path / "run", "wandb")
    id = json.loads((tmp_path / "run" / "loggers.json").read_text())["wandb"]
    found = [place.name.rpartition("-")[2] for place in (tmp_path / "wandb").glob("offline-run-*")]
    assert found == [id, id]
    logged = [point for place in sorted((tmp_path / "wandb").glob("offline-run-*/*.wandb")) for point in history(place)]
    for figure, wanted in expected(tmp_path / "run").items():
        own = [(step, values[figure]) for step, values in logged if figure in values]
        assert len({step for step, _ in own}) == len(own), figure
        assert [point for point in own if point[0] in dict(wanted)] == wanted, figure


def history(place: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """The logged values of a file that wandb would send."""
    from wandb.proto import wandb_internal_pb2

    for data in records(place.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            yield record.history.step.num, items


def records(content: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's format, behind wandb's header of 7 bytes: blocks of 32 KiB with their parts."""
    at, whole = 7, b""
    while at + 7 <= len(content):
        if (left := 32_768 - at % 32_768) < 7:
            at += left
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or its last part
            yield whole
            whole = b""


def test_trackio_on_this_machine(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    for name in [name for name in sys.modules if name.split(".")[0] == "trackio"]:
        monkeypatch.delitem(sys.modules, name)  # it reads its folder when it is imported
    of("trackio")
    lives(program, tmp_path / "run", "trackio")
    from trackio.sqlite_storage import SQLiteStorage

    id = json.loads((tmp_path / "run" / "loggers.json").read_text())["trackio"]
    assert SQLiteStorage.get_runs("taxon") == [id]
    logged = SQLiteStorage.get_logs("taxon", id)
    for figure, wanted in expected(tmp_path / "run").items():
        own = [(entry["step"], entry[figure]) for entry in logged if figure in entry]
        assert len({step for step, _ in own}) == len(own), figure
        assert [point for point in sorted(own) if point[0] in dict(wanted)] == wanted, figure
