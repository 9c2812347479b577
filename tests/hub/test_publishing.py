"""A run goes to a hub and comes back: what its card says, what travels, and what is taken of a stranger's."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from cli.program import taxon
from hub_server import COMMIT, TOKEN, serving

from taxon.hub.card import Described, card
from taxon.hub.relative import lines, nearest
from taxon.hub.returns import Returns, last_returns
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics import load_spec
from tests.runtime.policies.small_runs import SmallRun, small_run

NAME = "ada/sac-pendulum"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> SmallRun:
    path = tmp_path_factory.mktemp("runs") / "run"
    return small_run(path, "sac", "Pendulum-v1", "network.activation=elu", seeds=(3, 5, 8))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    with serving() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        yield server


def test_a_run_goes_there_and_comes_back(run, hub, tmp_path, monkeypatch):
    pushed = taxon("push", run.path, NAME, "--private", "--with", "torch", "--to", tmp_path / "folder")
    assert pushed.exit_code == 0, pushed.stderr
    assert pushed.stdout.splitlines()[-1] == f"pushed to {hub.url}/{NAME}/commit/{COMMIT}"
    assert hub.private == {NAME: True}
    assert hub.messages == ["sac on Pendulum-v1, 40 steps"]
    sent = hub.files[NAME]
    assert sent == {file.name: file.read_bytes() for file in (tmp_path / "folder").iterdir()}
    (tensors,) = (name for name in sent if name.endswith(".safetensors"))
    assert set(sent) == {
        *("README.md", "run.json", "resolved.tx", "checkpoint.json", "metrics.jsonl", "curve.png", "derivation.md"),
        *(tensors, "policy.pt2"),
    }
    assert len(sent["checkpoint.json"]) < 20_000  # no loop and no environments
    assert sent["metrics.jsonl"] == (run.path / "metrics.jsonl").read_bytes()

    sent["setup.py"] = b"raise SystemExit('executed')"
    sent["../../above"] = b"above"
    monkeypatch.chdir(tmp_path)
    pulled = taxon("pull", NAME)
    assert pulled.exit_code == 0, pulled.stderr
    arrived = tmp_path / "runs" / "sac-pendulum"
    assert pulled.stdout.splitlines() == [
        f"{NAME} is in runs/sac-pendulum: taxon eval runs/sac-pendulum",
        "left there, since it is no part of a run that is read: ../../above, policy.pt2, setup.py",
    ]
    names = {file.name for file in arrived.iterdir()}
    assert names == set(sent) - {"policy.pt2", "setup.py", "../../above"}
    assert all((arrived / name).read_bytes() == sent[name] for name in names)
    assert not any("above" in request or "setup.py" in request for request in hub.requests)

    here, there = (taxon("eval", path, "--episodes", "1", "--device", "cpu").stdout for path in (run.path, arrived))
    assert here == there != ""
    refused = taxon("run", "--resume", arrived)
    assert refused.exit_code == 2
    assert "was published: it has agents that act, and nothing with which training goes on" in refused.stderr


def test_best_policies_travel(hub, tmp_path):
    run = small_run(tmp_path / "run", "sac", "Pendulum-v1", seeds=(3,), keep_best=True)
    assert taxon("push", run.path, NAME).exit_code == 0
    assert taxon("pull", NAME, "--to", tmp_path / "there").exit_code == 0
    asked = ("--best", "--episodes", "1", "--device", "cpu")
    here, there = (taxon("eval", path, *asked).stdout for path in (run.path, tmp_path / "there"))
    assert here == there != ""


def test_a_stranger_is_refused(run, hub, tmp_path):
    assert taxon("push", run.path, NAME).exit_code == 0
    whole = dict(hub.files[NAME])
    (tensors,) = (name for name in whole if name.endswith(".safetensors"))
    record = json.loads(whole["run.json"])
    cases = [
        ({"run.json": None}, "it has no run.json"),
        ({tensors: None}, "it has 0 files of tensors"),
        ({f"checkpoint-9-{'0' * 12}.safetensors": b""}, "it has 2 files of tensors"),
        ({tensors: whole[tensors][:-1]}, "its digest differs"),
        ({"checkpoint.json": b"[]"}, "is not the index of a checkpoint"),
        ({"run.json": json.dumps({**record, "row": "00"}).encode()}, "belongs to another run"),
        ({"run.json": json.dumps({**record, "seeds": [1, 1, 2]}).encode()}, "names a seed twice"),
        ({"run.json": b"{" * 5_000}, "run.json"),
    ]
    for place, (changes, said) in enumerate(cases):
        changed = {name: content for name, content in (whole | changes).items() if content is not None}
        hub.files["eve/run"] = changed
        refused = taxon("pull", "eve/run", "--to", tmp_path / str(place))
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert said in refused.stderr, refused.stderr
        assert len(refused.stderr.splitlines()) == 2
        assert not (tmp_path / str(place)).exists()
    hub.files["eve/run"], hub.claimed[tensors] = whole, 3 * 2**30
    hub.requests.clear()
    refused = taxon("pull", "eve/run", "--to", tmp_path / "large")
    assert f"of {tensors}, more than" in refused.stderr
    assert hub.requests == ["GET api/models/eve/run"]  # and none for the files


def test_what_the_hub_refuses_is_one_message(run, hub, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    hub.files["ada/other"] = {}
    cases = [
        (("push", run.path), "there is nowhere to push to"),
        (("push", run.path, "sac"), "sac is no repository"),
        (("push", run.path, "../x/y"), "../x/y is no repository"),
        (("push", run.path, "--to", tmp_path / "full"), "is not an empty folder"),
        (("push", run.path, "--to", tmp_path / "full" / "file"), "is not an empty folder"),
        (("push", run.path, "--to", tmp_path / "full" / "file" / "below"), "cannot be made: Not a directory"),
        (("push", run.path, "--to", tmp_path / "x", "--with", "jpeg"), "--with jpeg: there is no such format"),
        (("push", run.path, "--to", tmp_path / "x", "--with", "torch,torch"), "--with torch,torch names torch twice"),
        (("push", run.path, "--to", tmp_path / "x", "--seed", "3"), "--seed says what is exported, and nothing is"),
        (("push", run.path, "--to", tmp_path / "x", "--with", "torch", "--seed", "4"), "has no seed 4"),
        (("push", run.path, "--to", tmp_path / "x", "--private"), "--private is said of a repository"),
        (("push", tmp_path / "full", NAME), "it has no run.json"),
        (("pull", "ada"), "ada is no repository"),
        (("pull", "ada/other", "--to", tmp_path / "full"), "full is not an empty folder"),
        (("pull", "ada/other", "--to", tmp_path / "full" / "file"), "is not the folder of a run"),
        (("pull", "ada/none"), "the hub has no ada/none, or not for you"),
        (("pull", "ada/other"), "ada/other is no run: it has no run.json"),
        (("pull", "ada/other", "--revision", "v9"), "the hub has no ada/other"),
        (("pull", "ada/other", "--revision", "../v9"), "../v9 is no revision"),
    ]
    for arguments, said in cases:
        refused = taxon(*arguments)
        assert (refused.exit_code, refused.stdout) == (2, ""), arguments
        assert said in refused.stderr, refused.stderr
        assert len(refused.stderr.splitlines()) == 2, refused.stderr
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_stranger")
    refused = taxon("push", run.path, NAME)
    assert refused.exit_code == 2
    assert "log in with `hf auth login`" in refused.stderr
    monkeypatch.setattr(sys.modules["huggingface_hub.constants"], "ENDPOINT", "http://127.0.0.1:9")
    refused = taxon("pull", NAME, "--to", tmp_path / "nowhere")
    assert refused.exit_code == 2
    assert f"the hub cannot be reached for {NAME}" in refused.stderr
    assert len(refused.stderr.splitlines()) == 2


def described(run: SmallRun, **changes) -> Described:
    folder = RunFolder(run.path)
    record = manifest.read(folder)
    row = load_spec(str(run.path / "resolved.tx")).row
    told = {"returns": last_returns(folder, record), "repository": NAME} | changes
    return Described(record=record, row=row, canonical=run.program.resolved, **told)


def test_a_card_is_written_from_the_run(run):
    evaluations = [
        line
        for line in map(json.loads, (run.path / "metrics.jsonl").read_text().splitlines())
        if line["kind"] == "evaluation" and line["step"] == 40
    ]
    mean = sum(line["return"] for line in evaluations) / 3
    text = card(described(run, formats=["onnx"]))
    front, body = text.removeprefix("---\n").split("---\n", 1)
    yaml = pytest.importorskip("yaml")
    matter = yaml.safe_load(front)
    assert matter["tags"] == ["reinforcement-learning", "deep-reinforcement-learning", "taxon", "sac", "Pendulum-v1"]
    (result,) = matter["model-index"][0]["results"]
    assert result["dataset"] == {"name": "Pendulum-v1", "type": "Pendulum-v1"}
    assert result["metrics"][0]["type"] == "mean_reward"
    assert float(result["metrics"][0]["value"].split(" +/- ")[0]) == pytest.approx(mean, abs=0.01)
    assert f"{mean:,.1f} ± " in body
    assert "(95% interval) over 3 seeds at step 40" in body
    assert f"taxon pull {NAME} --to sac-pendulum" in body
    assert "| `pi_q.update` | `SG` |" in body
    assert "onnxruntime.InferenceSession" in body
    assert run.program.resolved in body
    assert run.program.row in body


def test_a_card_holds_a_strangers_words_as_text(run):
    record = manifest.read(RunFolder(run.path)).model_copy(
        update={"environment": 'x"` --- # y', "taxon": "0\n---\ninference: true\x1b[31m"}
    )
    text = card(Described(record, load_spec("sac").row, "taxon 1\n", None, None))
    assert "\x1b" not in text
    assert text.count("\n---\n") == 1
    assert "\ninference" not in text


def test_the_interval_is_students():
    returns = Returns(7, {0: [1.0, 3.0], 1: [4.0], 2: [6.0]}, 4.968275)
    assert returns.mean == 4.0
    assert returns.spread == pytest.approx(1.802776)
    assert str(returns) == "4.0 ± 5.0 (95% interval) over 3 seeds at step 7"


def test_the_returns_are_of_the_last_step_that_every_seed_has(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.path, folder)
    record = manifest.read(RunFolder(folder))

    def line(seed, step, returns, kind="evaluation"):
        return json.dumps({"kind": kind, "step": step, "seed": seed, "returns": returns})

    kept = [line(seed, 10, [float(seed), 9.0]) for seed in (3, 5, 8)]
    more = [line(3, 20, [1.0]), line(5, 20, []), line(8, 20, ["a"]), line(9, 10, [1.0]), line(3, 30, [None]), "{"]
    (folder / "metrics.jsonl").write_text("\n".join(kept + more) + "\n")
    found = last_returns(RunFolder(folder), record)
    assert (found.step, found.seeds) == (10, {3: [3.0, 9.0], 5: [5.0, 9.0], 8: [8.0, 9.0]})
    # Student's t at 97.5 % with two degrees of freedom, 4.302653, of the means 6, 7 and 8.5
    assert found.half == pytest.approx(4.302653 * 1.258306 / 3**0.5, rel=1e-5)
    frozen = record.model_copy(update={"frozen": {"5": 3, "8": 3}})
    alone = last_returns(RunFolder(folder), frozen)
    assert (alone.step, alone.half) == (20, None)
    (folder / "metrics.jsonl").unlink()
    assert last_returns(RunFolder(folder), record) is None


@pytest.mark.parametrize(
    ("name", "environment", "actions"),
    [("mpo_net_sac", "Hopper-v4", "continuous"), ("ppo", "CartPole-v1", "discrete"), ("awr", "Ant-v4", "continuous")],
)
def test_a_shipped_row_is_nearest_to_itself(name, environment, actions):
    parent, found = nearest(load_spec(name, (), environment, actions).row, environment, actions)
    assert (parent.name, found) == (name, [])


def test_what_sets_a_row_apart_is_shown_as_a_patch():
    row = load_spec("sac", ["target.tau=0.01"], "Hopper-v4", "continuous").row
    parent, found = nearest(row, "Hopper-v4", "continuous")
    assert parent.name == "sac"
    verdict, _, *patch = lines(parent, row, found)
    assert verdict == "same algorithm, same implementation; 1 code-level difference"
    assert [line[0] for line in patch] == ["-", "+"]
    assert "0.01" in patch[1]
