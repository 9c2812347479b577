"""What the editor offers and says in a tune."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon.data import specs_dir
from taxon.server.colours import colours
from taxon.server.completion import completions
from taxon.server.definition import definition
from taxon.server.hover import hover
from taxon.server.symbols import outline
from taxon.server.view import file_of

TEXT = """taxon 1
import std.architectures
tune t {
  base = std.sac
  search optimizer.policy.lr in log_uniform(1e-5, high = 1e-2)
  search network.activation in [relu, elu]
  search net with [sac_net, mpo_net]
  on = ["Hopper-v4"]
  pruner = median(startup = 5)
  steps = 1M
  %s
}
"""
HERE = Path("/nowhere/here.tx")


def offered(line: str) -> set[str]:
    text = TEXT % line
    return {each.label for each in completions(HERE, text.replace("|", ""), text.index("|"), {HERE: text})}


@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("|", {"base", "trials", "sampler", "first_seed", "search"}, {"unset", "gamma", "vary", "refused"}),
        ("search |", {"gamma", "G.estimate"}, {"base"}),
        ("search optimizer.|", {"optimizer.policy.lr"}, {"gamma"}),
        ("search gamma in |", {"uniform", "log_uniform", "integer"}, {"td", "relu"}),
        ("search gamma in uniform(|)", {"low", "high", "step"}, {"log", "gamma"}),
        ("search data.batch in integer(1, 2, log = |)", {"true", "false"}, {"low"}),
        ("search network.activation in [|]", {"relu", "elu"}, {"sac_net", "uniform"}),
        ("search optimizer.policy in [adam(|)]", {"lr"}, {"low"}),
        ("search x with [|]", {"mpo_net", "std"}, {"relu"}),
        ("base = |", {"std"}, {"mpo_net"}),
        ("sampler = |", {"random", "grid", "tpe", "cmaes", "gp"}, {"median"}),
        ("sampler = tpe(|)", {"startup"}, {"points"}),
        ("pruner = |", {"none", "median", "asha", "hyperband"}, {"tpe"}),
        ("score = |", {"final", "auc", "best"}, {"floor"}),
    ],
)
def test_what_is_offered(line: str, wanted: set[str], unwanted: set[str]) -> None:
    found = offered(line)
    assert wanted <= found
    assert not unwanted & found


def test_a_file_may_declare_one() -> None:
    assert "tune" in {each.label for each in completions(HERE, "taxon 1\n", 8, {HERE: "taxon 1\n"})}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("base", "the algorithm whose values are searched"),
        ("pruner", "which trials are stopped"),
        ("log_uniform", "evenly in the logarithm"),
        ("high", "the largest value"),
        ("median", "median of what the earlier trials had"),
        ("startup", "run to their ends"),
        ("optimizer.policy.lr", "optimizer.policy.lr"),
        ("relu", "max(x, 0)"),
        ("sac_net", "sac_net"),
    ],
)
def test_what_is_said(word: str, said: str) -> None:
    text = TEXT % ""
    found = hover(HERE, text.index(word) + len(word) - 1, {HERE: text})
    assert found is not None
    assert said in found[0]


def test_the_base_leads_to_its_spec_and_a_path_to_its_value() -> None:
    text = TEXT % ""
    for word, file in (("std.sac", "sac.tx"), ("optimizer.policy.lr", "architectures.tx")):
        (found,) = definition(HERE, text.index(word) + len(word) - 1, {HERE: text})
        assert found[0] == specs_dir() / file


def test_its_outline_and_colours() -> None:
    text = TEXT % ""
    file = file_of(HERE, {HERE: text})
    (tune,) = outline(file)
    assert (tune.kind, tune.name) == ("tune", "t")
    shown = {item.name: item.detail for item in tune.below}
    assert shown["optimizer.policy.lr"] == "in log_uniform(1e-5, high = 1e-2)"
    assert shown["net"] == "with [sac_net, mpo_net]"
    coloured = {text[each.start : each.end]: each.type for each in colours(file)}
    assert [coloured[word] for word in ("tune", "search", "log_uniform", "high", "relu", "sac_net", "net", "t")] == [
        *("keyword", "keyword", "function", "parameter", "enumMember", "struct", "parameter", "interface")
    ]
