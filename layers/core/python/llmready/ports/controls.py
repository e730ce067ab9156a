"""Settings that operators change while the service runs: the pause and the blocked hosts."""

from collections.abc import Callable, Iterator
from typing import Protocol

from llmready.domain.audit import AuditRecord
from llmready.domain.controls import Controls


class ControlsStore(Protocol):
    """The stored controls."""

    def get(self) -> Controls:
        """Return the current controls."""

    def change(self, changed: Callable[[Controls], Controls], record: AuditRecord | None = None) -> Controls:
        """Apply a change to the stored controls.

        Args:
            changed: Returns the new controls; called again if another change was stored first.
            record: Audit record that is stored with the change.

        Returns:
            The new controls.
        """

    def audit(self) -> Iterator[AuditRecord]:
        """Iterate over the audit records of earlier changes, newest first."""
