"""Policies that a run left behind: acting with them, and taking them elsewhere."""
