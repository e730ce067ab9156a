"""The ``llmready`` command."""
