"""The examples of docs/extending.md: each is built, installed, known to every command, and trained."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from installing import EXAMPLES, NAMES, Place


@dataclass(frozen=True)
class Example:
    """An example package, by what its commands must say.

    Attributes:
        path: where its choice stands. choice: its key. parent: the shipped spec that it extends.
        imports: what the emitted module imports from it. code: a line of that. equation: a line of `derive`.
        table: an entry of Table 1. sets: what makes its training short.
    """

    path: str
    choice: str
    parent: str
    imports: str
    code: str
    equation: str
    table: str
    sets: tuple[str, ...]


_SMALL = ("network.hidden = [8]", "data.warmup = 20", "data.batch = 8")
_ROUND = ("network.hidden = [8]", "data.environments = 2", "data.steps = 16", "data.batch = 16")

EXPECTED = {
    "averaged_returns": Example(
        "G.estimate",
        "averaged",
        "ppo",
        "from taxon_averaged_returns.operators import averaged_returns",
        "GAMMA, SHORT, LONG, WEIGHT",
        "y_t = (1 - 0.5) G_t^{(1)} + 0.5 G_t^{(5)}",
        "Averaged n-step TD",
        _ROUND,
    ),
    "combined_replay": Example(
        "data",
        "combined_replay",
        "sac",
        "from taxon_combined_replay.source import CombinedReplay",
        "DATA = CombinedReplay(",
        "one minibatch of 256 steps, drawn uniformly but for its last, the newest.",
        "Q_soft^pi_q",
        _SMALL,
    ),
    "encoder": Example(
        "network.input",
        "encoder",
        "sac",
        "from taxon_encoder.network import Encoder",
        "def value_loss(critic: Tensor, encoder: Tensor)",
        "s = tanh(norm(W_xi o + b_xi))",
        "Q_soft^pi_q",
        _SMALL,
    ),
    "laplace": Example(
        "pi_theta",
        "laplace",
        "ppo",
        "from taxon_laplace.operators import laplace_entropy, laplace_kl, laplace_log_prob, laplace_sample",
        "self.policy = Laplace(trunk, 0.01)",
        "b_theta(s) = 0.01 + log(1 + exp(f_theta(s)))",
        "Laplace(mu_theta(s), b_theta(s))",
        _ROUND,
    ),
    "relu_power": Example(
        "pi_q.update.f",
        "relu_power",
        "awac",
        "from taxon_relu_power.operators import powered",
        "weights = powered(score, POWER)",
        "w_i = max(G_i, 0)^2",
        "Analytic",
        _SMALL,
    ),
}
STEPS = 64


def spec(name: str) -> Path:
    return EXAMPLES / name / f"{name}.tx"


def package(name: str) -> str:
    return f"taxon-{name.replace('_', '-')}"


def settings(name: str) -> list[str]:
    return [word for setting in EXPECTED[name].sets for word in ("--set", setting)]


def test_every_example_is_tried() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_command_knows_it(name: str, examples: Place) -> None:
    it, file = EXPECTED[name], spec(name)
    check, show, table, derive, emit, alone, explain, doc, diff, fmt, list_ = examples.front_end(
        ["check", file],
        ["show", file],
        ["table", file],
        ["derive", file],
        ["emit", file],
        ["emit", "--standalone", file],
        ["explain", it.path],
        ["doc", it.choice],
        ["diff", f"std.{it.parent}", file],
        ["fmt", "--check", file],
        ["list"],
    )
    every = (check, show, table, derive, emit, alone, explain, doc, diff, fmt, list_)
    codes = [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]  # two specs that differ: 1
    assert [called.exit_code for called in every] == codes, [called.stderr for called in every]
    assert it.choice in show.stdout
    assert it.table in table.stdout
    assert it.equation in " ".join(derive.stdout.split())
    assert it.imports in emit.stdout
    assert it.code in emit.stdout
    assert f"is of the package {package(name)}." in emit.stdout
    imported = {node.module or "" for node in ast.parse(alone.stdout).body if isinstance(node, ast.ImportFrom)}
    assert not [module for module in imported if module.startswith("taxon")]
    for called in (explain, doc):
        assert f"{it.choice}: " in called.stdout
        assert f"Package: {package(name)}" in called.stdout
    assert it.choice in diff.stdout
    assert f"choices of {package(name)} 0.1.0\n" in list_.stdout
    assert f"{it.path} = {it.choice}" in list_.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_shell_and_the_editor_offer_it(name: str, examples: Place) -> None:
    it = EXPECTED[name]
    words = ["taxon", "doc", it.choice[:-1]]
    offered = examples.python(
        "-m", "taxon", _TAXON_COMPLETE="complete_bash", COMP_WORDS="\n".join(words), COMP_CWORD="2"
    )
    assert it.choice in offered.stdout.split()
    text = f"taxon 1\nalgorithm x {{\n  {it.path} = \n}}\n"
    asking = f"""
from pathlib import Path
from taxon.server.completion import completions
from taxon.server.hover import hover
text = {text!r}
print([each.label for each in completions(Path("/x.tx"), text, text.index(" = ") + 3, {{}})])
spec = Path({str(spec(name))!r})
read = spec.read_text()
print(hover(spec, read.index({it.choice!r}, read.index("{{")), {{}})[0])
"""
    answered = examples.python("-c", asking)
    assert repr(it.choice) in answered.stdout, answered.stderr
    assert f"Package: {package(name)}" in answered.stdout


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_and_the_run_records_it(name: str, examples: Place, tmp_path: Path) -> None:
    """The loop really runs updates: their number is recorded, and no seed is frozen."""
    out = tmp_path / "run"
    options = [
        "--env",
        "Pendulum-v1",
        "--steps",
        str(STEPS),
        "--eval-every",
        "never",
        "--seeds",
        "2",
        "--compile",
        "off",
    ]
    done = examples.taxon("run", spec(name), *options, *settings(name), "--workers", "0", "--out", out)
    assert done.exit_code == 0, done.stderr
    record = json.loads((out / "run.json").read_text())
    assert record["extensions"] == {package(name): "0.1.0"}
    assert record["status"] == "finished"
    assert min(record["updates"].values()) > 0
    (missing,) = Place(tmp_path / "nowhere").front_end(["diff", f"{out}", "sac"])
    assert missing.exit_code == 2
    message = f"has choices of the package {package(name)} 0.1.0, which is not installed"
    assert message in " ".join(missing.stderr.split())


def test_an_encoder_of_what_is_normalised(examples: Place, tmp_path: Path) -> None:
    """Statistics first, then the encoder; what stands below `base` are leaves of the row."""
    below = ["--set", "network.input = encoder(size = 5, base = normalised(clip = 5))"]
    emit, show, derive = examples.front_end(
        ["emit", spec("encoder"), *below],
        ["show", spec("encoder"), *below],
        ["derive", spec("encoder"), *below],
    )
    assert [called.exit_code for called in (emit, show, derive)] == [0, 0, 0], emit.stderr
    assert "self.encoder.apply(encoder, self.normalise(state, batch.observation))" in emit.stdout
    assert "normalise_real(state.statistics, observation, self.layout, INPUT_EPS, INPUT_CLIP)" in emit.stdout
    assert "encoder(size = 5, base = normalised(" in show.stdout
    assert "What the encoder reads" in derive.stdout
    out = tmp_path / "run"
    options = ["--env", "Pendulum-v1", "--steps", str(STEPS), "--eval-every", "never", "--compile", "off"]
    done = examples.taxon(
        "run", spec("encoder"), *options, *settings("encoder"), *below, "--workers", "0", "--out", out
    )
    assert done.exit_code == 0, done.stderr
    assert json.loads((out / "run.json").read_text())["status"] == "finished"


def test_the_operators_pass_their_own_tests(examples: Place) -> None:
    done = examples.python("-m", "pytest", "-v", "-p", "no:cacheprovider", "--import-mode=importlib", EXAMPLES)
    assert done.exit_code == 0, done.stdout
    assert set(re.findall(r"(\w+)/test_\w+\.py", done.stdout)) == set(NAMES)


# ---- a run whose package changed


@pytest.fixture(scope="module")
def run(examples: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one of them, with more steps to be made."""
    out = tmp_path_factory.mktemp("run") / "run"
    options = ["--env", "Pendulum-v1", "--steps", str(STEPS), "--eval-every", "never", "--compile", "off"]
    done = examples.taxon("run", spec("relu_power"), *options, *settings("relu_power"), "--workers", "0", "--out", out)
    assert done.exit_code == 0, done.stderr
    return out


@pytest.mark.parametrize("command", [["eval"], ["run", "--steps", "128", "--resume"], ["diff", "sac"]])
def test_a_run_whose_package_is_missing(command: list[str], run: Path, tmp_path: Path) -> None:
    called = Place(tmp_path).taxon(*command, run)
    assert called.exit_code == 2
    assert called.stderr.splitlines() == [
        f"error: {run} has choices of the package taxon-relu-power 0.1.0, which is not installed",
        " help: install it, if you trust where it comes from",
    ]


def test_a_spec_of_a_run_whose_package_is_missing(run: Path, tmp_path: Path) -> None:
    """An unknown choice alone would not say whose it is."""
    (called,) = Place(tmp_path).front_end(["show", run / "resolved.tx"])
    assert called.exit_code == 1
    assert "has no choice `relu_power`" in called.stderr
    assert f"{run} has choices of the package taxon-relu-power 0.1.0, which is not installed" in called.stderr


def test_another_version_is_said_when_a_run_goes_on(run: Path, examples: Place, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    for file in examples.path.glob("taxon_relu_power*/*"):
        if file.is_file():
            copy = newer / str(file.relative_to(examples.path)).replace("-0.1.0", "-0.2.0")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(file.read_text().replace("Version: 0.1.0", "Version: 0.2.0"))
    called = Place(newer).taxon("run", "--resume", run, "--steps", str(2 * STEPS))
    assert called.exit_code == 0, called.stderr
    said = "taxon-relu-power is 0.2.0 now and was 0.1.0: the numbers may differ from an unbroken run's"
    assert said in " ".join((called.stdout + called.stderr).split())
    (resumed,) = json.loads((run / "run.json").read_text())["resumed"]
    assert resumed["extensions"] == {"taxon-relu-power": "0.2.0"}
