"""What `taxon doctor` looks at, a file for each part of a machine; nothing here is imported before it is asked for."""
