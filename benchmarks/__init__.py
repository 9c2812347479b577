"""Measurements of taxon beside its peers. No part of the package: nothing in `taxon/` imports it."""
