"""Exported files act as their policies do, on the environment's own spaces, in batches of any size."""

import ast
import builtins
import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import seen  # noqa: F401 registers environments
import torch
import worlds  # noqa: F401 registers environments

from taxon.compiler import emit
from taxon.compiler.acting import acting, filled
from taxon.compiler.library import names_used
from taxon.operators.observations import Array
from taxon.runtime.errors import UserError
from taxon.runtime.folder import module
from taxon.runtime.folder.spaces import BoxAction, ChoiceAction
from taxon.runtime.loop.streams import evaluation_start, streams
from taxon.runtime.policies.actions import actions_of
from taxon.runtime.policies.exporting import compared, export
from taxon.runtime.policies.traced import TracedPolicy, examples, names_of, read_by_acting, rescaling
from taxon.runtime.saved import evaluate_run
from taxon.semantics import load_spec
from tests.runtime.policies.small_runs import SmallRun

# Every family of policies, and every kind of observation.
GRAPHS = [
    ("sac", "Pendulum-v1"),  # tanh of a normal distribution
    ("ppo", "Pendulum-v1"),  # a normal one, of normalised observations
    ("ppo", "CartPole-v1"),  # categorical
    ("td3", "Pendulum-v1"),  # deterministic
    ("ppo_beta", "Pendulum-v1"),
    ("ppo_mixture", "Pendulum-v1"),
    ("sac", "policies/Seen-v0"),
]
PROGRAMS = [
    ("sac_mpo_layers", "Pendulum-v1"),  # layer normalisation
    ("power", "taxon/LinearQuadratic-v0"),  # linear in its features
    ("ppo", "known/Discrete-v0"),  # choices in, choices out
    ("sac", "known/Bytes-v0"),
]


def fill_of(run: SmallRun):
    return lambda *values: filled(acting(run.program.source), *values)


def batch(policy, count, seed):
    observation = examples(policy.record.observation, count, torch.Generator().manual_seed(seed))
    return observation, arrays(observation)


def arrays(observation):
    if isinstance(observation, dict):
        return {name: arrays(part) for name, part in observation.items()}
    return tuple(map(arrays, observation)) if isinstance(observation, tuple) else observation.numpy()


def named(space, shown):
    """The inputs of a graph."""
    leaves = []

    def walk(part):
        if isinstance(part, dict | tuple):
            for each in part.values() if isinstance(part, dict) else part:
                walk(each)
        else:
            leaves.append(part)

    walk(shown)
    return dict(zip(names_of(space), leaves, strict=True))


def assert_same_actions(policy, found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    space = policy.record.action
    if isinstance(space, BoxAction) and found.dtype.kind == "f":
        width = np.max(np.array(space.high) - np.array(space.low))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * width)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("spec", "environment"), PROGRAMS)
def test_a_torch_program_acts_as_its_policy(runs, spec, environment):
    policy = runs(spec, environment).policy()
    exported = export(policy, "torch", fill_of(runs(spec, environment)))
    program = torch.export.load(io.BytesIO(exported.content)).module()
    for count in (1, 2, 33):
        observation, shown = batch(policy, count, count)
        assert_same_actions(policy, program(observation).numpy(), policy.act(shown))


@pytest.mark.parametrize(("spec", "environment"), GRAPHS)
def test_a_graph_in_onnxruntime_acts_as_its_policy(runs, spec, environment):
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    policy = runs(spec, environment).policy()
    exported = export(policy, "onnx", fill_of(runs(spec, environment)))
    session = onnxruntime.InferenceSession(exported.content, providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == names_of(policy.record.observation)
    assert [each.name for each in session.get_outputs()] == ["action"]
    about = session.get_modelmeta().custom_metadata_map
    assert (about["environment"], about["seed"], about["steps"]) == (environment, "3", "40")
    for count in (1, 2, 33):
        _, shown = batch(policy, count, count)
        (found,) = session.run(None, named(policy.record.observation, shown))
        assert_same_actions(policy, found, policy.act(shown))


@pytest.mark.parametrize(("spec", "environment"), GRAPHS + PROGRAMS)
def test_a_script_acts_as_its_policy(runs, spec, environment):
    run = runs(spec, environment)
    exported = export(run.policy(), "standalone", fill_of(run))
    assert exported.parity.startswith(("the actions of 256 observations differ by 0.0e+00", "0 of 256 actions differ"))
    text = exported.content.decode()
    assert not re.search("^(from|import) taxon", text, re.MULTILINE)
    assert "def update" not in text  # what training alone needs is left out


def test_a_script_plays_without_taxon(runs, tmp_path):
    """In an empty folder, where taxon is not importable, and to the returns of the evaluation that begins alike."""
    run = runs("ppo", "CartPole-v1")
    (tmp_path / "policy.py").write_bytes(export(run.policy(), "standalone", fill_of(run)).content)
    result = evaluate_run(run.path, run.program.source, run.program.row, 2, "cpu")
    number, _ = streams([3, 5], torch.device("cpu")).evaluation
    start = evaluation_start(number, 40)
    (tmp_path / "taxon.py").write_text("raise AssertionError('taxon is imported')")

    command = [sys.executable, "policy.py", "--episodes", "2", "--seed", str(start)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    played = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=clean)
    assert played.returncode == 0, played.stderr
    seed, _ = result.seeds
    lines = played.stdout.splitlines()
    assert lines[:2] == [
        f"episode {place} return {total:.1f} length {length}"
        for place, (total, length) in enumerate(zip(seed.returns, seed.lengths, strict=True), 1)
    ]
    assert lines[2].startswith(f"mean return {np.mean(seed.returns):.1f}, standard deviation")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--env", "Pendulum-v1"], "has continuous actions"),
        (["--env", "Acrobot-v1"], "Acrobot-v1 shows float32[6] and takes 3; the policy observes float32[4] and"),
        (["--env", "CartPole-v9"], "there is no environment CartPole-v9"),
        (["--env", "taxon/Grid-v0"], "made by the taxon package"),
        (["--episodes", "0"], "--episodes is 1 or more"),
        (["--seed", "-1"], "--seed 0 or more"),
    ],
)
def test_a_script_refuses_in_one_message(runs, tmp_path, monkeypatch, capsys, arguments, said):
    run = runs("ppo", "CartPole-v1")
    script = module.load(filled(acting(run.program.source), "CartPole-v1", Array((4,)), 2, ""), tmp_path / "policy.py")
    monkeypatch.setattr(sys, "argv", ["policy.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_only_what_acting_reads_is_exported(runs):
    policy = runs("ppo", "Pendulum-v1").policy()
    needed = read_by_acting(policy)
    assert "policy.params" in needed
    assert any(name.startswith("statistics") for name in needed)
    assert not any("critic" in name or "moments" in name for name in needed)
    assert len(list(TracedPolicy(policy).buffers())) == len(needed) + 2  # and the two bounds


def test_a_policy_with_a_memory_is_not_exported(runs):
    policy = runs("sac", "Pendulum-v1").policy()

    class Remembering:
        def __getattr__(self, name):
            return getattr(policy_agent, name)

        def act_mean(self, state, memory, observation):
            return type(memory)(), policy_agent.act_mean(state, memory, observation)[1]

    policy_agent, policy.agent = policy.agent, Remembering()
    for format in ("torch", "standalone"):
        with pytest.raises(UserError, match="keeps a memory from step to step"):
            export(policy, format, fill_of(runs("sac", "Pendulum-v1")))


def test_a_file_that_acts_otherwise_is_refused(runs):
    policy = runs("sac", "Pendulum-v1").policy()
    other = runs("sac", "Pendulum-v1").policy()
    other.state = other.state._replace(policy=other.state.policy._replace(params=other.state.policy.params + 0.01))
    acts = policy.act
    policy.act = other.act
    with pytest.raises(UserError, match="the torch file acts otherwise than the policy: the actions of 256"):
        export(policy, "torch", fill_of(runs("sac", "Pendulum-v1")))
    policy.act = acts


def test_a_missing_package_is_named(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match="the format onnx needs onnx") as raised:
        export(runs("sac", "Pendulum-v1").policy(), "onnx", fill_of(runs("sac", "Pendulum-v1")))
    assert raised.value.help == "pip install 'taxon-rl[onnx]'"


def test_actions_are_compared_by_the_boxs_width():
    box = BoxAction(shape=[2], dtype="float32", low=[-1.0, 0.0], high=[1.0, 100.0])
    one, other = np.float32([[0.0, 50.0]]), np.float32([[0.0, 50.5]])
    assert compared(box, one, other).difference == pytest.approx(0.01)
    assert not compared(box, one, other).same
    assert compared(box, one, one + np.float32(5e-7)).same
    whole = BoxAction(shape=[2], dtype="uint8", low=[0], high=[9])
    several = np.zeros((200, 2), np.uint8)
    changed = several.copy()
    changed[0] = 1
    assert compared(whole, several, changed).difference == pytest.approx(1 / 200)
    assert compared(whole, several, changed).same
    changed[:4] = 1
    assert not compared(whole, several, changed).same
    choice = ChoiceAction(n=3, start=0, dtype="int64")
    assert compared(choice, np.array([0, 1]), np.array([0, 2])).difference == 0.5


@pytest.mark.parametrize("low", [0, 3, -(2**63)])
def test_whole_actions_are_rescaled_alike(low):
    space = BoxAction(shape=[2], dtype="int64", low=[low], high=[low + 9])
    row = torch.linspace(-1.2, 1.2, 82, dtype=torch.float32).reshape(41, 2)
    np.testing.assert_array_equal(rescaling(space)(row).numpy(), actions_of(space)(row.numpy()))


def test_actions_that_torch_has_no_numbers_for_are_refused():
    with pytest.raises(UserError, match="more than torch's whole numbers"):
        rescaling(BoxAction(shape=[1], dtype="uint64", low=[2**64 - 9], high=[2**64 - 1]))


@pytest.mark.parametrize(
    "spec", ["mpo_categorical", "rerpi", "iadp", "awr", "reps", "urex", "svg0_prior", "trpo_gae", "mpo_distributed"]
)
def test_what_is_left_of_a_module_defines_all_that_it_reads(spec):
    text = acting(emit(load_spec(spec).row))
    tops = {name for node in ast.parse(text).body for name in defined_by(node)}
    assert names_used(text) <= tops | set(dir(builtins)) | {"__name__"}


def defined_by(node):
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]
