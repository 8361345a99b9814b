import pytest

from annotation.models import Membership
from tests.factories import annotation as make


@pytest.fixture
def project(admin, alice, bob):
    """Three items; carol manages, alice and bob annotate, bob reviews too; dave is a stranger."""
    made = make.project(admin, items=3, people=[alice, bob])
    Membership.objects.create(project=made, user=bob, role="reviewer")
    return made


@pytest.fixture
def manager(project, carol):
    Membership.objects.create(project=project, user=carol, role="manager")
    return carol
