"""Table 1 of Furuta et al. 2021, from the shipped specs, in the words of the paper."""

import pytest

from taxon.semantics import load_spec
from taxon.taxonomy import FACTORS
from taxon.taxonomy.row import Row
from taxon.taxonomy.table import cells

GAUSSIAN = "N(mu_theta(s), Sigma_theta(s))"

# pi_q, pi_p, pi_q update, pi_p update, G, G estimate, pi_theta. The paper leaves SAC's pi_q empty: it is the policy.
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
}


def row_of(spec: str, *sets: str) -> Row:
    row = load_spec(spec, sets).row
    assert row is not None
    return row


@pytest.mark.parametrize("name", TABLE_1)
def test_the_rows_of_the_paper(name: str) -> None:
    assert cells(row_of(name)) == dict(zip(FACTORS, TABLE_1[name], strict=True))


@pytest.mark.parametrize(
    ("text", "cell"),
    [("td(1)", "TD(1)"), ("td(0)", "TD(0)"), ("td(0.5)", "TD(lambda)"), ("retrace(0.9)", "Retrace(0.9)")],
)
def test_the_estimate_names_its_lambda(text: str, cell: str) -> None:
    row = row_of("mpo", f"G.estimate={text}")
    assert cells(row)["G.estimate"] == cell
