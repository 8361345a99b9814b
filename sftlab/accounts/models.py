from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from sftlab.db import PublicModel


class User(PublicModel, AbstractUser):  # type: ignore[django-manager-missing]  # its tokens' manager is knox's
    """A person, or a scripted user of the demo, whose work is marked as scripted wherever it shows."""

    language = models.CharField(
        _("language"), max_length=8, choices=[("en", "English"), ("zh-hans", "简体中文")], blank=True
    )
    scripted = models.BooleanField(_("scripted"), default=False)
    demo = models.BooleanField(_("demo account"), default=False)
    """Its password is printed by `make demo`, so it opens nothing where others can reach the service."""

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"

    @property
    def may_enter(self) -> bool:
        return self.is_active and (settings.IS_LOCAL or not self.demo)

    @property
    def is_admin(self) -> bool:
        return self.is_superuser and self.is_active


class ApiToken(PublicModel, AbstractAuthToken):  # type: ignore[misc, django-manager-missing]  # knox has no types
    """A token for a program. Only its digest is stored."""

    class Scope(models.TextChoices):
        READ = "read", _("Read only")
        WRITE = "write", _("Read and write")

    name = models.CharField(max_length=100, default="log-in")
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.WRITE)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
