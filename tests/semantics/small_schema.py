"""A small schema with one of everything, and what the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from taxon.diagnostics.model import Diagnostic
from taxon.semantics import Resolution
from taxon.taxonomy.ranges import COUNT, POSITIVE, Range
from taxon.taxonomy.schema import Choice, Row, Slot


def _needs_heat(row: Row) -> str | None:
    return None if row.base("method") == "heated" else "nothing is heated"


_RATE = Slot(
    "rate",
    "the rate",
    "0.1",
    POSITIVE,
    choices=(
        Choice(
            "linear",
            "a line",
            (
                Slot("start", "first", None, POSITIVE),
                Slot("end", "last", None, Range(low=0)),
                Slot("over", "n", None, COUNT),
            ),
        ),
    ),
)
_DESCENT = (
    Choice("adam", "Adam", (_RATE, Slot("decay", "decay", "0", Range(0, 1)))),
    Choice("sgd", "SGD", (_RATE, Slot("momentum", "momentum", "0", Range(0, 1, high_open=True)))),
    Choice("clip", "clipped", (Slot("norm", "the norm", "40", POSITIVE),), modifier=True),
)
_FUNCTIONS = (Choice("relu", "ReLU"), Choice("elu", "ELU"), Choice("tanh", "tanh"))


def _slots() -> list[Slot]:
    return [
        Slot(
            "method",
            "how",
            None,
            choices=(
                Choice("plain", "plain"),
                Choice(
                    "heated",
                    "heated",
                    (Slot("power", "watts", None, COUNT), Slot("even", "even", "false", boolean=True)),
                ),
                Choice("eta * log(r)", "a phrase"),
                Choice("Q[pi_p]", "another"),
                Choice("twice", "twice", modifier=True),
                Choice("bounded", "bounded", (Slot("by", "bound", "1", POSITIVE),), modifier=True),
            ),
            level="algorithm",
        ),
        Slot("method.heat", "heat", "1", POSITIVE, applies=_needs_heat, level="implementation"),
        Slot("decay", "decay", "0.99", Range(0, 1, high_open=True)),
        Slot("net.a.widths", "widths", "[8]", integers=Range(1, 100, integer=True)),
        Slot("net.a.act", "activation", "relu", choices=_FUNCTIONS),
        Slot("net.b.act", "activation", "relu", choices=_FUNCTIONS),
        Slot(
            "net.a.norm",
            "norm",
            "none",
            choices=(Choice("none", "no", aliases=("false",)), Choice("first", "yes", aliases=("true",))),
        ),
        Slot("net.act", "of both", spread=("net.a.act", "net.b.act")),
        Slot("opt.a", "descent", "adam", choices=_DESCENT),
        Slot("opt.b", "descent", "adam(rate = 0.5)", choices=_DESCENT),
        Slot("opt.hot", "descent", "sgd", choices=_DESCENT, applies=_needs_heat),
        Slot("opt", "of both", spread=("opt.a", "opt.b")),
    ]


SMALL_SCHEMA: dict[str, Slot] = {slot.name: slot for slot in _slots()}


def no_rules(row: Row) -> list[Diagnostic]:
    return []


Load = Callable[..., Resolution]
Write = Callable[..., Path]


def codes_of(found: Resolution | list[Diagnostic]) -> list[str]:
    """The codes that were found, in order."""
    return [d.code.id for d in (found.diagnostics if isinstance(found, Resolution) else found)]
