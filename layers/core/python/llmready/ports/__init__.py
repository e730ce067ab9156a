"""What the use cases need from outside the process, as protocols.

The contract of each method is written here, once: parameters, result and errors. Implementations are in
``llmready.adapters``; tests use their own. Any method that reaches AWS may also raise
:class:`llmready.domain.errors.TryAgain` when the service behind it cannot be reached.
"""
