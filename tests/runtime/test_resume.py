"""A run that stops anywhere and goes on is the run that never stopped: the same state, the same words."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from taxon.cli.specs.loading import load
from taxon.compiler import emit
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.run import Run
from taxon.runtime.saved import evaluate_run
from taxon.runtime.stopping import Stop
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.saved import saved_in

TIMES = ("seconds", "steps_per_second")


@pytest.fixture(scope="module")
def program(toy_source):
    """An update every third step, so that stops fall between them too."""
    source = toy_source.replace("steps_per_update=1", "steps_per_update=3")
    assert source != toy_source
    return Program("toy", "0123abcd", "taxon 1\n", source)


@pytest.fixture
def rollouts(program):
    replay = next(line for line in program.source.splitlines() if line.startswith("DATA"))
    source = program.source.replace(replay, "DATA = Rollouts(environments=3, steps=8, batch=8)")
    return replace(program, source=source.replace("import Phase, Replay", "import Phase, Rollouts"))


def options(folder, **changes):
    settings = {"environment": Recipe("Pendulum-v1"), "seeds": (3, 5), "steps": 300, "device": "cpu", "out": folder}
    settings |= {"evaluate_every": 130, "evaluation_episodes": 1, "save_every": parse_cadence("70", "")}
    return Options(**(settings | changes))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Trains without a stop, once for all the tests that compare with that run, and gives its folder."""
    folders = {}

    def run(program, **changes):
        asked = repr((program, changes))
        if asked not in folders:
            folders[asked] = tmp_path_factory.mktemp("unbroken") / "run"
            train(program, options(folders[asked], **changes), plain())
        return folders[asked]

    return run


def plain():
    return Console(file=io.StringIO(), width=200)


def words(folder: Path) -> list[dict]:
    """The metrics without what the clock says."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


def state(folder: Path) -> dict:
    """All that the latest checkpoint holds but the time, as comparable data."""
    found = checkpoint.read(RunFolder(folder))
    saved = checkpoint.load(RunFolder(folder), found)
    saved["run"].pop("seconds")
    saved["run"].pop("metrics")  # the clock's numbers have more or fewer digits
    rows = [(entry.first, entry.steps, entry.sha256) for entry in found.replay]
    return {"saved": comparable(saved), "rows": rows, "steps": found.steps}


def comparable(value):
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(part) for part in value]
    if isinstance(value, torch.Tensor):
        return (str(value.dtype), tuple(value.shape), value.contiguous().numpy().tobytes())
    if hasattr(value, "tobytes"):
        return (str(value.dtype), value.shape, value.tobytes())
    return value


def stop_after(monkeypatch, calls: int) -> None:
    """Let the run be asked to stop when it has listened so often: between steps, in an evaluation, in a round."""
    from contextlib import contextmanager

    from taxon.runtime import trainer

    @contextmanager
    def stopping():
        listened = 0

        def stop():
            nonlocal listened
            listened += 1
            if listened > calls:
                raise Stop

        yield stop

    monkeypatch.setattr(trainer, "stop_on_signals", stopping)


@pytest.mark.parametrize("calls", [0, 1, 57, 257, 330, 400, 490, 671])
@pytest.mark.parametrize("kind", ["program", "rollouts"])
def test_a_stopped_run_goes_on_as_if_it_had_not(request, tmp_path, unbroken, kind, calls):
    program = request.getfixturevalue(kind)
    whole = unbroken(program)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        assert train(program, options(tmp_path / "broken"), plain()).manifest.status == "interrupted"
    outcome = resume(program, tmp_path / "broken", console=plain())
    assert outcome.manifest.status == "finished"
    assert len(outcome.manifest.resumed) == 1
    assert state(tmp_path / "broken") == state(whole)
    assert words(tmp_path / "broken") == words(whole)
    ours, theirs = manifest.read(RunFolder(tmp_path / "broken")), manifest.read(RunFolder(whole))
    for field in ("steps_done", "environment_steps", "evaluation_steps", "updates", "samples", "frozen"):
        assert getattr(ours, field) == getattr(theirs, field)


@pytest.mark.parametrize("kind", ["program", "rollouts"])
def test_a_finished_run_goes_on_to_more_steps(request, tmp_path, kind):
    """Its last words are left out then: a run of all the steps does not say them there."""
    program = request.getfixturevalue(kind)
    train(program, options(tmp_path / "whole", steps=600), plain())
    train(program, options(tmp_path / "longer"), plain())
    outcome = resume(program, tmp_path / "longer", 600, plain())
    assert (outcome.manifest.steps, outcome.manifest.status) == (600, "finished")
    assert state(tmp_path / "longer") == state(tmp_path / "whole")
    assert words(tmp_path / "longer") == words(tmp_path / "whole")


@pytest.mark.parametrize("calls", [235, 300, 480])
def test_what_acting_remembers_goes_on(tmp_path, unbroken, calls):
    """Noise with a memory stops in the middle of an episode, and an evaluation between changes nothing of it."""
    sets = ["exploration = ornstein_uhlenbeck", "data.warmup = 20", "data.batch = 8", "network.hidden = [8]"]
    found = load("ddpg", sets, Recipe("Pendulum-v1"))
    program = Program(found.name, found.hash, found.canonical, emit(found.row))
    asked = {"steps": 120, "evaluate_every": 50, "save_every": parse_cadence("40", "")}
    whole = unbroken(program, **asked)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        assert train(program, options(tmp_path / "broken", **asked), plain()).manifest.status == "interrupted"
    (process,) = saved_in(tmp_path / "broken")["memory"].values()
    assert process.shape == (2, 1, 1)
    assert (process != 0).all()
    resume(program, tmp_path / "broken", console=plain())
    assert state(tmp_path / "broken") == state(whole)
    assert words(tmp_path / "broken") == words(whole)


def test_an_environment_that_shows_something_else_is_refused(program, tmp_path):
    train(program, options(tmp_path / "run"), plain())
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["observation"] == {"kind": "box", "shape": [3], "dtype": "float32"}
    angle, speed = ({"kind": "box", "shape": [size], "dtype": "float32"} for size in (2, 1))
    other = {**record, "observation": {"kind": "named", "parts": {"angle": angle, "speed": speed}}}
    (tmp_path / "run" / "run.json").write_text(json.dumps(other))
    said = r"Pendulum-v1 shows float32\[3\] and not \{angle: float32\[2\], speed: float32\[1\]\}, as it did"
    with pytest.raises(UserError, match=said):
        resume(program, tmp_path / "run", 600, plain())
    with pytest.raises(UserError, match=said):
        evaluate_run(tmp_path / "run", program.source, program.row)


def test_observations_of_a_byte_are_kept_as_such(program, tmp_path):
    asked = {"environment": Recipe("worlds:known/Bytes-v0"), "steps": 120}
    train(program, options(tmp_path / "whole", **asked), plain())
    loops = []
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 70)
        train(program, options(tmp_path / "broken", **asked), plain())
    with pytest.MonkeyPatch.context() as patch:
        finish = Run._finish
        patch.setattr(Run, "_finish", lambda run: (loops.append(run.loop), finish(run)))
        resume(program, tmp_path / "broken", console=plain(), environment=asked["environment"])
    (loop,) = loops
    assert loop.source.dtype == torch.uint8
    assert set(loop.source.episodes().observation[..., 0].flatten().tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert state(tmp_path / "broken") == state(tmp_path / "whole")


def test_a_run_is_resumed_again_and_again(program, tmp_path):
    short = "known/Drawn-v0"
    train(program, options(tmp_path / "whole", environment=Recipe(short)), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 20)
        train(program, options(tmp_path / "broken", environment=Recipe(short)), plain())
    lives = 0
    while manifest.read(RunFolder(tmp_path / "broken")).status == "interrupted":
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, 60)
            resume(program, tmp_path / "broken", console=plain())
        lives += 1
    assert lives >= 5
    assert len(manifest.read(RunFolder(tmp_path / "broken")).resumed) == lives
    assert state(tmp_path / "broken") == state(tmp_path / "whole")
    assert words(tmp_path / "broken") == words(tmp_path / "whole")


def test_a_round_that_is_stopped_is_undone_and_made_again(program, tmp_path):
    """A round of many updates does not keep the user waiting."""
    phase = 'Phase("update", 1, Batch'
    long = replace(program, source=program.source.replace(phase, 'Phase("update", 150, Batch'))
    assert phase not in long.source
    asked = {"steps": 24, "evaluate_every": None}
    train(long, options(tmp_path / "whole", **asked), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 20 + 150 + 70)  # in the second round, which follows step 23
        stopped = train(long, options(tmp_path / "broken", **asked), plain()).manifest
    assert (stopped.steps_done, stopped.updates) == (23, {"update": 150})
    assert saved_in(tmp_path / "broken")["loop"]["pending"]
    resume(long, tmp_path / "broken", console=plain())
    assert state(tmp_path / "broken") == state(tmp_path / "whole")
    assert words(tmp_path / "broken") == words(tmp_path / "whole")


@pytest.mark.parametrize("kind", ["program", "rollouts"])
def test_an_environment_that_cannot_be_restored_begins_anew(request, tmp_path, monkeypatch, kind):
    """The episode that was cut is stored as truncated, and counted nowhere."""
    program = request.getfixturevalue(kind)
    monkeypatch.setattr("taxon.runtime.trainer.restorable", lambda id, seed: False)
    console = plain()
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 100 if kind == "program" else 20)
        asked = options(tmp_path / "run", environment=Recipe("known/Endless-v0"), evaluate_every=None)
        train(program, asked, console)
    assert "cannot be restored: a resumed run begins a new episode in it" in console.file.getvalue()
    saved = saved_in(tmp_path / "run")
    assert set(saved["collector"]["environments"]) == {None}
    assert all(length > 15 for length in saved["collector"]["lengths"])
    loops = []
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 2)
        patch.setattr("taxon.runtime.run.Run._finish", lambda run: loops.append(run.loop))
        resume(program, tmp_path / "run", console=plain())
    (loop,) = loops
    assert set(loop.collector.lengths) == {2}
    stored = loop.source.episodes()
    cut = stored.truncated > 0
    assert int(cut.sum()) == loop.collector.count
    # The walk is at its episode's step, so a cut row and the one after it tell that a new walk began.
    places = stored.next_observation[cut][:, 0]
    assert torch.equal(places, torch.full_like(places, saved["collector"]["lengths"][0]))


@pytest.fixture(params=[1, 2])
def threads(request):
    """Those of the process; with two of them, two seeds are updated at once."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_a_compiled_run_goes_on_compiled(program, tmp_path, threads, monkeypatch):
    """Which phases are compiled is part of the record: a resumed run does not choose again."""
    monkeypatch.setattr("taxon.runtime.device.seed_threads.WORTH", 0)
    compiled = {"compile": "on", "steps": 80, "evaluate_every": None}
    train(program, options(tmp_path / "whole", **compiled), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 50)
        train(program, options(tmp_path / "broken", **compiled), plain())
    monkeypatch.setattr("taxon.runtime.device.seed_threads.WORTH", 10**12)  # chosen at the start, and kept
    outcome = resume(program, tmp_path / "broken", console=plain())
    assert outcome.manifest.seed_threads == threads
    assert outcome.manifest.compiled == ["update", "act"]
    assert state(tmp_path / "broken") == state(tmp_path / "whole")
    assert words(tmp_path / "broken") == words(tmp_path / "whole")
    train(program, options(tmp_path / "eager", **(compiled | {"compile": "off"})), plain())
    assert manifest.read(RunFolder(tmp_path / "eager")).compiled == []
    ours, theirs = (saved_in(tmp_path / name)["agent"] for name in ("whole", "eager"))
    assert comparable(ours) != comparable(theirs)
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-4, atol=1e-5)


def test_frozen_seeds_stay_frozen(program, tmp_path):
    source = program.source.replace(
        'metrics = {"value_loss": loss,',
        "loss = torch.where((updates == 9) & (torch.arange(len(updates)) == 1), torch.nan, loss)\n"
        '        metrics = {"value_loss": loss,',
    )
    failing = replace(program, source=source)
    train(failing, options(tmp_path / "whole"), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 300)
        train(failing, options(tmp_path / "broken"), plain())
    outcome = resume(failing, tmp_path / "broken", console=plain())
    assert outcome.manifest.frozen == {"5": 44}
    assert state(tmp_path / "broken") == state(tmp_path / "whole")
    assert words(tmp_path / "broken") == words(tmp_path / "whole")


def test_a_replay_that_forgets_keeps_only_its_own_files(program, tmp_path, monkeypatch):
    """The ring holds 200 of 300 steps, in files of 32: what has left it is removed, and the rest resumes."""
    monkeypatch.setattr("taxon.runtime.folder.replay_file.FEWEST_STEPS", 32)
    monkeypatch.setattr("taxon.runtime.folder.replay_file.FILE_BYTES", 1)
    train(program, options(tmp_path / "whole", steps=900), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 755)
        train(program, options(tmp_path / "broken", steps=900), plain())
    resume(program, tmp_path / "broken", console=plain())
    found = checkpoint.read(RunFolder(tmp_path / "broken"))
    assert comparable(checkpoint.load(RunFolder(tmp_path / "broken"), found)["agent"]) == comparable(
        saved_in(tmp_path / "whole")["agent"]
    )
    kept = sorted(path.name for path in (tmp_path / "broken" / "replay").iterdir())
    assert kept == sorted(entry.file for entry in found.replay)
    assert found.replay[0].first + found.replay[0].steps > 700
    assert sum(entry.steps for entry in found.replay) < 200 + 2 * 32


def test_what_a_process_left_behind_before_it_died_is_dropped(program, tmp_path, unbroken):
    """Rows without a checkpoint, words after it, a file half written, tensors that no index names."""
    whole = unbroken(program)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 300)
        train(program, options(tmp_path / "broken"), plain())
    folder = tmp_path / "broken"
    with (folder / "replay" / "rows-0.bin").open("ab") as file:
        file.write(b"rows of a checkpoint that never was")
    (folder / "replay" / "rows-5000.bin").write_bytes(b"more")
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "speed", "step": 1')
    (folder / ".unfinished").write_bytes(b"half")
    (folder / "checkpoint-90-0123456789ab.safetensors").write_bytes(b"orphan")
    resume(program, folder, console=plain())
    assert state(folder) == state(whole)
    assert words(folder) == words(whole)
    names = {path.name.partition("-")[0] for path in folder.iterdir()}
    assert names == {path.name.partition("-")[0] for path in whole.iterdir()}
    assert {path.name for path in (folder / "replay").iterdir()} == {"rows-0.bin"}


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory, program):
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 500)
        train(program, options(folder, evaluate_every=50), plain())
    return folder


@pytest.fixture
def stopped(stopped_once, tmp_path):
    """The folder of a run that was stopped half-way."""
    return Path(shutil.copytree(stopped_once, tmp_path / "run"))


def harm(path: Path, content: bytes | None = None) -> None:
    """Remove a file, or put other bytes in its place."""
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def resealed(folder: Path, **state: object) -> None:
    """Change a checkpoint's state as a stranger would, who can seal it anew."""
    import hashlib

    path = folder / checkpoint.INDEX
    body = json.loads(path.read_text())["body"]
    body["state"] |= state
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"sha256": digest, "body": body}))


def resealed_run(folder: Path, **run: object) -> None:
    body = json.loads((folder / checkpoint.INDEX).read_text())["body"]
    resealed(folder, run=body["state"]["run"] | run)


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda folder: harm(folder / "run.json"), "is not the folder of a run"),
        (lambda folder: harm(folder / "run.json", b"{"), "run.json"),
        (lambda folder: harm(folder / "run.json", b" " * 2**25), "run.json is larger than"),
        (lambda folder: harm(folder / "checkpoint.json", b" " * (2**28 + 1)), "checkpoint.json is larger than"),
        (lambda folder: harm(folder / "checkpoint.json"), "there is no checkpoint"),
        (lambda folder: harm(folder / "replay" / "rows-0.bin"), "rows-0.bin cannot be read"),
        (lambda folder: harm(folder / "replay" / "rows-0.bin", b"short"), "is shorter than the checkpoint says"),
        (lambda folder: harm(folder / "replay" / "rows-0.bin", bytes(100_000)), "its digest differs"),
        (lambda folder: harm(folder / "metrics.jsonl"), "metrics.jsonl is missing"),
        (lambda folder: harm(folder / "metrics.jsonl", b"{}\n"), "metrics.jsonl is shorter"),
        (lambda folder: resealed(folder, loop={}), "does not fit"),
        (lambda folder: resealed(folder, collector=None), "does not fit"),
        (lambda folder: resealed(folder, streams={"acting": [1]}), "does not fit"),
        (lambda folder: resealed(folder, run={"metrics": 0}), "does not fit"),
        (lambda folder: resealed(folder, run=[]), "does not fit"),
        (lambda folder: resealed_run(folder, recent=[]), "does not fit"),
        (lambda folder: resealed_run(folder, points=3), "does not fit"),
    ],
)
def test_what_cannot_go_on_ends_in_a_message(program, stopped, does, message):
    kept = shutil.copytree(stopped, stopped.parent / "kept")
    does(stopped)
    with pytest.raises(UserError, match=message) as caught:
        resume(program, stopped, console=plain())
    assert caught.value.help
    # The last good checkpoint is as it was, for whoever restores what is missing.
    shutil.rmtree(stopped)
    kept.rename(stopped)
    assert resume(program, stopped, console=plain()).manifest.status == "finished"


@pytest.mark.parametrize(
    ("steps", "changes", "message"),
    [
        (50, {}, "has made 100 steps already, more than 50"),
        (None, {"row": "ffff"}, "not the spec that was run"),
        (None, {"source": "widths"}, "the agent needs"),
    ],
)
def test_another_program_or_fewer_steps_are_refused(program, stopped, steps, changes, message):
    other = replace(program, **changes)
    if "source" in changes:
        other = replace(program, source=program.source.replace("16", "8"))
    with pytest.raises(UserError, match=message):
        resume(other, stopped, steps, plain())
    assert resume(program, stopped, console=plain()).manifest.status == "finished"
    with pytest.raises(UserError, match="is finished: it has made all of its 300 steps"):
        resume(program, stopped, console=plain())


def test_a_folder_is_one_process_at_a_time(program, stopped):
    with RunFolder(stopped).claimed(), pytest.raises(UserError, match="another process is training in"):
        resume(program, stopped, console=plain())


def test_a_folder_that_cannot_be_written_to_is_not_begun(program, stopped):
    (stopped / ".lock").unlink()
    (stopped / ".lock").mkdir()
    with pytest.raises(UserError, match=r"\.lock is a folder, where a run has a file"):
        resume(program, stopped, console=plain())


def test_nothing_in_the_folder_is_executed(program, stopped):
    (stopped / "agent.py").write_text("raise SystemExit('executed')")
    assert resume(program, stopped, console=plain()).manifest.status == "finished"
    assert (stopped / "agent.py").read_text() == program.source
