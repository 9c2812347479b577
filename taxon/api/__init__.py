"""taxon for Python: what `import taxon` offers.

A `Spec` is an algorithm as data, and needs no torch. `train` makes a `Run` of one, on the same path as `taxon run`;
`open` gives that of a folder. All of them are values: nothing here is changed in place.
"""
