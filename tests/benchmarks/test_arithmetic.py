"""What the benchmarks compute from times: turns, speeds, ratios, targets and the page."""

from dataclasses import replace

import pytest

from benchmarks import report, targets
from benchmarks.launch import Measurement, measure
from benchmarks.results import Results, Sample, Study, read, told
from benchmarks.rounds import interleave, ratios, speeds, summarise
from benchmarks.scaling import series
from benchmarks.workload import workload

MEASURED = Measurement(100.0, 0.01, 2.0, 5.0, 300_000_000, None, {"torch": "2.13.0"})


def sample(contender, number, speed, algorithm="sac", **scale):
    work = workload(algorithm, threads=2, **scale)
    return Sample(contender, number, work, replace(MEASURED, steps_per_second=speed))


def results(*samples):
    machine = {"system": "Linux", "processor": "a processor", "cores": 2, "accelerator": None, "load": 0.5}
    return Results("end to end", "--rounds 2", machine, samples=list(samples))


def test_contenders_take_turns():
    assert list(interleave(["a", "b"], 2)) == [(0, "a"), (0, "b"), (1, "a"), (1, "b")]


def test_speed_is_that_of_the_settled_steps_alone():
    work = replace(workload("sac"), first=10, settle=5, measured=20)
    # One second a step until the settled part begins, then a tenth.
    begins = [3.0 + step for step in range(16)] + [18.0 + 0.1 * step for step in range(1, 21)]
    processor = [2 * step if step > 15 else step for step in range(36)]
    found = measure({"begins": begins, "processor": processor, "process_bytes": 7, "versions": {}}, work)
    assert len(begins) == work.steps + 1
    assert found.steps_per_second == pytest.approx(10.0)
    assert found.processor == pytest.approx((70 - 15) / 20)
    assert (found.first_step, found.first_update, found.update_processor) == (3.0, 14.0, 11)
    assert found.device_bytes is None


def test_a_ratio_is_taken_within_a_round():
    ours = [sample("taxon", 0, 200.0), sample("taxon", 1, 100.0), sample("taxon", 2, 150.0)]
    peers = [sample("sb3", 0, 100.0), sample("sb3", 1, 25.0)]
    found = speeds([*ours, *peers])
    assert ratios(found["taxon"], found["sb3"]) == [2.0, 4.0]  # the third round has no partner
    assert summarise([4.0, 2.0]).show(1) == "3.0 (2.0 to 4.0)"


def test_speed_counts_every_seed_and_environment():
    assert speeds([sample("taxon", 0, 10.0, seeds=5)]) == {"taxon": {0: 50.0}}
    assert speeds([sample("taxon", 0, 10.0, "ppo", environments=4)]) == {"taxon": {0: 40.0}}


@pytest.mark.parametrize(("steps", "environments", "measured"), [(None, 1, 6144), (1, 1, 2048), (2049, 4, 2560)])
def test_rollouts_are_measured_whole(steps, environments, measured):
    work = workload("ppo", measured=steps, environments=environments)
    assert work.first == work.settle == 2048 // environments
    assert work.measured == measured
    assert work.measured % work.first == 0


def test_an_axis_is_walked_with_the_rest_as_it_is():
    works = series("seeds", "sac", "HalfCheetah-v4", "cpu", 2, 1000)
    assert [work.seeds for work in works] == [1, 2, 5, 10, 20, 50]
    assert [work.measured for work in works] == [1000, 500, 200, 100, 50, 50]
    assert {(work.batch, work.width, work.environments) for work in works} == {(None, None, 1)}


def test_results_survive_a_file(tmp_path):
    kept = results(sample("taxon", 0, 10.0), sample("sb3", 0, 5.0))
    kept.failures.append("sbx: why")
    kept.write(tmp_path / "deep" / "one.json")
    assert read(tmp_path / "deep" / "one.json") == kept


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ValueError, match="no results"):
        read(tmp_path / "other.json")


def test_folders_of_this_machine_stay_here():
    assert told("--peers-folder /home/me/peers --env dm_control/walker-walk") == (
        "--peers-folder peers --env dm_control/walker-walk"
    )


def test_the_page_shows_medians_ratios_and_failures(tmp_path):
    every = results(
        *(sample("taxon", number, speed) for number, speed in enumerate([300.0, 200.0, 250.0])),
        *(sample("sb3", number, speed) for number, speed in enumerate([100.0, 100.0, 125.0])),
    )
    every.failures.append("sbx, sac: not installed")
    page = report.measurements([every], [("Update", "1.23 ms\n")]) + report.performance([every])
    assert "| taxon | 250 (200 to 300) |  |" in page
    assert "| sb3 | 100 (100 to 125) | 2.00 (2.00 to 3.00) |" in page
    assert "- sbx, sac: not installed" in page
    assert "```\n1.23 ms\n```" in page
    assert "against sb3 | `end_to_end` | >= 2.2 (aim 2.6) | **2.00 (2.00 to 3.00), missed** |" in page


def test_headings_name_contenders_and_environments_and_differ():
    one = results(sample("taxon", 0, 300.0), sample("sb3", 0, 100.0), sample("cleanrl", 0, 100.0))
    title = report.heading(one)
    where = f"{one.samples[0].workload.algorithm.upper()} on {one.samples[0].workload.environment}"
    assert title.startswith(f"{one.kind}: {where}, ")
    assert ", against cleanrl and sb3, " in title
    assert title.endswith(one.machine["processor"])
    page = report.measurements([one, one])
    assert f"\n## {title}\n" in page
    assert f"\n## {title}, 2\n" in page


def test_machines_have_columns_of_their_own():
    ours, peers = sample("taxon", 0, 300.0), sample("sb3", 0, 100.0)
    other = results(ours, peers)
    other.machine["processor"] = "another (family 1)"
    update = "spec phase seeds threads GFLOP first s eager compiled products torch eager x compil x gain\n"
    update = f"2026-01-01, another (family 1), torch 2.13.0+cpu\nms\n{update}sac update 1 2 0.5 7 6 2 1 3 6 1.60 3\n"
    page = report.targets([results(ours, peers), other], [("Update", update)])
    assert "| target | `python -m benchmarks.` | bound | a processor | another (family 1) |" in page
    assert "against its products | `update` | <= 1.5 (aim 1.25) |  | **1.60, missed** |" in page
    assert "against sb3 | `end_to_end` | >= 2.2 (aim 2.6) | 3.00 | 3.00 |" in page
    assert "against sbx | `end_to_end` | >= 1.3 (aim 1.6) | not measured |  |" in page


def test_a_page_of_quoted_tables_alone_says_what_is_missing():
    page = report.performance([], [("Precision", "1.23\n")])
    assert "against sb3 | `end_to_end` | >= 2.2 (aim 2.6) | not measured |\n" in page


def test_a_target_is_set_against_the_fastest_peer():
    target = targets.against_best("td3", "cpu", ["sb3", "sbx"], 2)
    samples = [sample("taxon", 0, 30.0, "td3"), sample("sb3", 0, 10.0, "td3"), sample("sbx", 0, 20.0, "td3")]
    summary, best = target.find(samples)
    assert (summary.median, best) == (1.5, "sbx")
    assert target.met(summary.median)
    assert target.find(samples[1:]) is None
    assert target.find([sample("taxon", 0, 30.0, "td3", seeds=10), *samples[1:]]) is None


def test_the_time_to_the_first_update_may_not_exceed_its_bound():
    target = targets.first_update("cpu")
    one = sample("taxon", 0, 30.0)
    assert target.find([one]) is None
    summary, _ = target.find([replace(one, cache="warm"), replace(one, cache="cold")])
    assert summary.median == 5.0
    assert target.met(2.0)
    assert not target.met(2.1)


def study(contender, number, seconds, **changes):
    one = Study(contender, number, "sac", "HalfCheetah-v4", 8, 20_000, 2, seconds, 2 * seconds)
    return replace(one, **changes)


def test_runs_an_hour_are_compared_within_a_round(tmp_path):
    every = results()
    every.studies += [
        study("taxon", 0, 400.0),
        study("sb3", 0, 1200.0),
        study("taxon", 1, 300.0),
        study("sb3", 1, 600.0),
    ]
    every.studies += [study("taxon", 2, 100.0), study("sb3", 2, 800.0, runs=2)]
    assert every.studies[0].hourly == 72.0
    summary = targets.runs_an_hour().studies(every.studies)
    assert (summary.median, summary.low, summary.high) == (2.5, 2.0, 3.0)
    assert targets.runs_an_hour().studies(every.studies[:1]) is None
    every.write(tmp_path / "study.json")
    assert read(tmp_path / "study.json") == every
    page = report.performance([every])
    assert "`taxon study` against sb3 | `study` | >= 2.5 (aim 3) | 2.50 (2.00 to 3.00) |" in page
    every.studies = every.studies[:2]
    page = report.measurements([every])
    assert "**8 runs of SAC, 20,000 steps each, 2 cores**" in page
    assert "| taxon | 72.0 |  | 100.0 |" in page
    assert "| sb3 | 24.0 | 3.00 | 300.0 |" in page


def test_a_start_has_its_seconds_and_those_of_processors():
    one = sample("taxon", 0, 30.0)
    timed = [replace(one, cache="cold"), replace(one, cache="warm")]
    timed[1] = replace(timed[1], measurement=replace(MEASURED, first_update=2.0, update_processor=1.5))
    assert "| SAC | 5.0 | 2.0 | 1.5 |" in report.first_update(results(*timed))
    assert "| SAC |  | 5.0 |  |" in report.first_update(results(replace(one, cache="warm")))


def test_scaling_compares_one_axis_at_a_time():
    table = report.scaling(results(*(sample("taxon", 0, 100.0 / seeds, seeds=seeds) for seeds in (1, 10))))
    assert "SAC by seeds" in table
    assert "| 10 | 10.0 | 100 | 300 |  |" in table
    assert "by batch" not in table
