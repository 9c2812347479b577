"""Environments: made, stepped in this process and in others, and their state."""
