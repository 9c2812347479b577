"""The state of environments as plain data, kept and given back."""
