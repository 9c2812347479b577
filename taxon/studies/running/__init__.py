"""The running of a study: which runs it needs, where they are kept, and who makes those that are missing.

`units.py` has what identifies a run, `store.py` where it is kept, `attempts.py` who is at it, `driver.py` how runs are
made, `results.py` what is read of them. docs/studies.md says how to use it.
"""
