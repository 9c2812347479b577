"""Every section of every row: its equations are LaTeX, its lines are found, its choices are the row's."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import shipped
from compiler.drawn_rows import row_in, specs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from taxon.compiler import emit
from taxon.compiler.assemble import assemble
from taxon.compiler.printing.module import print_module
from taxon.derivation import Derivation, derive, rendering
from taxon.derivation.derive import TITLES, places, sections
from taxon.derivation.notation import plain
from taxon.derivation.places import Module
from taxon.semantics import load_spec
from taxon.taxonomy.schema import Row

ROOT = Path(__file__).parents[2]


def rows() -> dict[str, Row]:
    """Every row of specs/ and examples/, and how it stands before a discrete environment where that changes it."""
    found: dict[str, Row] = {}
    for path in shipped.FILES:
        row, discrete = (shipped.row(path, actions) for actions in ("continuous", "discrete"))
        found |= {path.stem: row} if row is not None else {}
        found |= {f"{path.stem}-discrete": discrete} if discrete is not None and discrete != row else {}
    return found


ROWS = rows()
EACH = pytest.mark.parametrize("name", ROWS)
DERIVED = cache(lambda name: derive(ROWS[name]))

# What amsmath and amssymb define, by the standard documentation of LaTeX; nothing else may stand in a formula.
GREEK = "alpha beta gamma delta epsilon eta theta mu pi rho sigma phi xi psi omega Sigma Phi"
SIGNS = "nabla top leq geq leftarrow propto sim in cdot ldots frac sqrt prod sum left right quad"
WORDS = "log exp min max tanh arg mathbb mathcal mathrm mathbf"
STANDARD = {*GREEK.split(), *SIGNS.split(), *WORDS.split()}
COMMAND = re.compile(r"\\([A-Za-z]+)")
MATHTEXT = MathTextParser("path")


def test_every_spec_and_example_is_here() -> None:
    assert {path.stem for path in shipped.FILES} - set(ROWS) == {"architectures", "elu_layernorm"}  # no algorithms


def check(row: Row) -> Derivation:
    """All that holds for every row."""
    program = assemble(row)
    printed = print_module(program)
    module = Module(printed.text)
    for section, block in sections(program):
        for name in section.at:
            assert places(module, printed, name, block), f"{section.title}: no line assigns {name}"
        assert section.title in TITLES
        assert section.source, section.title
        assert section.text.endswith("."), section.title
        assert section.text.count("$") % 2 == 0
        for formula in (*section.lines, *section.text.split("$")[1::2]):
            check_formula(formula)
    derivation = derive(row)
    for step in derivation.steps:
        assert step.choices, step.section.title
        assert step.places or row.base("pi_p") == "fixed", step.section.title
    return derivation


def check_formula(formula: str) -> None:
    """Strict: known commands, balanced braces and delimiters, plain characters; and what it says can be read."""
    assert formula.isascii(), formula
    commands = COMMAND.findall(formula)
    assert set(commands) <= STANDARD, formula
    assert commands.count("left") == commands.count("right"), formula
    assert set(re.findall(r"\\[^A-Za-z]", formula)) <= {r"\,", r"\|"}, formula
    assert not set(formula) & set('$%#&~@\n`"'), formula
    depth = 0
    for character in formula:
        depth += (character == "{") - (character == "}")
        assert depth >= 0, formula
    assert depth == 0, formula
    assert not re.search(r"[_^]\s*[_^}]|[_^]$|\{\s*\}", formula), formula
    shown = plain(formula)
    assert shown.isascii(), formula
    assert "\\" not in shown, formula
    assert "  " not in shown.replace("   ", ""), formula


@EACH
def test_every_anchor_and_equation_of_a_shipped_row(name: str) -> None:
    check(ROWS[name])


@EACH
def test_equations_are_read_by_another_parser(name: str) -> None:
    for step in DERIVED(name).steps:
        for formula in (*step.section.lines, *step.section.text.split("$")[1::2]):
            read_by_matplotlib(formula)


@cache
def read_by_matplotlib(formula: str) -> None:
    MATHTEXT.parse(f"${formula}$")


def test_the_other_parser_refuses_what_is_no_formula() -> None:
    with pytest.raises(ValueError, match="Expected"):
        read_by_matplotlib(r"\frac{1}")


QUIET = settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)


@QUIET
@given(data=st.data())
def test_rows_that_nobody_has_named(data: st.DataObject, tmp_path: Path) -> None:
    text = data.draw(specs(tmp_path / "drawn.tx"))
    check(row_in(text, tmp_path / "drawn.tx"))


@pytest.mark.slow
@settings(QUIET, max_examples=400, derandomize=False)
@given(data=st.data())
def test_many_rows_that_nobody_has_named(data: st.DataObject, tmp_path: Path) -> None:
    text = data.draw(specs(tmp_path / "drawn.tx"))
    for step in check(row_in(text, tmp_path / "drawn.tx")).steps:
        for formula in step.section.lines:
            read_by_matplotlib(formula)


@EACH
def test_latex_is_a_document(name: str) -> None:
    text = rendering.latex(DERIVED(name))
    assert text.isascii()
    environments = re.findall(r"\\(begin|end)\{(\w+)\}", text)
    stack: list[str] = []
    for kind, name in environments:
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    assert text.count(r"\[") == text.count(r"\]")
    outside = re.sub(r"\\\[.*?\\\]|\$[^$]*\$", "", text)
    assert not re.search(r"(?<!\\)[$_^&#%~]", outside)
    opened = len(re.findall(r"(?<!\\)\{", text)), len(re.findall(r"(?<!\\)\}", text))
    assert opened[0] == opened[1]


TEX = shutil.which("pdflatex") or shutil.which("tectonic")


@pytest.mark.skipif(TEX is None, reason="no TeX here")
@pytest.mark.slow
@EACH
def test_latex_compiles(name: str, tmp_path: Path) -> None:
    assert TEX is not None
    (tmp_path / "derivation.tex").write_text(rendering.latex(DERIVED(name)))
    options = ["-halt-on-error", "-interaction=nonstopmode"] if TEX.endswith("pdflatex") else []
    finished = subprocess.run(
        [TEX, *options, "derivation.tex"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout[-2000:]
    assert "Overfull" not in finished.stdout + finished.stderr, "a line runs into the margin"


def formulas(name: str, *sets: str) -> str:
    row = load_spec(ROOT / "specs" / f"{name}.tx", sets).row
    assert row is not None
    return "\n".join(plain(formula) for step in derive(row).steps for formula in step.section.lines)


# A number of a row, and the line of the derivation in which it stands.
NUMBERS = [
    ("mpo", "pi_q.update.trust_region.kl = 0.37", "g(eta) = 0.37 eta +"),
    ("mpo", "pi_q.update.samples = 7", "sum_{j=1}^7 exp(G(s, a_j) / eta)"),
    ("mpo", "pi_p.update.trust_region.kl_mean = 0.037", "alpha_{mu,d} (0.037 - C_{mu,d})"),
    ("mpo", "pi_p.update.trust_region.kl_cov = 0.037", "<= 0.037"),
    ("mpo", "bounds.kl = 0.37", "g(eta_c) = 0.37 eta_c"),
    ("mpo", "gamma = 0.37", "y_t = r_t + 0.37 (1 - d_t)"),
    ("mpo", "G.estimate.lambda = 0.37", "c_t = 0.37 min(1, "),
    ("mpo", "G.estimate.samples = 7", "V(s') = 1/7 sum_{j=1}^7"),
    ("awr", "eta = 0.37", "w_i = exp(G_i / 0.37)"),
    ("awr", "pi_q.update.clip = 37", "w <- min(w, 37)"),
    ("awr", "G.estimate.lambda = 0.37", "[(1 - 0.37) V(s_{t+1}) + 0.37 y_{t+1}]"),
    ("awr", "bounds.weight = 37", "L <- L + 37/2 E_s"),
    ("awr", "network.value.scale = 37", "(y/37 - V_phi(s)/37)^2"),
    ("awac", "data.batch = 37", "w_i = 37 exp(G_i) / (sum_{j=1}^37 exp(G_j))"),
    ("awac", "pi_q.update.baseline = 7", "1/7 sum_{j=1}^7 Q_phi(s, a_j)"),
    ("sac", "eta.target = -3", "g(eta) = 3 D eta - "),
    ("sac", "target.tau = 0.25", "phi' <- 0.75 phi' + 0.25 phi"),
    ("power", "pi_p.update.ridge = 0.37", "(Phi^T W Phi + 0.37 I)^-1"),
    ("rwr", "G.transform.limit = 37", "w_i c_i), 37)"),
    ("reps", "eta.kl = 0.37", "0.37 eta + eta log E[exp(G / eta)] + 0.01 E[V(s_0)]"),
    ("urex", "pi_p.update.expected_return.bonus = 3", "g_k = R_k + 3 * 0.1 * 10 omega_k"),
    ("vmpo", "G.estimate.n = 3", "sum_{l=0}^2 0.99^l r_{t+l} + 0.99^3 V(s_{t+3})"),
    ("trpo", "pi_q.update.kl = 0.37", "sqrt((2 * 0.37) / (x^T F x + 10^-8)) x"),
    ("trpo", "pi_q.update.damping = 0.37", "F = nabla^2 C + 0.37 I"),
    ("ppo", "pi_q.update.penalty.kl = 0.02", "C > 0.03"),
    ("ppo", "G.estimate.lambda = 0.37", "(0.99 * 0.37)^l delta_{t+l}"),
    ("ppo_clip", "pi_q.update.clipped.ratio = 0.3", "clip(rho, 0.7, 1.3)"),
    ("ddpg", "exploration.std = 0.37", "clip(mu_theta(s) + 0.37 xi, -1, 1)"),
    ("td3", "G.estimate.smoothing.clip = 0.37", "clip(0.2 xi, -0.37, 0.37)"),
]


@pytest.mark.parametrize(("name", "change", "line"), NUMBERS, ids=[f"{name}-{change}" for name, change, _ in NUMBERS])
def test_the_numbers_are_those_of_the_row(name: str, change: str, line: str) -> None:
    assert line in formulas(name, change)
    assert line not in formulas(name)


# A choice of a row, and what it changes in the derivation.
CHOICES = [
    ("mpo", "G.estimate = td(0)", "y = r + 0.99 (1 - d) V(s')"),
    ("mpo", "G.estimate = retrace + clipped_double", "min_{i=1,2} Q_{phi'_i}"),
    ("mpo", "pi_p.update.likelihood = joint", "w_m log pi_theta(a_m|s)"),
    ("mpo", "pi_p.update.trust_region.per_dimension = false", "C_mu = E_s sum_d"),
    ("awr", "pi_q.update.normalise = batch", "w_i = 256 exp(G_i) / "),
    ("awr", "pi_q.update.keep = top_half", "w_i = 1[i in K] exp(G_i)"),
    ("ppo", "pi_q.update = sg", "KL(pi_theta || pi_old)"),
    ("td3", "exploration = ornstein_uhlenbeck", "x <- x - 0.15 x + 0.2 xi"),
    ("td3", "target = copy", "theta' <- theta"),
    ("reps", "gamma = 1", "G(s, a) = r + V(s') - V(s)"),
]


@pytest.mark.parametrize(("name", "change", "line"), CHOICES, ids=[f"{name}-{change}" for name, change, _ in CHOICES])
def test_a_choice_changes_its_equation(name: str, change: str, line: str) -> None:
    assert line in formulas(name, change)
    assert line not in formulas(name)


# A section, and what stands in the lines that are said to compute it.
CODE = [
    ("mpo", "The weights", "softmax_weights(score, eta, dim=1)"),
    ("mpo", "M-step", "weighted_likelihood(weights, mean_log_prob + cov_log_prob)"),
    ("mpo", "The multipliers", "lagrange_dual(alpha_mean, EPSILON_MEAN, mean_kl)"),
    ("mpo", "The trust region", "cov_kl = kl_std(old_std, std)"),
    ("mpo", "The trace", "log_ratio = log_prob - batch.log_prob"),
    ("mpo", "The bounds of the actions", "out_of_bounds_cost(action)"),
    ("mpo", "After the update", "policy = copy_every(policy, updates, COPY_EVERY)"),
    ("awr", "The weights", "exponential_weights(score, ETA, WEIGHT_CLIP)"),
    ("awr", "The target of G", "lambda_returns(episodes.reward"),
    ("awr", "The bounds of the actions", "BOUNDS_WEIGHT * bound_loss(mean)"),
    ("awac", "The score G", "score - self.q(critic.params, batch.observation, base_action)"),
    ("awac", "The weights", "clip_weights(batch_weights(score, ETA), WEIGHT_CLIP)"),
    ("sac", "The ascent of the policy", "average(eta * log_prob - self.q(critic.params, batch.observation, action))"),
    ("sac", "The value of the next state", "next_q - eta * next_log_prob"),
    ("sac", "The temperature", "entropy_dual(eta, log_prob, self.target_entropy)"),
    ("power", "M-step", "weighted_least_squares(features, rows"),
    ("rwr", "The weights", "adapt_beta(batch.weight, batch.returns, batch.valid)"),
    ("reps", "The dual of temperature and value", "solve_dual(*rows, starts, counted, EPSILON, GAMMA)"),
    ("reps-discrete", "M-step", "fit_softmax(features, rows, counted, state.policy, RIDGE)"),
    ("urex", "M-step", "underappreciated_score(outcome, omega, ETA, BONUS, began)"),
    ("vmpo", "The temperature", "temperature_dual(score, eta, EPSILON, dim=-1, mask=kept)"),
    ("vmpo", "The target of G", "n_step_returns(episodes.reward"),
    ("trpo", "The ascent of the policy", "line_search(gain_and_divergence"),
    ("ppo", "The adaptive temperature", "adapt_coefficient(state.eta, kl, TARGET_KL, KL_TOLERANCE, FACTOR)"),
    ("ppo", "The target of G", "advantage = generalised_advantages("),
    ("ppo_clip", "The ascent of the policy", "clipped_surrogate(log_prob, batch.old_log_prob, batch.advantage"),
    ("ddpg", "The ascent of the policy", "loss = -average(self.q(critic.params, batch.observation, mean))"),
    ("ddpg", "Acting", "perturbed(mean, noise, EXPLORATION_STD)"),
    ("td3", "The value of the next state", "smoothed(next_action"),
    ("td3", "The loss of the critic", "squared_error(prediction, target)"),
]


@pytest.mark.parametrize(("name", "title", "code"), CODE, ids=[f"{name}-{title}" for name, title, _ in CODE])
def test_the_lines_compute_the_equation(name: str, title: str, code: str) -> None:
    module = emit(ROWS[name]).splitlines()
    step = next(step for step in DERIVED(name).steps if step.section.title == title)
    lines = [line for place in step.places for line in module[place.first - 1 : place.last]]
    assert any(code in line for line in lines), lines


# What a row computes, as the paper it comes from has it, with the row's numbers.
EQUATIONS = [
    ("crr", "w_i = 1[G_i >= 0]"),
    ("self_imitation", "w_i = max(G_i, 0)"),
    ("mpo_full", "C_Sigma = E_s 1/2 [tr(Sigma_theta^-1 Sigma_old) - D + log |Sigma_theta|/|Sigma_old|] <= 0.0001"),
    ("mpo_discrete", "w_a = (pi_old(a|s) exp(G(s, a) / eta)) / (sum_b pi_old(b|s) exp(G(s, b) / eta))"),
    ("sac_discrete", "V(s') = sum_a pi_theta(a|s') [min_{i=1,2} Q_{phi'_i}(s', a) - eta log pi_theta(a|s')]"),
    ("sac", "g(eta) = D eta - eta E_{s, a~pi_theta}[log pi_theta(a|s)]"),
    ("mirror_descent", "E_{s, xi}[0.2 log pi_theta(a|s)/pi_old(a|s) - min_{i=1,2} Q_{phi_i}(s, a)]"),
    ("ppo_uniform", "L <- L - 0.01 E_s H(pi_theta)"),
    ("power", "W = diag(v_i) / sum_j v_j,    v_i = w_i/sigma_theta(s_i)^2"),
    ("ddpg", "L(theta) = -E_s Q_phi(s, mu_theta(s))"),
]


@pytest.mark.parametrize(("name", "line"), EQUATIONS)
def test_equations(name: str, line: str) -> None:
    shown = [plain(formula) for step in DERIVED(name).steps for formula in step.section.lines]
    assert any(line in each for each in shown), shown
