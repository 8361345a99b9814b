"""Django's PostgreSQL backend, which starts the embedded server when the first connection is asked for."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from sftlab.postgres import ensure_running


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        folder = self.settings_dict.get("EMBEDDED")
        if folder:
            address = ensure_running(Path(folder))
            self.settings_dict.update(HOST=address.host, PORT=str(address.port), USER=address.user)
        return super().get_connection_params()
