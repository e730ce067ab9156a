"""HTML to Markdown, and what a page says about itself."""
