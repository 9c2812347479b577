"""What the choices of each axis add to a module, a file an axis as in `taxonomy/axes`."""
