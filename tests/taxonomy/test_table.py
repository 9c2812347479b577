"""Table 1 of Furuta et al. 2021, from the shipped specs, in the words of the paper."""

from functools import cache
from itertools import combinations

import pytest

from taxon.semantics import load_spec
from taxon.taxonomy import FACTORS
from taxon.taxonomy.difference import compare
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells

GAUSSIAN = "N(mu_theta(s), Sigma_theta(s))"

# pi_q, pi_p, pi_q update, pi_p update, G, G estimate, pi_theta. The paper leaves pi_q empty under KL control: it is the
# policy, pi_theta.
TABLE_1 = {
    "mpo": ("Non-parametric", "pi_theta", "Analytic + TR", "SG + TR", "Q^pi_p", "Retrace(1)", GAUSSIAN),
    "awr": (
        *("Non-parametric", "pi_theta", "Analytic", "Mixture + SG", "A^pi_p", "TD(lambda)"),
        "N(mu_theta(s), Sigma)",
    ),
    "awac": (
        *("Non-parametric", "pi_theta", "Analytic", "Mixture + SG", "Q^pi_p", "TD(0)"),
        "N(mu_theta(s), Sigma_theta)",
    ),
    "sac": ("pi_theta", "Fixed", "SG", "(Fixed to Unif.)", "Q_soft^pi_q", "TD(0) + TD3", f"Tanh({GAUSSIAN})"),
    "power": ("Non-parametric", "pi_theta", "Analytic", "Analytic", "eta log Q^pi_p", "TD(1)", GAUSSIAN),
    "rwr": ("Non-parametric", "pi_theta", "Analytic", "SG", "eta log r", "-", "N(mu_theta(s), Sigma)"),
    "reps": ("Non-parametric", "pi_q", "Analytic", "pi_q", "A^pi_p", "TD(0)", "Softmax"),
    "urex": ("Non-parametric", "pi_theta", "Analytic", "SG", "Q^pi_p", "TD(1)", "Softmax"),
    "vmpo": ("Non-parametric", "pi_theta", "Analytic + TR", "SG + TR", "A^pi_p", "n-step TD", GAUSSIAN),
    "trpo": ("pi_theta", "pi_q", "TR", "pi_q", "A^pi_p", "TD(1)", "N(mu_theta(s), Sigma_theta)"),
    "ppo": ("pi_theta", "pi_q", "SG + TR", "pi_q", "A^pi_p", "GAE", "N(mu_theta(s), Sigma_theta)"),
    "ddpg": ("pi_theta", "Fixed", "SG", "(Fixed)", "Q^pi_q", "TD(0)", "mu_theta(s)"),
    "td3": ("pi_theta", "Fixed", "SG", "(Fixed)", "Q^pi_q", "TD(0) + TD3", "mu_theta(s)"),
}

# Systems beside Table 1, two of them from Marino et al. 2021's table of design choices.
FURTHER = {
    "erpg": ("pi_theta", "Fixed", "SG", "(Fixed to Unif.)", "A_soft^pi_q", "n-step TD", "Softmax"),
    "rerpi": ("Non-parametric", "pi_theta", "Analytic", "SG + TR", "Q^pi_p", "TD(0)", GAUSSIAN),
    "mpo_categorical": ("Non-parametric", "pi_theta", "Analytic + TR", "SG + TR", "Q^pi_p", "Retrace(1)", "Softmax"),
    "mpo_distributed": ("Non-parametric", "pi_theta", "Analytic + TR", "SG + TR", "Q^pi_p", "Retrace(1)", GAUSSIAN),
}


@cache
def row_of(spec: str, *sets: str) -> Row:
    row = load_spec(spec, sets).row
    assert row is not None
    return row


@pytest.mark.parametrize("name", TABLE_1 | FURTHER)
def test_the_rows_of_the_papers(name: str) -> None:
    assert cells(row_of(name)) == dict(zip(FACTORS, (TABLE_1 | FURTHER)[name], strict=True))


def test_the_table_has_thirteen_rows() -> None:
    assert len(TABLE_1) == 13


@pytest.mark.parametrize(("left", "right"), list(combinations(TABLE_1, 2)))
def test_two_rows_differ_in_the_factors_in_which_the_table_does(left: str, right: str) -> None:
    expected = [
        path for path, ours, theirs in zip(FACTORS, TABLE_1[left], TABLE_1[right], strict=True) if ours != theirs
    ]
    found = compare(row_of(left), row_of(right))
    assert [difference.path for difference in found if difference.factor] == expected


def test_the_same_entry_twice_is_printed_once() -> None:
    """Two ways to a trust region are TR."""
    assert cells(row_of("ppo", "pi_q.update=sg + clipped + penalty"))["pi_q.update"] == "SG + TR"


@pytest.mark.parametrize(
    ("text", "cell"),
    [("td(1)", "TD(1)"), ("td(0)", "TD(0)"), ("td(0.5)", "TD(lambda)"), ("retrace(0.9)", "Retrace(0.9)")],
)
def test_the_estimate_names_its_lambda(text: str, cell: str) -> None:
    row = row_of("mpo", f"G.estimate={text}")
    assert cells(row)["G.estimate"] == cell
