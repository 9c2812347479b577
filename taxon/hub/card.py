"""A run's card: README.md with the front matter that Hugging Face reads, written from the spec and the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taxon.diagnostics.visible import visible
from taxon.hub import relative
from taxon.hub.returns import Returns
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.spaces import ChoiceAction
from taxon.runtime.policies.formats import FILES, Format
from taxon.taxonomy.rules.environment import Actions
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells

CARD, DERIVATION = "README.md", "derivation.md"

LOADED: dict[Format, str] = {
    "onnx": 'onnxruntime.InferenceSession("policy.onnx").run(None, {"observation": observation[None]})[0][0]',
    "torch": 'torch.export.load("policy.pt2").module()(torch.as_tensor(observation)[None])[0]',
    "standalone": "python policy.py --episodes 10 --render",
}


@dataclass(frozen=True)
class Described:
    """What a card says."""

    record: Manifest
    row: Row
    canonical: str
    returns: Returns | None
    repository: str | None  # where it is pushed to, as OWNER/NAME
    formats: Sequence[Format] = ()
    curve: str | None = None  # the picture's file


def card(described: Described) -> str:
    """The text of README.md."""
    return "\n".join([*_front_matter(described), *_body(described)]) + "\n"


def _front_matter(described: Described) -> Iterator[str]:
    """YAML, whose texts are written as JSON has them: nothing of a stranger's ends a scalar."""
    record, returns = described.record, described.returns
    environment = visible(record.environment)
    yield from ("---", "library_name: taxon", "pipeline_tag: reinforcement-learning", "tags:")
    tags = ["reinforcement-learning", "deep-reinforcement-learning", "taxon", record.name, environment]
    yield from (f"- {_text(tag)}" for tag in tags)
    if returns is not None:
        yield from ("model-index:", f"- name: {_text(record.name)}", "  results:")
        yield from ("  - task:", "      type: reinforcement-learning", "      name: reinforcement-learning")
        yield from ("    dataset:", f"      name: {_text(environment)}", f"      type: {_text(environment)}")
        yield from ("    metrics:", "    - type: mean_reward")
        yield f"      value: {_text(f'{returns.mean:.2f} +/- {returns.spread:.2f}')}"
        yield from ("      name: mean_reward", "      verified: false")
    yield "---"


def _body(described: Described) -> Iterator[str]:
    record, row = described.record, described.row
    yield from ("", f"# `{record.name}` on `{visible(str(record.recipe()))}`", "")
    if row.doc:
        yield from (visible(" ".join(row.doc.split())), "")
    seeds = ", ".join(map(str, record.seeds[:20])) + (", ..." if len(record.seeds) > 20 else "")
    yield f"Trained by taxon {visible(record.taxon)} for {record.steps_done:,} steps of each seed ({seeds})."
    yield from ("", "## Returns", "")
    yield from _returns(described)
    if described.curve is not None:
        yield from ("", f"![Learning curve]({described.curve})")
    yield from ("", "## To use it", "", *_loading(described))
    yield from ("", "## The algorithm", "", "As a row of Table 1 of Furuta et al. 2021:", "")
    yield from ("| factor | choice |", "|---|---|")
    yield from (f"| `{path}` | `{cell}` |" for path, cell in cells(row).items())
    yield from ("", f"Every equation, with the lines that compute it: [{DERIVATION}]({DERIVATION}).")
    actions: Actions = "discrete" if isinstance(record.action, ChoiceAction) else "continuous"
    parent, found = relative.nearest(row, record.environment, actions)
    if found:
        yield from ("", f"Beside the shipped spec `{parent.name}`, to which it is nearest:", "", "```diff")
        yield from (*relative.lines(parent, row, found), "```")
    else:
        yield from ("", f"It is the shipped spec `{parent.name}`, choice for choice.")
    yield from ("", "## The spec", "", "```", described.canonical.rstrip("\n"), "```")
    yield from ("", f"The hash of its row is `{record.row}`.")


def _returns(described: Described) -> Iterator[str]:
    record, returns = described.record, described.returns
    if returns is None:
        yield "The run has no evaluation of all of its seeds."
    else:
        episodes = len(next(iter(returns.seeds.values())))
        yield f"{returns}, {episodes} episode{'s' * (episodes != 1)} of each with the mean action or the likeliest."
        yield from ("", "| seed | mean return | least | largest |", "|---|---|---|---|")
        for seed, values in returns.seeds.items():
            mean = sum(values) / len(values)
            yield f"| {seed} | {mean:,.1f} | {min(values):,.1f} | {max(values):,.1f} |"
    if record.frozen:
        frozen = ", ".join(f"{seed} at step {step:,}" for seed, step in record.frozen.items())
        yield from ("", f"Seeds that stopped being finite, or whose environment failed, are in no mean: {frozen}.")


def _loading(described: Described) -> Iterator[str]:
    place = described.repository or "OWNER/NAME"
    folder = place.rpartition("/")[2]
    yield from (
        "```sh",
        "pip install 'taxon-rl[hub]'",
        f"taxon pull {place} --to {folder}",
        f"taxon eval {folder}",
        "```",
    )
    yield from ("", "```python", f'action = taxon.open("{folder}").policy().act(observation)', "```")
    for format in described.formats:
        yield from ("", f"`{FILES[format]}` acts without taxon, on the environment's own observations and actions:")
        yield from ("", "```", LOADED[format], "```")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
