"""Django's PostgreSQL backend, which starts the embedded server when the first connection is asked for.

A server that can't be reached is found out at once, before a pool keeps trying for it in the background.
"""

import select
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from sftlab.postgres import DatabaseUnavailable, ensure_running

_probed: set[str] = set()


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        folder = self.settings_dict.get("EMBEDDED")
        if folder:
            address = ensure_running(Path(folder))
            self.settings_dict.update(HOST=address.host, PORT=str(address.port), USER=address.user)
        params = super().get_connection_params()
        if not folder and self.settings_dict["HOST"] not in _probed:
            _probe(params)
            _probed.add(self.settings_dict["HOST"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A pooled connection whose server has not hung up.

        Django's own health check asks the server, one round trip a request; a socket that is closed at the other end
        is seen here without asking.
        """
        connection = super().get_new_connection(conn_params)
        while self.pool and _hung_up(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = self.pool.getconn()
        return connection


def _hung_up(connection: psycopg.Connection[Any]) -> bool:
    """An idle connection has nothing to read, unless the server said good-bye."""
    return connection.closed or bool(select.select([connection.fileno()], [], [], 0)[0])


def _probe(params: dict[str, Any]) -> None:
    names = ("host", "port", "user", "password", "dbname", "sslmode", "connect_timeout")
    try:
        psycopg.connect(**{name: params[name] for name in names if name in params}).close()
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0]
        raise DatabaseUnavailable(
            f"The database of DATABASE_URL can't be used: {reason}. Start it or correct DATABASE_URL; "
            "unset it to use the embedded PostgreSQL."
        ) from error
