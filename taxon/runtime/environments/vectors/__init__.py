"""Environments that are stepped together, in this process and in others."""
