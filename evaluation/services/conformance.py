import time
from importlib import metadata

from django.db import transaction

from evaluation import jobs
from evaluation.conformance.cases import run
from evaluation.models import Conformance
from sftlab.accounts.models import User
from sftlab.audit.services import record

PACKAGES = ("numpy", "scipy", "jieba", "rapidfuzz")


def run_conformance() -> Conformance:
    """Derives every number now and keeps the result."""
    began = time.monotonic()
    results = [result.as_json() for result in run()]
    return Conformance.objects.create(
        passed=all(result["passed"] for result in results),
        results=results,
        versions={name: metadata.version(name) for name in PACKAGES},
        seconds=round(time.monotonic() - began, 3),
    )


@transaction.atomic
def ask_for_conformance(*, actor: User) -> None:
    jobs.conformance()
    record(actor=actor, verb="conformance.ask", obj=actor)
