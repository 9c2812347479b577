"""The weighted mean of two n-step returns as the target of the critic."""

from taxon.taxonomy.extension import Extension
from taxon.taxonomy.ranges import UNIT, Range
from taxon.taxonomy.rule import Conflict, Rule, registrar
from taxon.taxonomy.schema import Choice, Row, Slot

_STEPS = Range(1, 10_000, integer=True)

AVERAGED = Choice(
    "averaged",
    "the weighted mean of a short and a long n-step return, which has less variance than an n-step return of the same "
    "effective length",
    (
        Slot("short", "steps of the short return", "1", _STEPS),
        Slot("long", "steps of the long return", "5", _STEPS),
        Slot("weight", "of the long return", "0.5", UNIT),
    ),
    term="Averaged n-step TD",
    equation="G_t = (1 - w) G_t^(short) + w G_t^(long)",
    source="Daley et al. 2024",
    operator="taxon_averaged_returns.operators.averaged_returns",
    properties=frozenset({"looks_ahead"}),
)

RULES: list[Rule] = []
rule = registrar(RULES)


@rule(
    "taxon_averaged_returns_order",
    "the short return is the longer one",
    "Two returns are averaged because one looks further ahead than the other: of two equal ones the mean is an n-step "
    "return.",
    "Daley et al. 2024",
)
def _order(row: Row) -> Conflict | None:
    short, long = (row.number(f"G.estimate.{name}") for name in ("short", "long"))
    if short < long:
        return None
    return Conflict(
        f"the short return has {short:g} steps and the long one {long:g}",
        (("G.estimate.short", "is not the shorter"), ("G.estimate.long", "is not the longer")),
        "let `short` be less than `long`, or write `G.estimate = n_step(...)`",
    )


EXTENSION = Extension(
    choices={"G.estimate": (AVERAGED,)},
    blocks="taxon_averaged_returns.blocks",
    operators=("taxon_averaged_returns.operators",),
    rules=tuple(RULES),
)
