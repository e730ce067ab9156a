"""Write the archive: Markdown files, llms.txt, llms-full.txt, manifest.json, zip."""
