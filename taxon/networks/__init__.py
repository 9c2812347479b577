"""Networks over one flat parameter row per seed, [S, P]: objects that hold shapes and functions, never parameters."""
