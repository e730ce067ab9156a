from tests.accounts.conftest import service, set_up
from tests.worker.conftest import start_worker

__all__ = ["service", "set_up", "start_worker"]
