"""The one table: who is kept where is in ``keys.py``, how it is read and written in ``table.py``."""
