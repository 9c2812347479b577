"""What else a run's log is given to: files in its folder, and tools that laboratories use."""
