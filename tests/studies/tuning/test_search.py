"""A search goes on from what is on the disk, whatever happened, to the trials that it would have had."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest
from studies.running import studying
from studies.running.stand_in import evaluation
from studies.tuning import searching

from taxon.runtime.errors import UserError
from taxon.semantics import load_spec, row_hash
from taxon.studies.tuning.best import write_best
from taxon.studies.tuning.preview import left, preview
from taxon.studies.tuning.telling import count
from taxon.studies.tuning.telling import lines as told
from taxon.studies.tuning.trial import State, Trial

TPE = "  sampler = tpe(startup = 3)\n  pruner  = median(startup = 2, warmup = 0)\n  at_once = 3"


def lines(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(searching.table(file).splitlines()))


def test_every_trial_is_run_on_the_tuning_seeds_and_scored(tmp_path: Path) -> None:
    file = searching.write(tmp_path)
    search = searching.run(file)
    assert [trial.state for trial in search.trials] == [State.DONE] * 6
    for trial in search.trials:
        assert [unit.seed for unit in trial.units] == [100_000, 100_001, 100_002]
        row = trial.units[0].place.program.row
        # final(0.1) of 100 steps is the evaluation at 100
        expected = [evaluation(row, seed, 100) for seed in (100_000, 100_001, 100_002)]
        assert trial.score == pytest.approx(sum(expected) / 3, rel=1e-14)
        assert trial.estimate is not None
        # three scores 1.1 apart: t(.975, 2) = 4.302653 times 1.1 / sqrt(3)
        assert trial.estimate.half_width() == pytest.approx(4.302652729696142 * 1.1 / 3**0.5, rel=1e-9)
    made = [json.loads(path.read_text())["seeds"] for path in studying.below(tmp_path, "store/*/run-*/run.json")]
    assert made == [[100_000, 100_001, 100_002]] * len({trial.units[0].place for trial in search.trials})
    best = search.best()
    assert best is not None
    assert best.score == max(float(line["score"]) for line in lines(file))


def test_what_was_killed_goes_on_to_the_same_trials(tmp_path: Path) -> None:
    calm = searching.write(tmp_path / "calm", more=TPE, trials=7)
    rough = searching.write(tmp_path / "rough", more=TPE, trials=7)
    searching.run(calm, jobs=1)
    for number in range(2):
        life = searching.start(rough, pause=0.05)
        deadline = time.monotonic() + 30
        while len(studying.below(tmp_path, "rough/store/*/run-*/metrics.jsonl")) <= 2 * number:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        studying.kill(life, with_children=number % 2 == 0)
    assert searching.start(rough, pause=0).wait() == 0
    assert searching.table(rough) == searching.table(calm)
    assert {line["state"] for line in lines(calm)} == {"done", "pruned"}
    for name in ("trials.jsonl", "tune.json"):
        assert (tmp_path / "rough/tiny" / name).read_bytes() == (tmp_path / "calm/tiny" / name).read_bytes()


def test_more_trials_are_added_and_nothing_is_run_twice(tmp_path: Path) -> None:
    file = searching.write(tmp_path, trials=3)
    searching.run(file)
    before, made = searching.table(file), studying.attempts(file)
    searching.run(file)
    assert (searching.table(file), studying.attempts(file)) == (before, made)
    searching.run(searching.write(tmp_path, trials=5))
    assert searching.table(file).startswith(before)
    assert len(lines(file)) == 5


def test_fewer_trials_than_there_are_leave_possible_numbers(tmp_path: Path) -> None:
    file = searching.write(tmp_path, trials=3)
    searching.run(file)
    found = searching.opened(searching.write(tmp_path, trials=2))
    lines = list(preview(found, cores=2))
    assert next(line for line in lines if line.startswith("so far")).startswith("so far: 3/3 trials")
    assert next(line for line in lines if line.startswith("core-hours")).startswith("core-hours: 0.0 at most")
    assert count(found.tune, found.search.trials, None, 0).line(left(found)).startswith("3/3 trials")


@pytest.mark.parametrize(("scores", "best"), [([-5.0, 0.0, -1.0], 1), ([0.0, 0.0], 0), ([], None)])
def test_a_score_of_nothing_is_a_score(tmp_path: Path, scores: list[float], best: int | None) -> None:
    search = searching.opened(searching.write(tmp_path)).search
    search.trials = [Trial(number, {}, State.DONE, score=score) for number, score in enumerate(scores)]
    found = search.best()
    assert (None if found is None else found.number) == best


def test_another_folder_takes_what_was_run_from_the_store(tmp_path: Path) -> None:
    file = searching.write(tmp_path)
    searching.run(file)
    made = studying.attempts(file)
    searching.run(file, folder="again")
    assert studying.attempts(file) == made
    assert searching.table(file, "again") == searching.table(file)


def test_a_trial_that_fails_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_FAILS", "std = 0.25")
    file = searching.write(tmp_path, "  search  exploration.std in [0.1, 0.25, 0.3]", "  sampler = grid", 3)
    said: list[str] = []
    search = searching.run(file, said=said)
    assert [trial.state for trial in search.trials] == [State.DONE, State.FAILED, State.DONE]
    assert search.trials[1].why == "the row is refused"
    assert len([line for line in said if "the row is refused" in line]) == 3  # it was tried three times
    monkeypatch.delenv("STAND_IN_FAILS")
    again = searching.run(file, session="later")
    assert [trial.state for trial in again.trials] == [State.DONE] * 3


def test_a_trial_is_stopped_with_what_it_is_by_then(tmp_path: Path) -> None:
    """All curves are parallel: from the third trial on those below the median are stopped at the first evaluation."""
    levels = ", ".join(f"0.{number}" for number in range(1, 9))
    more = "  sampler = grid\n  pruner  = median(startup = 2, warmup = 0)\n  at_once = 1"
    file = searching.write(tmp_path, f"  search  exploration.std in [{levels}]", more, 8)
    search = searching.run(file, jobs=1)
    scores: list[float] = []  # of those that ran to their ends
    for trial in search.trials:
        row = trial.units[0].place.program.row
        first, last = ([evaluation(row, seed, step) for seed in (100_000, 100_001, 100_002)] for step in (20, 100))
        ends = sorted(scores)
        middle = (ends[(len(ends) - 1) // 2] + ends[len(ends) // 2]) / 2 if ends else 0.0
        if len(scores) >= 2 and sum(last) / 3 < middle:
            assert (trial.state, trial.at, trial.score) == (State.PRUNED, 20, pytest.approx(sum(first) / 3))
        else:
            assert (trial.state, trial.score) == (State.DONE, pytest.approx(sum(last) / 3))
            scores.append(sum(last) / 3)
    assert len(scores) < 8


def test_what_is_stopped_leaves_no_replay_and_is_not_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_PAUSE", "0.4")
    levels = ", ".join(f"0.{number}" for number in range(1, 5))
    more = "  sampler = grid\n  pruner  = median(startup = 1, warmup = 0)\n  at_once = 1"
    file = searching.write(tmp_path, f"  search  exploration.std in [{levels}]", more, 4)
    search = searching.run(file, jobs=1)
    stopped = [trial for trial in search.trials if trial.state is State.PRUNED]
    assert stopped
    for trial in stopped:
        (run,) = studying.below(tmp_path, f"store/{trial.units[0].place.key}/run-*")
        assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
        assert not (run / "checkpoint.json").exists()
    made, before = studying.attempts(file), searching.table(file)
    searching.run(file)
    assert (studying.attempts(file), searching.table(file)) == (made, before)


def test_several_environments_are_averaged_on_their_scale(tmp_path: Path) -> None:
    more = '  scale = { "one" = [0, 100], "two" = [-50, 350] }\n  sampler = random'
    search = searching.run(searching.write(tmp_path, more=more, environments='"one", "two"', trials=2))
    for trial in search.trials:
        row = trial.units[0].place.program.row
        mean = sum(evaluation(row, seed, 100) for seed in (100_000, 100_001, 100_002)) / 3
        assert trial.score == pytest.approx((mean / 100 + (mean + 50) / 400) / 2)


def test_frozen_seeds_count_as_the_tune_says(tmp_path: Path) -> None:
    for failure, expected in (("floor", -1.0), ("last", None)):
        more = f"  failure = {failure}\n  sampler = random"
        search = searching.run(searching.write(tmp_path / failure, more=more, environments='"freezes"', trials=1))
        (trial,) = search.trials
        row = trial.units[0].place.program.row
        last = sum(evaluation(row, seed, 40) for seed in (100_000, 100_001, 100_002)) / 3
        assert (trial.frozen, trial.score) == (3, pytest.approx(last if expected is None else expected))
        why = "it is no longer finite: value_loss of the phase update"
        assert next(told(search.trials)).endswith(f", 3 frozen †: {why}")
        assert lines(tmp_path / failure / "tiny.tx")[0]["why"] == why
    more = "  failure = exclude\n  sampler = random"
    search = searching.run(searching.write(tmp_path / "exclude", more=more, environments='"freezes"', trials=1))
    assert (search.trials[0].state, search.trials[0].why) == (State.FAILED, "a cell has no scores")


def test_the_best_row_extends_its_base_and_is_the_one_that_ran(tmp_path: Path) -> None:
    space = """\
  search  optimizer.policy.lr in log_uniform(1e-5, 1e-2)
  search  G.estimate in [- smoothing, + smoothing(0.3)]
  search  net with [wide, narrow]"""
    search = searching.run(searching.write(tmp_path, space, trials=5))
    best = search.best()
    written = write_best(search, tmp_path / "tiny")
    assert best is not None
    assert written is not None
    path, text = written
    assert path == tmp_path / "tiny" / "tiny_best.tx"
    assert path.read_text() == text
    found = load_spec(path)
    assert found.diagnostics == []
    assert found.row is not None
    assert row_hash(found.row) == best.units[0].place.program.row
    assert f"algorithm tiny_best extends small with {best.values['net']} {{" in text
    assert f"optimizer.policy.lr = {best.values['optimizer.policy.lr']}" in text
    assert "the best of 5 trials" in found.row.doc.replace("\n", " ")
    assert "seeds 100000 to 100002" in found.row.doc.replace("\n", " ")


def test_the_best_row_is_held_against_the_actions_of_its_environment(tmp_path: Path) -> None:
    """A base may say something else for a kind of actions: so does what extends it there."""
    file = searching.write(tmp_path, trials=2)
    conditional = "  data.warmup = 8\n  when actions = continuous { data.batch = 2 }\n"
    file.write_text(file.read_text().replace("  data.warmup = 8\n", conditional))
    search = searching.run(file, space=lambda environment: ("continuous", 1, 3))
    best = search.best()
    assert best is not None
    written = write_best(search, tmp_path / "tiny")
    assert written is not None
    known, unknown = (load_spec(written[0], actions=actions).row for actions in ("continuous", None))
    assert known is not None
    assert unknown is not None
    assert row_hash(known) == best.units[0].place.program.row != row_hash(unknown)


def test_a_base_of_the_shipped_specs_needs_no_import(tmp_path: Path) -> None:
    file = tmp_path / "tiny.tx"
    space = f"{searching.RATES}\n  search  data in [replay(capacity = 1k, batch = 4, warmup = 8)]"
    text = searching.TEXT.format(search=space, more="  sampler = random", trials=2, environments='"one"', steps=100)
    file.write_text(text.replace("base    = small", "base    = std.td3"))
    search = searching.run(file)
    written = write_best(search, tmp_path / "tiny")
    assert written is not None
    assert "import" not in written[1]
    assert "algorithm tiny_best extends std.td3 {" in written[1]
    assert load_spec(written[0]).diagnostics == []


def test_values_that_mean_nothing_together_are_no_run(tmp_path: Path) -> None:
    """More combinations than are tried beforehand: the ends alone are right, a warm-up beyond the capacity is not."""
    space = """\
  search  data.capacity in integer(10, 1k, log = true)
  search  data.warmup in integer(8, 90)
  search  G.estimate in [td(0), td(0) + clipped_double]
  search  exploration.std in [0.1, 0.2, 0.3, 0.4, 0.5]
  search  gamma in uniform(0.9, 0.99)
  search  optimizer.policy.lr in log_uniform(1e-5, 1e-2)"""
    file = searching.write(tmp_path, space, trials=6)
    search = searching.run(file)
    states = {trial.state for trial in search.trials}
    assert states == {State.DONE, State.REFUSED}, search.trials[0].why
    refused = [trial for trial in search.trials if trial.state is State.REFUSED]
    assert all(trial.why.startswith("TX") for trial in refused)
    assert all(not trial.units for trial in refused)


def test_a_search_that_was_declared_otherwise_is_refused(tmp_path: Path) -> None:
    searching.run(searching.write(tmp_path, trials=1))
    file = searching.write(tmp_path, "  search  exploration.std in [0.1, 0.3]", trials=1)
    with pytest.raises(UserError, match=r"declared otherwise: search changed"):
        searching.opened(file)
    assert searching.run(file, folder="other").trials[0].state is State.DONE


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"trial": 1, "values": {"optimizer.policy.lr": "1e-4", "exploration.std": "0.1"}}', "is no trial 0"),
        ('{"trial": 0, "values": {"optimizer.policy.lr": "1e-4"}}', "is no trial 0"),
        ('{"trial": 0, "values": {"optimizer.policy.lr": "1", "exploration.std": "0.1"}}', "has no such value"),
        ('{"trial": 0, "values": {"optimizer.policy.lr": "nan", "exploration.std": "0.1"}}', "has no such value"),
        ('{"trial": 0, "values": {"optimizer.policy.lr": "1e-4", "exploration.std": "0.3"}}', "has no such value"),
        ('{"trial": 0, "values": {"optimizer.policy.lr": 0.0001, "exploration.std": "0.1"}}', "line 1"),
        ("[" * 100_000, "line 1"),
    ],
)
def test_a_journal_of_something_else_is_refused(tmp_path: Path, line: str, message: str) -> None:
    file = searching.write(tmp_path)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "trials.jsonl").write_text(f"{line}\n")
    with pytest.raises(UserError, match=message):
        searching.opened(file)


def test_a_line_that_was_cut_off_is_proposed_again(tmp_path: Path) -> None:
    file = searching.write(tmp_path)
    searching.run(file)
    journal = tmp_path / "tiny" / "trials.jsonl"
    whole = journal.read_bytes()
    for length in (len(whole) - 5, 10, 0):
        journal.write_bytes(whole[:length])
        searching.run(file)
        assert journal.read_bytes() == whole


def test_one_process_searches_at_a_time(tmp_path: Path) -> None:
    file = searching.write(tmp_path)
    with searching.opened(file).claimed(), pytest.raises(UserError, match="another process"):
        searching.run(file)
