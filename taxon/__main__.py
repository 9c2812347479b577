"""`python -m taxon`."""

from taxon.cli.main import main

main()
