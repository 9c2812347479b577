"""The choices of the language, one module an axis."""
