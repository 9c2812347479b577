"""What the exit codes mean, as `taxon --help` and the reference of the command line say it."""

EXITS = {
    0: "fine, warnings included; for `diff`, the rows are the same",
    1: "errors in a spec; for `diff`, the rows differ; for `fmt --check`, a file would change; for `run`, every seed "
    "was frozen",
    2: "a file, a folder or an environment that cannot be used, or a mistake on the command line",
    130: "interrupted; `run` leaves a checkpoint",
}
