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
    assert {f"TX{path.name[2:5]}" for path in BAD} == {code.id for code in rules.CODES}


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
    """Whether a message begins with a name: of an estimator, of an algorithm, of control by KL."""
    return message.startswith(("Retrace", "TD(", "KL", "MPO", "Q "))


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
