"""How the schema describes what every endpoint shares."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema

from sftlab.api import ErrorSerializer

REFUSALS = ("400", "401", "403", "404", "429", "503")


class ApiSchema(AutoSchema):
    """Any endpoint may refuse with these; a view names the ones beyond them."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in REFUSALS:
            if status not in bodies:
                bodies[status] = self._get_response_for_code(ErrorSerializer, status, direction=direction)  # type: ignore[no-untyped-call]
        return bodies
