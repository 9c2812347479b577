"""What the exit codes mean, as `taxon --help` and the reference of the command line say it."""

from textwrap import wrap

EXITS = {
    0: "fine, warnings included; for `diff`, the rows are the same; for `run`, also where --stop-at or a callback "
    "ended it",
    1: "errors in a spec; for `diff`, the rows differ; for `fmt --check`, a file would change; for `run`, every seed "
    "was frozen; for `study` and `tune`, not every run is done; for `doctor`, `run` lacks something",
    2: "a file, a folder or an environment that cannot be used, or a mistake on the command line",
    130: "interrupted; `run`, `study` and `tune` leave checkpoints",
}


def as_list() -> str:
    """The codes below each other, for a terminal of 80 columns."""
    lines = ["Exit codes:"]
    for code, meaning in EXITS.items():
        lines += wrap(meaning, 76, initial_indent=f"{code:>5}  ", subsequent_indent=" " * 7)
    return "\n".join(lines)
