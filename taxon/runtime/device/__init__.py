"""What runs on the device: compiled, captured, in place, by seed."""
