"""A long line that is broken means what it meant."""

from __future__ import annotations

import ast
import textwrap

import pytest

from taxon.compiler.printing.layout import WIDTH, broken

LONG = "a_name_that_takes_its_room_in_a_line"
LINES = [
    f"log_prior = POWER * ({LONG}(prior_mean, prior_std, before_tanh) - tanh_log_jacobian({LONG}) + {LONG})",
    f"loss = loss + eta * average(torch.exp({LONG} - old) * ({LONG} - POWER * ({LONG}(one, two) - {LONG}(three))))",
    f"pair = ({LONG}, {LONG}, {LONG}, {LONG})",
    f"found = {LONG}[one, two]({LONG}, {LONG}, {LONG})",
    f"ratio = {LONG} / ({LONG} * {LONG} * -{LONG} / {LONG})",
    f"table = {{'a': ({LONG} + {LONG}) * {LONG}, 'b': {LONG}, 'c': 1e-5}}",
    f"one = f({LONG}({LONG}, 1e-5 + {LONG}, ({LONG} + 1), *{LONG}))",
    f"both = ({LONG} * {LONG} + {LONG} * {LONG} - (1e-3 - {LONG}))",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("indent", [0, 12, 60])
def test_it_means_the_same(line: str, indent: int) -> None:
    pieces = broken(" " * indent + line)
    assert len(pieces) > 1
    if indent < 60:
        assert max(map(len, pieces)) <= WIDTH
    assert ast.dump(ast.parse(textwrap.dedent("\n".join(pieces)))) == ast.dump(ast.parse(line))
