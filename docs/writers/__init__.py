"""What writes the pages of the reference, a module a page: each reads the code's own tables and returns Markdown."""
