"""Convert pages: HTML to Markdown and raw facts, character encodings, safe Markdown."""
