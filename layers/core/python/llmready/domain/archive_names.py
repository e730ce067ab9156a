"""The names of the files in an archive.

``llmready sync`` unpacks archives into repositories, where other programs run files such as
``.github/workflows/x.yml`` or ``conftest.py``. Only the names of LLMReady's own texts are therefore accepted.
"""

# Files at the root, and the folders with the extension of all files in them.
_ROOT_FILES = frozenset({"llms.txt", "llms-full.txt", "manifest.json"})
_FOLDERS = (("md/", ".md"), ("llms/", ".txt"))


def is_archive_name(name: str) -> bool:
    """Return whether LLMReady's crawler writes files with this name, apart from the folders in it."""
    return name in _ROOT_FILES or any(
        name.startswith(folder) and name.endswith(end) for folder, end in _FOLDERS
    )
