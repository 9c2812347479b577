"""Which version of taxon this is: a run records it, `taxon --version` prints it, and a built package has it."""

VERSION = "0.1.0"
