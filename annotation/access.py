"""Who may do what in a project. Managers may do what reviewers may; admins everything."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.models import Membership, Project
from sftlab.accounts.models import User
from sftlab.errors import Missing, NotPermitted

Role = Membership.Role
ANNOTATOR, REVIEWER, MANAGER = Role.ANNOTATOR, Role.REVIEWER, Role.MANAGER
ANYONE = (ANNOTATOR, REVIEWER, MANAGER)
JUDGES = (REVIEWER, MANAGER)
MANAGERS = (MANAGER,)


@dataclass(frozen=True)
class Access:
    """A project as one person may see it."""

    project: Project
    user: User
    roles: frozenset[str]

    @property
    def manages(self) -> bool:
        return self.user.is_admin or MANAGER in self.roles

    @property
    def judges(self) -> bool:
        return self.manages or REVIEWER in self.roles

    @property
    def annotates(self) -> bool:
        return ANNOTATOR in self.roles


def access(user: User, uuid: UUID, allowed: tuple[str, ...] = ANYONE) -> Access:
    """Raises Missing for those who are not in the project, NotPermitted for those without one of the roles."""
    project = Project.objects.filter(uuid=uuid).first()
    if project is None:
        raise _missing()
    return access_to(user, project, allowed)


def access_to(user: User, project: Project, allowed: tuple[str, ...] = ANYONE) -> Access:
    roles = frozenset(Membership.objects.filter(project=project, user=user).values_list("role", flat=True))
    if not roles and not user.is_admin:
        raise _missing()
    if not roles & set(allowed) and not user.is_admin:
        raise NotPermitted(_("Your role in this project does not allow that."))
    return Access(project, user, roles)


def _missing() -> Missing:
    return Missing(_("There is no such project."))


def projects_of(user: User) -> QuerySet[Project]:
    projects = Project.objects.order_by("-id")
    return projects if user.is_admin else projects.filter(members__user=user).distinct()


def may_create(user: User) -> bool:
    """Admins, and whoever manages a project already."""
    return user.is_admin or Membership.objects.filter(user=user, role=MANAGER).exists()
