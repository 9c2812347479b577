"""The tree of a file. Every node has its span; nothing here depends on what a path or a choice means."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.diagnostics.source import Source, Span


@dataclass(frozen=True)
class Name:
    """An identifier in canonical ASCII (`π_q` reads as `pi_q`)."""

    text: str
    span: Span


@dataclass(frozen=True)
class Path:
    """A dotted path: `pi_q.update.samples`."""

    names: tuple[Name, ...]
    span: Span

    @property
    def text(self) -> str:
        return ".".join(name.text for name in self.names)


@dataclass(frozen=True)
class Number:
    """A literal such as `1M`, `3e-4` or `-1`; an integral literal holds an int."""

    value: int | float
    span: Span


@dataclass(frozen=True)
class Boolean:
    value: bool
    span: Span


@dataclass(frozen=True)
class String:
    value: str
    span: Span


@dataclass(frozen=True)
class Reference:
    """A bare name used as a value: `relu`, `sg`, `cov`."""

    name: str
    span: Span


@dataclass(frozen=True)
class List:
    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Argument:
    """`value` or `name = value` inside a call."""

    name: Name | None
    value: Expression
    span: Span


@dataclass(frozen=True)
class Call:
    """A constructor: `analytic(samples = 20)`, `cov(s)`."""

    function: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True)
class Index:
    """`Q[pi_p]`."""

    base: Name
    index: Name
    span: Span


@dataclass(frozen=True)
class Product:
    """`eta * log(r)`."""

    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True)
class Sum:
    """`sg + trust_region(kl_mean = 1e-3)`."""

    terms: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Signed:
    """`+ clipped_double` or `- clipped_double`."""

    added: bool
    modifier: Expression
    span: Span


@dataclass(frozen=True)
class Change:
    """`- clipped_double + smoothing(0.2)`: what is taken from the value that stands there, and what is added to it."""

    terms: tuple[Signed, ...]
    span: Span


@dataclass(frozen=True)
class Pair:
    """`"Hopper-v4" = [18, 3013]` inside a map."""

    key: String
    value: Expression
    span: Span


@dataclass(frozen=True)
class Map:
    """`{ "Hopper-v4" = [18, 3013], "Ant-v4" = [-60, 5532] }`"""

    pairs: tuple[Pair, ...]
    span: Span


Expression = Number | Boolean | String | Reference | List | Call | Index | Product | Sum | Change | Map


@dataclass(frozen=True)
class Assignment:
    path: Path
    value: Expression
    doc: str
    span: Span


@dataclass(frozen=True)
class Block:
    """`network.policy { ... }`: sugar for a dotted prefix."""

    path: Path
    entries: tuple[Entry, ...]
    span: Span


@dataclass(frozen=True)
class Unset:
    path: Path
    span: Span


@dataclass(frozen=True)
class Allow:
    """`allow TX501 "the point of the ablation"`: a lint that the author has seen; stands in an algorithm's own body."""

    code: Name
    reason: String
    span: Span


@dataclass(frozen=True)
class When:
    """`when env = "Ant-*" { ... }` or `when actions = discrete { ... }`."""

    subject: Name
    value: Expression
    entries: tuple[Entry, ...]
    span: Span


Entry = Assignment | Block | Unset | Allow | When


@dataclass(frozen=True)
class Import:
    """`import "sac.tx"` or `import std.sac`."""

    target: String | Path
    span: Span


@dataclass(frozen=True)
class Algorithm:
    name: Name
    parent: Path | None
    mixins: tuple[Path, ...]
    entries: tuple[Entry, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Architecture:
    """A reusable group of code-level choices, mixed in with `with`."""

    name: Name
    entries: tuple[Entry, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class Vary:
    """`vary network.activation in [relu, elu]`, or `vary act = network.activation in [relu, elu]`."""

    name: Name | None
    path: Path
    values: List
    span: Span


@dataclass(frozen=True)
class Mixed:
    """`vary net with [sac_net, mpo_net]`: a factor whose levels are architectures."""

    name: Name
    mixins: List
    span: Span


@dataclass(frozen=True)
class Claim:
    """`claim helps = effect(double, above = 0)`: what a study is to decide; its doc is the claim as a sentence."""

    name: Name
    value: Expression
    doc: str
    span: Span


@dataclass(frozen=True)
class Study:
    """A grid of runs: its keys, what it varies, its `when` and `exclude` blocks, and what it claims."""

    name: Name
    entries: tuple[StudyEntry, ...]
    doc: str
    span: Span


StudyEntry = Assignment | Block | When | Vary | Mixed | Claim


@dataclass(frozen=True)
class Search:
    """`search optimizer.policy.lr in log_uniform(1e-5, 1e-2)`, or `search network.activation in [relu, elu]`."""

    path: Path
    space: List | Call
    span: Span


@dataclass(frozen=True)
class Offered:
    """`search net with [sac_net, mpo_net]`: a search among architectures."""

    name: Name
    mixins: List
    span: Span


@dataclass(frozen=True)
class Tune:
    """A search for the values of a row that score best: its keys, and what it searches."""

    name: Name
    entries: tuple[TuneEntry, ...]
    doc: str
    span: Span


TuneEntry = Assignment | Search | Offered

AnyEntry = Entry | StudyEntry | TuneEntry
Declaration = Algorithm | Architecture | Study | Tune


@dataclass(frozen=True)
class File:
    source: Source
    edition: Number | None
    imports: tuple[Import, ...]
    declarations: tuple[Declaration, ...]
