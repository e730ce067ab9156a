"""LLMReady: the one copy of the service's logic, shared by the functions, the worker and the local system."""

__version__ = "0.1.0"
