"""Modules that the user has changed: what is asked of them, and whose mistakes are whose."""
