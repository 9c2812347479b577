"""What an editor asks of taxon, over the Language Server Protocol: `taxon lsp`."""
