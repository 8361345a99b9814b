"""Schemathesis over the whole API, as somebody who may do everything: whatever is sent, no answer is a 5xx."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance

from sftlab.accounts.services import create_token
from sftlab.wsgi import application


@pytest.fixture(autouse=True)
def _one_connection(db):
    """As Django's own test client does: a request does not give back the connection that the test's rows are on."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def headers(admin) -> dict[str, str]:
    _token, text = create_token(user=admin)
    return {"Authorization": f"Token {text}"}


schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
schema.app = application


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_no_request_breaks_the_service(case, headers):
    response = case.call(headers={**headers, "Accept": "*/*"})
    case.validate_response(response, checks=(not_a_server_error, status_code_conformance))
