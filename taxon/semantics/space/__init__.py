"""Which rows are coherent, counted over the space of all."""
