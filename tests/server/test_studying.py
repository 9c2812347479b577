"""What the editor offers and says in a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon.data import specs_dir
from taxon.server.completion import completions
from taxon.server.hover import hover
from taxon.server.view import file_of

TEXT = """taxon 1
import std.architectures
study s {
  base = [std.sac, std.mpo_onestep]
  vary double = G.estimate in [- clipped_double, + clipped_double]
  vary net with [sac_net, mpo_net]
  on = ["Hopper-v4"]
  seeds = adaptive(5, 20, step = 5)
  steps = 1M
  when env = "Hopper-*" { steps = 3M }
  exclude { base = std.mpo_onestep, net = sac_net }
  claim helps = effect(double, base = std.sac, net = mpo_net, above = 0)
  %s
}
"""


def cursor(text: str) -> tuple[str, int]:
    """A text without the bar that stands for the cursor, and the offset of that."""
    return text.replace("|", ""), text.index("|")


def offered(line: str) -> set[str]:
    text, offset = cursor(TEXT % line)
    path = Path("/nowhere/here.tx")
    return {item.label for item in completions(path, text, offset, {path: text})}


@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("|", {"base", "ladder", "scale", "refused", "vary", "claim", "when", "exclude"}, {"unset", "gamma"}),
        ("vary |", {"gamma", "G.estimate"}, {"base"}),
        ("vary x = |", {"gamma", "G.estimate"}, {"base"}),
        ("vary x = network.activation in [|]", {"relu", "elu"}, {"sac_net"}),
        ("vary x = G.estimate in [- |]", {"clipped_double", "smoothing"}, {"td"}),
        ("vary x = G.estimate in [+ |]", {"clipped_double", "smoothing"}, {"td"}),
        ("vary x = pi_q.update in [analytic(|)]", {"samples"}, {"gamma"}),
        ("vary x with [|]", {"mpo_net", "std"}, {"relu"}),
        ("base = [|]", {"std"}, {"mpo_net"}),
        ("ladder = walk(|)", {"std"}, {"mpo_net", "orders"}),
        ("ladder = walk(std.sac, std.td3, |)", {"orders", "together"}, {"std"}),
        ("ladder = walk(std.sac, std.td3, orders = |)", {"ends"}, {"std"}),
        ("score = |", {"final", "auc", "best"}, {"floor"}),
        ("score = final(|)", {"fraction"}, {"floor"}),
        ("scale = { |", set(), {"gamma", "final"}),
        ("seeds = { adap|tive(", set(), {"gamma", "final"}),
        ("failure = |", {"floor", "last", "exclude"}, {"auc"}),
        ("refused = |", {"leave_out"}, {"auc"}),
        ("when |", {"env"}, {"actions"}),
        ('when env = "A" { | }', {"seeds", "steps"}, {"gamma", "base"}),
        ('when env = "A" { seeds = | }', {"adaptive"}, {"gamma", "base"}),
        ("exclude { | }", {"base", "double", "net"}, {"gamma"}),
        ("exclude { double = | }", {"- clipped_double", "+ clipped_double"}, {"gamma"}),
        ("claim x = |", {"effect", "main", "interaction"}, {"rung", "gamma"}),
        ("claim x = effect(|)", {"double", "base", "net", "levels", "above", "within"}, {"gamma"}),
        ("claim x = effect(double, |)", {"base", "net", "above"}, {"double"}),
        ("claim x = effect(double, above = 0, |)", {"base", "net", "levels"}, {"below", "within", "above"}),
        ("claim x = effect(double, base = |)", {"std.sac", "std.mpo_onestep"}, {"net"}),
        ("claim x = effect(net, levels = [|])", {"sac_net", "mpo_net"}, {"std.sac"}),
    ],
)
def test_completion(line: str, wanted: set[str], unwanted: set[str]) -> None:
    labels = offered(line)
    assert wanted <= labels
    assert not unwanted & labels


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sc|ore = auc", "what of a seed's evaluations is its score"),
        ("score = a|uc", "each evaluation weighs as much as the steps before it"),
        ("score = final(frac|tion = 0.1)", "the part of the run's steps"),
        ("failure = floo|r", "acts at random"),
        ("claim x = ma|in(double, above = 0)", "averaged over the levels"),
        ("claim x = main(double, abo|ve = 0)", "larger than this"),
        ("ladder = wa|lk(std.sac, std.mpo)", "through rows that mean something"),
        ("vary x = pi_q.update in [+ trust_reg|ion(kl = 0.1)]", "trust_region"),
        ("vary y with [sac_|net]", "an architecture **`sac_net`**"),
        ("ladder = walk(std.s|ac, std.mpo)", "Soft Actor-Critic"),
    ],
)
def test_hover(line: str, said: str) -> None:
    text, offset = cursor(TEXT % line)
    path = specs_dir() / "here.tx"
    found = hover(path, offset, {path: text})
    assert found is not None
    assert said in found[0]


def test_every_word_is_coloured() -> None:
    from taxon.server.colours import colours

    text = TEXT % "score = final(0.1), ladder = walk(std.sac, std.td3, orders = ends)"
    path = specs_dir() / "here.tx"
    found = {text[each.start : each.end]: each.type for each in colours(file_of(path, {path: text}))}
    expected = {
        "keyword": ["claim"],
        "parameter": ["double", "above", "helps", "net"],
        "function": ["effect", "final", "walk"],
        "struct": ["mpo_net"],
        "class": ["sac"],
        "enumMember": ["clipped_double", "ends"],
        "operator": ["-"],
        "property": ["score"],
    }
    for type_, words in expected.items():
        assert {word: found.get(word) for word in words} == dict.fromkeys(words, type_)
