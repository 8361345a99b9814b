"""Schemathesis over what surrounds a leaderboard that is there: every answer is one that the schema describes."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from evaluation.services.conformance import run_conformance
from sftlab.accounts.services import create_token
from sftlab.wsgi import application
from tests.evaluation.worlds import make_world

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
PATHS = r"^/api/v1/(leaderboards|lineage|rows|conformance|tokens)/"


@pytest.fixture(autouse=True)
def _one_connection(db):
    """As Django's own test client does: a request does not give back the connection that the test's rows are on."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def world(admin, alice):
    run_conformance()
    return make_world(admin, alice, visibility="public")


schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
schema.app = application


@schema.include(path_regex=PATHS).parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_about_a_board_is_as_the_schema_says(case, admin, world):
    """Things that are there in the path, whatever schemathesis thinks of in the query and the body."""
    _token, text = create_token(user=admin)
    kinds = world.kinds()
    there = {"slug": "board", "row": kinds["row"]}
    for name in case.path_parameters:
        case.path_parameters[name] = str(there.get(name, case.path_parameters[name]))
    kind = case.path_parameters.get("kind")
    if kind is not None:
        kind = sorted(kinds)[len(kind) % len(kinds)]
        case.path_parameters |= {"kind": kind, "key": str(kinds[kind])}
    response = case.call(headers={"Authorization": f"Token {text}", "Accept": "*/*"})
    case.validate_response(response, checks=CHECKS)


READS = [
    ("/api/v1/leaderboards/", {}),
    ("/api/v1/leaderboards/{slug}/", {}),
    ("/api/v1/leaderboards/{slug}/", {"language": "en", "category": "fact", "page": 1, "columns": "rank,bleu"}),
    ("/api/v1/leaderboards/{slug}/history/", {}),
    ("/api/v1/leaderboards/{slug}/diff/", {"from": 1, "to": 1}),
    ("/api/v1/conformance/", {}),
]


@pytest.mark.parametrize(("path", "query"), READS)
def test_a_read_that_succeeds_is_as_the_schema_says(world, path, query):
    response = schema[path]["GET"].Case(path_parameters={"slug": "board"}, query=query).call_and_validate(checks=CHECKS)
    assert response.status_code == 200


def test_the_lineage_of_every_kind_is_as_the_schema_says(admin, world):
    _token, text = create_token(user=admin)
    for kind, key in world.kinds().items():
        case = schema["/api/v1/lineage/{kind}/{key}/"]["GET"].Case(path_parameters={"kind": kind, "key": str(key)})
        response = case.call_and_validate(headers={"Authorization": f"Token {text}"}, checks=CHECKS)
        assert response.status_code == 200


def test_a_judged_gate_is_as_the_schema_says(admin, world):
    _token, text = create_token(user=admin)
    rules = [{"metric": "bleu", "language": "en"}, {"metric": "strength"}, {"metric": "nonsense"}]
    body = {"model": str(world.tuned.uuid), "baseline": str(world.base.uuid), "rules": rules}
    case = schema["/api/v1/leaderboards/{slug}/gate/"]["POST"].Case(
        path_parameters={"slug": "board"}, body=body, media_type="application/json"
    )
    response = case.call_and_validate(headers={"Authorization": f"Token {text}"}, checks=CHECKS)
    assert [rule["verdict"] for rule in response.json()["rules"]] == ["pass", "undetermined", "undetermined"]
