"""The rules: one code for one mistake, messages in the house's voice, and a way out that works."""

import re
from pathlib import Path

import pytest

from taxon.diagnostics.model import Diagnostic, Severity
from taxon.semantics import check_file, load_spec
from taxon.taxonomy import rules
from taxon.taxonomy.rules import RULES

CORPUS = Path(__file__).parent.parent / "corpus"
BAD = sorted(path for path in (CORPUS / "bad").glob("tx[35]*.tx"))


def only(path: Path) -> Diagnostic:
    (found,) = check_file(path)
    return found


def test_every_code_has_a_bad_spec() -> None:
    """But those on environments, which a file alone does not meet."""
    known = {code.id for code in rules.CODES}
    assert {f"TX{path.name[2:5]}" for path in BAD} == {code for code in known if not code.startswith("TX4")}


def test_codes_are_errors_below_500_and_warnings_above() -> None:
    for code in rules.CODES:
        assert (code.severity is Severity.WARNING) == code.id.startswith("TX5")
        assert code.severity is Severity.ERROR or code.source


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_voice(path: Path) -> None:
    """A message says what in one line, without a full stop; how is the help's part."""
    found = only(path)
    assert "\n" not in found.message
    assert not found.message.endswith(".")
    assert not found.help.endswith(".")
    assert found.message[0] == "`" or found.message[0].islower() or proper(found.message)
    assert not re.search(r"\b(write|use|add|drop)\b", found.message)
    assert re.match(r"(write|add|drop|give|keep) ", found.help)
    assert found.code.why.endswith(".")


def proper(message: str) -> bool:
    """Whether a message begins with a name: of an estimator, of an algorithm, of a control."""
    return message.startswith(("Retrace", "TD(", "GAE", "KL", "EM", "MPO"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_help_helps(path: Path) -> None:
    """`good/*_fixed.tx` does what the help says, and nothing is found there (the corpus test holds that)."""
    bad = path.read_text("utf-8")
    fixed = (CORPUS / "good" / f"{path.stem}_fixed.tx").read_text("utf-8")
    told = re.findall(r"`([^`]+)`", only(path).help)
    patterns = [re.escape(piece).replace(re.escape("..."), ".*") for piece in told]
    assert any(bool(re.search(pattern, bad)) != bool(re.search(pattern, fixed)) for pattern in patterns)


@pytest.mark.parametrize(
    ("spec", "sets", "code"),
    [
        # a switch of control that stops halfway is one mistake
        ("sac", ["pi_q=nonparametric"], "TX302"),
        ("sac", ["pi_p=pi_theta"], "TX303"),
        ("sac", ["pi_p=pi_theta", "pi_p.update=sg"], "TX303"),
        ("sac", ["pi_q.update=analytic"], "TX301"),
        ("mpo", ["pi_q=pi_theta"], "TX301"),
        ("mpo", ["pi_p=fixed"], "TX304"),
        ("mpo", ["pi_p=fixed", "pi_p.update=fixed"], "TX304"),
        ("awac", ["pi_q=pi_theta", "eta=entropy"], "TX301"),
        # a V network cannot be had under Q's estimators, whatever they are
        ("sac", ["G=A[pi_p]"], "TX308"),
        ("awr_net_mpo", ["G.estimate=retrace(1) + clipped_double"], "TX311"),
        ("mpo", ["target=none"], "TX315"),
        ("mpo", ["data.capacity=4"], "TX324"),
        ("awac", ["G=Q_soft[pi_q]", "G.estimate=td(0.5)", "data=replay + sequences"], "TX310"),
        ("vmpo", ["data=replay"], "TX307"),
        ("ppo_clip", ["data=replay"], "TX308"),
        ("sac", ["G=A[pi_p]", "G.estimate=gae + smoothing"], "TX308"),
        ("ppo_clip", ["pi_p=fixed", "pi_p.update=fixed"], "TX309"),
        ("ppo_clip", ["pi_p=fixed", "pi_p.update=fixed", "pi_q.update=sg", "G=Q[pi_p]"], "TX340"),
        ("urex", ["G=Q_soft[pi_q]"], "TX310"),
        # a prior that follows, halfway
        ("reps", ["pi_p=pi_theta"], "TX305"),
        ("reps", ["pi_p.update=sg"], "TX305"),
        ("ppo_clip", ["pi_p=fixed"], "TX305"),
        ("ppo_clip", ["pi_p=pi_theta"], "TX303"),
        ("sac", ["pi_p.update=pi_q"], "TX305"),
        ("trpo", ["pi_q=nonparametric", "pi_q.update=natural_gradient"], "TX302"),
        # no critic, or none that the estimate could read
        ("power", ["G.estimate=retrace(1)"], "TX311"),
        ("power", ["G.estimate=gae"], "TX340"),
        ("power", ["G.estimate=n_step(3)"], "TX338"),
        ("power", ["G.estimate=td(0.9)", "data=rollouts"], "TX338"),
        ("power", ["data=replay"], "TX307"),
        ("urex", ["data=rollouts"], "TX345"),
        ("urex", ["data=rollouts(environments = 7) + restarts(group = 2)"], "TX336"),
        ("rwr_return", ["data=rollouts"], "TX339"),
        # logarithms, under the control that does not undo them
        ("trpo", ["pi_q.update=natural_gradient", "G=eta * log(Q[pi_p])"], "TX327"),
        ("ppo_clip", ["pi_q.update=sg + clipped", "G=eta * log(Q[pi_p])"], "TX327"),
        # a deterministic policy
        ("ddpg", ["eta=dual"], "TX314"),
        ("ddpg", ["pi_p=pi_q", "pi_p.update=pi_q"], "TX331"),
        ("ddpg", ["G=A[pi_q]", "target=none"], "TX308"),
        ("ddpg", ["G=A[pi_q]", "target=none", "data=rollouts"], "TX348"),
        ("ddpg", ["G.estimate=retrace"], "TX348"),
        # what is solved
        ("power", ["network.policy.hidden=[64]", "network.policy.mean=tanh"], "TX328"),
        ("reps", ["eta=entropy"], "TX317"),
        ("reps", ["eta=0"], "TX332"),
        ("reps", ["G.estimate=retrace"], "TX311"),
        ("reps", ["G.estimate=none"], "TX338"),
        ("reps", ["G.estimate=gae"], "TX343"),
        ("trpo", ["pi_q.update=natural_gradient", "G=Q_soft[pi_q]"], "TX346"),
    ],
)
def test_what_follows_from_a_mistake_is_not_reported_too(spec: str, sets: list[str], code: str) -> None:
    resolution = load_spec(spec, sets)
    assert resolution.row is None
    assert [finding.code.id for finding in resolution.diagnostics] == [code]


@pytest.mark.parametrize(
    ("spec", "sets", "codes"),
    [
        ("sac", ["bounds=penalty", "G.estimate=td(0.5)"], ["TX312", "TX319", "TX325"]),
        ("mpo", ["target.policy=false", "data=replay(batch = 32)"], ["TX312", "TX315"]),
        ("awr", ["data=rollouts + episodes"], ["TX336", "TX337"]),
        ("power", ["G.critic=online", "network.policy.mean=tanh"], ["TX328", "TX342"]),
        ("td3", ["bounds=penalty", "network.policy.mean=linear", "gamma=1"], ["TX342", "TX348"]),
    ],
)
def test_two_mistakes_are_both_reported(spec: str, sets: list[str], codes: list[str]) -> None:
    assert sorted(finding.code.id for finding in load_spec(spec, sets).diagnostics) == codes


def test_silences_name_codes() -> None:
    known = {code.id for code in rules.CODES}
    for rule in RULES:
        assert rule.after <= known - {rule.code.id}


def test_lints_wait_until_the_row_means_something() -> None:
    resolution = load_spec("sac", ["G.estimate=td(0.5)", "pi_theta=normal(mean(s), cov(s))"])
    assert {finding.severity for finding in resolution.diagnostics} == {Severity.ERROR}


def test_the_primary_place_is_in_the_spec_itself(tmp_path: Path) -> None:
    path = tmp_path / "ours.tx"
    path.write_text("taxon 1\nimport std.sac\nalgorithm ours extends sac {\n  pi_q = nonparametric\n}\n", "utf-8")
    place = only(path).primary
    assert place is not None
    assert place.text == "nonparametric"


def test_a_constant_covariance_is_not_warned_of_growing(tmp_path: Path) -> None:
    """What Table 3 reports of an unsquashed policy is that its entropy is rewarded: here the entropy is a constant."""
    path = tmp_path / "ours.tx"
    body = "pi_theta = normal(mean(s), 0.1), eta = 0.2, unset network.policy.std, unset optimizer.dual"
    path.write_text(f"taxon 1\nimport std.sac\nalgorithm ours extends sac {{ {body} }}\n", "utf-8")
    assert check_file(path) == []


def test_a_default_takes_part_by_a_note() -> None:
    (found,) = load_spec("awac", ["network.policy.mean=linear"]).diagnostics
    assert found.code.id == "TX506"
    assert found.notes == ("`bounds` is the default: is none",)
    assert [label.span.text for label in found.labels] == ["normal(mean(s), cov)"]
