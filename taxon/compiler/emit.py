"""From a plan to the text of a Python module."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from taxon.compiler.library import exports, names_used
from taxon.compiler.literals import docstring
from taxon.compiler.plan import Plan, make_plan
from taxon.compiler.templating import environment
from taxon.taxonomy.row import Row
from taxon.taxonomy.table import cells

_STANDARD = {
    "math": "import math",
    "Sequence": "from collections.abc import Sequence",
    "NamedTuple": "from typing import NamedTuple",
}
_TORCH = {
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "grad": "from torch.func import grad",
    "grad_and_value": "from torch.func import grad_and_value",
}


def emit(row: Row) -> str:
    """The module of a row that `check_row` accepts: what `taxon emit` prints and `taxon run` executes."""
    plan = make_plan(row)
    body = _tidy(environment().get_template("module.py.j2").render(p=plan))
    constants = _constants(plan, names_used(body))
    data = _data(plan)
    imports = _imports(names_used("\n".join([constants, data, body])) - set(plan.constants))
    return "\n".join([_header(row, plan), "", imports, "", constants, "", data, "", "", body])


def _header(row: Row, plan: Plan) -> str:
    columns = ", ".join(f"{path} = {cell}" for path, cell in cells(row).items())
    axes = ["S seeds"]
    if plan.rollouts or plan.environments > 1:
        axes.append("N environments of a seed")
    if plan.q:
        axes.append("E critics")
    if plan.phased:
        axes.append("n stored steps")
    if plan.fits_critic or not plan.whole:
        axes.append("B windows" if plan.windows else "B batch")
    if plan.windows:
        axes.append("T steps of a window")
    if max(plan.value_samples, plan.samples, plan.baseline, plan.bound_samples) > 1:
        axes.append("M actions drawn at a state")
    axes += ["O observations", "A actions", "P parameters"]
    doc = docstring(plan.doc)
    parts = [
        docstring(f"{plan.name}: {'EM' if plan.em else 'KL'} control, emitted by taxon from its row."),
        docstring(columns),
        *([doc] if doc else []),
        docstring(f"Shapes: {', '.join(axes)}. Every tensor of the state leads with S."),
    ]
    return '"""' + "\n\n".join(parts) + '\n"""'


def _constants(plan: Plan, used: set[str]) -> str:
    used = used | {value for value in plan.replay.values() if value.isidentifier()}
    lines = []
    for name, (value, comment) in plan.constants.items():
        if name in used:
            lines.append(f"{name} = {value}" + (f"  # {comment}" if comment else ""))
    return "\n".join(lines)


def _data(plan: Plan) -> str:
    fields = ",\n".join(f"    {name}={value}" for name, value in plan.replay.items())
    return f"DATA = {'Rollouts' if plan.rollouts else 'Replay'}(\n{fields},\n)"


def _imports(used: set[str]) -> str:
    names = {**_STANDARD, **_TORCH}
    lines = {line for name, line in names.items() if name in used}
    lines |= {f"from {module} import {name}" for name, module in exports().items() if name in used}
    return order_imports(lines)


def order_imports(lines: Iterable[str]) -> str:
    """Import statements, one name each, as linters sort them: standard library, others, ours; names merged."""
    modules: dict[str, list[str]] = {}
    for line in lines:
        head, _, name = line.partition(" import ") if line.startswith("from") else (line, "", "")
        modules.setdefault(head, []).append(name)
    groups: list[list[str]] = [[], [], []]
    for head in sorted(modules, key=lambda head: (head.startswith("from"), head.lower())):
        root = head.split()[1].partition(".")[0]
        group = 0 if root in sys.stdlib_module_names else 2 if root == "taxon" else 1
        groups[group].append(_statement(head, modules[head]))
    return "\n\n".join("\n".join(group) for group in groups if group)


def _statement(head: str, names: list[str]) -> str:
    if names == [""]:
        return head
    # constants, classes, functions
    ordered = sorted(
        names, key=lambda name: (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)
    )
    line = f"{head} import {', '.join(ordered)}"
    if len(line) <= 120:
        return line
    return f"{head} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _tidy(text: str) -> str:
    """One blank line inside a class, two around it, none at the start of a body."""
    tidy: list[str] = []
    blank = False
    for line in (raw.rstrip() for raw in text.splitlines()):
        if not line:
            blank = True
            continue
        if blank and tidy and not (tidy[-1].endswith((":", "(")) and not tidy[-1].lstrip().startswith("#")):
            top = not line.startswith(" ")
            tidy += ["", ""] if top else [""]
        tidy.append(line)
        blank = False
    return "\n".join(tidy) + "\n"
