"""The E-step of a row as expressions: the temperature in use, and the weights of the support."""

from __future__ import annotations

from taxon.compiler.constants import Constants
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row


def temperature(row: Row, constants: Constants) -> str:
    """The expression of eta, by a name, or empty where the row has none or it is 0."""
    if facts.trust_region_e(row) or facts.penalised(row) or row.base("eta") in ("entropy", "dual"):
        return "eta"
    if "eta" not in row or row["eta"] == 0:
        return ""
    return constants.name("ETA", "eta", "temperature")


def solved_temperature(row: Row, constants: Constants) -> str:
    """The expression that solves for eta on a batch; empty where the row's eta is found otherwise."""
    if row.base("eta") != "dual" or facts.dual_value(row):
        return ""
    kl = constants.name("EPSILON", "eta.kl", "bound on KL(pi_q || pi_p)")
    if facts.data_support(row):
        mask = ", mask=kept" if _top_half(row) else ""
        return f"solved_temperature(score, {kl}, dim=-1{mask})"
    if facts.discrete(row):
        return f"categorical_solved_temperature(log_prior, score, {kl})"
    return f"solved_temperature(score, {kl}, dim=1)"


def weights(row: Row, constants: Constants) -> str:
    """The E-step's weights as an expression of `score`; none under KL control."""
    if not facts.em_control(row) or facts.in_sequences(row):
        return ""
    return _on_data(row, constants) if facts.data_support(row) else _on_actions(row, constants)


def _on_actions(row: Row, constants: Constants) -> str:
    """Weights over the actions of one state: drawn ones [S, M, B], or all of a softmax [S, B, A]."""
    eta, softmax = temperature(row, constants), facts.discrete(row)
    kind = "log" if facts.logarithm(row) else row.base("pi_q.update.f")
    if kind == "exp":
        return f"categorical_weights(log_prior, score, {eta})" if softmax else f"softmax_weights(score, {eta}, dim=1)"
    axis, prior = ("-1", "torch.exp(log_prior) * ") if softmax else ("1", "")
    if kind == "log":
        least = f"score - score.amin({axis}, keepdim=True)"
        value = least if row.base("G.transform") == "shift" else "positive_weights(score)"
        return (
            f"normalise_weights({prior}({value}), dim={axis})" if prior else f"normalise_weights({value}, dim={axis})"
        )
    mean = "(torch.exp(log_prior) * score).sum(-1, keepdim=True)" if softmax else "score.mean(1, keepdim=True)"
    function = {"indicator": "indicator", "relu": "rectified"}[kind]
    return f"normalise_weights({prior}{function}(score - {mean}), dim={axis})"


def _on_data(row: Row, constants: Constants) -> str:
    """Weights of the actions in a batch of data: [S, B]."""
    batch = row.base("pi_q.update.normalise") == "batch"
    clip = ""
    if "pi_q.update.clip" in row and row.base("pi_q.update.clip") != "none":
        clip = constants.name("WEIGHT_CLIP", "pi_q.update.clip", "largest weight")
    if facts.dual_value(row):
        found = "batch.weight"
    elif facts.logarithm(row):
        found = "batch.weight" if weighted_by_column(row) else _positive(row)
        found = f"mean_one({found})" if batch else found
    elif row.base("pi_q.update.f") == "exp":
        eta, kept = temperature(row, constants), _top_half(row)
        if batch and kept:
            found = f"mean_one(softmax_weights(score, {eta}, dim=-1, mask=kept))"
        elif batch:
            found = f"batch_weights(score, {eta})"
        elif clip and not kept:
            return f"exponential_weights(score, {eta}, {clip})"
        else:
            found = f"{'kept * ' if kept else ''}exponential(score, {eta})"
    else:
        function = {"indicator": "indicator", "relu": "rectified"}[row.base("pi_q.update.f")]
        found = f"{'kept * ' if _top_half(row) else ''}{function}(score)"
        found = f"mean_one({found})" if batch else found
    return f"clip_weights({found}, {clip})" if clip else found


def _positive(row: Row) -> str:
    """The argument of the logarithm on a batch of the critic's values."""
    if row.base("G.transform") == "shift":
        return "score - score.amin(-1, keepdim=True)"
    return "positive_weights(score)"


def weighted_by_column(row: Row) -> bool:
    """The weights are computed on the whole of the data, before any minibatch is drawn."""
    return facts.dual_value(row) or (facts.logarithm(row) and facts.critic(row) == "" and facts.phased(row))


def refreshed_weight(row: Row) -> str:
    """The weights on the whole of the data, as an expression of `returns`."""
    transform = row.base("G.transform")
    if transform == "shift":
        return "shifted(returns, episodes.valid)"
    if transform == "adaptive":
        return "adaptive_weights(returns, state.beta, episodes.valid)"
    return "positive_weights(returns)"


def _top_half(row: Row) -> bool:
    return row.base("pi_q.update.keep") == "top_half"


def top_half(row: Row) -> bool:
    """Only the half of the batch with the larger G keeps its weight."""
    return facts.data_support(row) and _top_half(row)
