"""What an editor can request of taxon, over the Language Server Protocol: `taxon lsp`."""
