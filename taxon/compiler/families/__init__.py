"""Distributions of the policy, one a file: what can be computed of them, as Python expressions."""
