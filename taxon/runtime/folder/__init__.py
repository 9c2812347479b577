"""A run's folder: what is read from it and written to it."""
