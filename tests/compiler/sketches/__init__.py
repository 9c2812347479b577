"""What the next systems need of the compiler, each a block and a role more: choices that exist in these tests alone."""
