"""Every way in which a value can be wrong, and what a right one reads as."""

from __future__ import annotations

import pytest
from small_schema import SMALL_SCHEMA

from taxon.diagnostics.model import Diagnostic
from taxon.semantics.defaults import default_of, expression_of
from taxon.semantics.typing_ import Typed, check
from taxon.semantics.values import example
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import Composition, Value


def typed(path: str, text: str) -> tuple[Typed | None, list[Diagnostic]]:
    value = expression_of(text)
    assert value is not None
    (place,) = Vocabulary(SMALL_SCHEMA).places(path)
    return check(value, place.slots[0], path)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("decay", "0.5", 0.5),
        ("decay", "0", 0.0),
        ("decay", ".5", 0.5),
        ("method.power", "1k", 1000),
        ("method.power", "1e3", 1000),
        ("method.power", "1_000", 1000),
        ("method.power", "5.", 5),
        ("method.power", "1e-3k", 1),
        ("method.even", "true", True),
        ("net.a.widths", "[1, 2]", (1, 2)),
        ("net.a.norm", "true", Composition("first")),
        ("net.a.norm", "first", Composition("first")),
        ("method", "Q[pi_p]", Composition("Q[pi_p]")),
        ("method", "eta*log( r )", Composition("eta * log(r)")),
        ("method", "plain()", Composition("plain")),
        ("method", "bounded + plain + twice", Composition("plain", ("twice", "bounded"))),
        ("opt.a.rate", "linear(3e-4, 0, over = 1M)", Composition("linear")),
    ],
)
def test_right(path: str, text: str, value: Value) -> None:
    found, diagnostics = typed(path, text)
    assert diagnostics == []
    assert found is not None
    assert found.value == value
    assert type(found.value) is type(value)


def test_arguments_bind_in_order_and_by_name() -> None:
    found, _ = typed("opt.a", "clip(3) + adam(decay = 0.5, 2)")
    assert found is not None
    assert {key: below.value for key, below in found.below.items()} == {"rate": 2, "decay": 0.5, "clip.norm": 3}


@pytest.mark.parametrize(
    ("path", "text", "code", "said"),
    [
        ("decay", "true", "TX203", "decay"),
        ("decay", '"0.5"', "TX203", "string"),
        ("decay", "[1]", "TX203", "list"),
        ("decay", "relu", "TX203", "name"),
        ("decay", "1", "TX204", "[0, 1)"),
        ("decay", "-1", "TX204", "[0, 1)"),
        ("opt.a.rate", "-1", "TX204", "(0, 1e+18]"),
        ("opt.a.rate", "0", "TX204", "(0, 1e+18]"),
        ("opt.a.rate", "1e39", "TX204", "(0, 1e+18]"),
        ("opt.a.rate", "1e-50", "TX204", "(0, 1e+18]"),
        ("method.power", "0", "TX204", "integer"),
        ("method.power", "1e-3", "TX203", "integer"),
        ("method.power", "3.0000000000000000001", "TX203", "integer"),
        ("method.power", "2.5", "TX203", "integer"),
        ("method.even", "1", "TX203", "number"),
        ("net.a.widths", "[]", "TX215", "at least one"),
        ("net.a.widths", "[0]", "TX215", "`0`"),
        ("net.a.widths", "[1e-1]", "TX215", "`1e-1`"),
        ("net.a.widths", "[relu]", "TX215", "`relu`"),
        ("net.a.widths", "8", "TX203", "number"),
        ("net.a.act", "rellu", "TX205", "`rellu`"),
        ("net.a.act", "3", "TX203", "number"),
        ("net.a.act", "relu + 3", "TX203", "number"),
        ("method", "Q[pi_q]", "TX205", "`Q[pi_q]`"),
        ("method", "eta * log(Q)", "TX205", "eta * log(Q)"),
        ("opt.a", "adam(rte = 1)", "TX206", "`rte`"),
        ("opt.a", "adam(1, rate = 2)", "TX207", "`rate`"),
        ("opt.a", "adam(rate = 2, rate = 2)", "TX207", "`rate`"),
        ("opt.a", "adam(1, 0, 0)", "TX209", "2 arguments"),
        ("method", "plain(1)", "TX209", "no arguments"),
        ("opt.a", "adam + sgd", "TX211", "`adam` and `sgd`"),
        ("opt.a", "clip", "TX212", "`clip`"),
        ("method", "twice + bounded", "TX212", "`twice`"),
        ("opt.a", "adam + clip + clip(3)", "TX213", "`clip`"),
        ("opt.a", "adam(" * 40 + "1" + ")" * 40, "TX218", "deep"),
    ],
)
def test_wrong(path: str, text: str, code: str, said: str) -> None:
    found, diagnostics = typed(path, text)
    assert found is None
    assert [diagnostic.code.id for diagnostic in diagnostics] == [code]
    assert said in diagnostics[0].message
    assert diagnostics[0].primary is not None


def test_each_mistake_of_a_value_is_reported() -> None:
    _, diagnostics = typed("opt.a", "adam(rate = -1, decay = 2, rte = 1) + clip(norm = 0)")
    assert [diagnostic.code.id for diagnostic in diagnostics] == ["TX204", "TX204", "TX206", "TX204"]


def test_the_meant_name_is_suggested_with_an_edit() -> None:
    _, (diagnostic,) = typed("net.a.act", "rellu")
    assert diagnostic.edit is not None
    assert (diagnostic.edit.span.text, diagnostic.edit.replacement) == ("rellu", "relu")
    assert "`elu`" in diagnostic.help  # the set is small, so it is shown whole


@pytest.mark.parametrize("schema", [SMALL_SCHEMA, SCHEMA], ids=["small", "real"])
def test_every_default_and_every_example_is_a_value_of_its_slot(schema: dict[str, object]) -> None:
    vocabulary = Vocabulary(schema)  # type: ignore[arg-type]
    for path in sorted(vocabulary.paths):
        for slot in (slot for place in vocabulary.places(path) for slot in place.slots):
            assert (default_of(slot) is None) == (slot.default is None)
            value = expression_of(example(slot))
            assert value is not None, path
            assert check(value, slot, path)[1] == [], path
