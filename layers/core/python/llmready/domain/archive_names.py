"""The names of the files in an archive.

``llmready sync`` unpacks archives into repositories, where other programs run files such as
``.github/workflows/x.yml`` or ``conftest.py``. Only the names of LLMReady's own texts are therefore accepted.
"""

# Files at the root, and the folders with the extension of all files in them.
_ROOT_FILES = frozenset({"llms.txt", "llms-full.txt", "manifest.json"})
_FOLDERS = (("md/", ".md"), ("llms/", ".txt"))


def is_archive_name(name: str) -> bool:
    """Return whether LLMReady's crawler may write files with this name.

    Its names never begin with a dot, so that they are no files or folders of tools, such as ``.claude``.
    """
    if name in _ROOT_FILES:
        return True
    if any(part.startswith(".") for part in name.split("/")):
        return False
    return any(name.startswith(folder) and name.endswith(end) for folder, end in _FOLDERS)
