"""Experience: where the steps of the environments go, when updates are due, and what they read."""
