"""All settings, from the environment. Every variable is named in docs/operations.md."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django_stubs_ext
import plotly
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

django_stubs_ext.monkeypatch()  # generic classes of Django can be subscripted at run time too

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("SFTLAB_VAR", BASE_DIR / "var")).resolve()

LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [host for host in os.environ.get("SFTLAB_HOSTS", "").split(",") if host] or LOOPBACK
IS_LOCAL = set(ALLOWED_HOSTS) <= {*LOOPBACK, "testserver"}
DEBUG = False


def _secret_key() -> str:
    """From the environment; an installation that only this machine can reach makes its own and keeps it in var/."""
    key = os.environ.get("SFTLAB_SECRET_KEY")
    if key:
        return key
    if not IS_LOCAL:
        raise ImproperlyConfigured("Set SFTLAB_SECRET_KEY: SFTLAB_HOSTS makes this service reachable from elsewhere.")
    file = VAR_DIR / "secret-key"
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return file.read_text() or secrets.token_urlsafe(48)


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SFTLAB_OLD_SECRET_KEYS", "").split(",") if key]

INSTALLED_APPS = [
    "sftlab.accounts",
    "sftlab.audit",
    "sftlab.work",
    "sftlab.web",
    "annotation",
    "training",
    "evaluation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "axes",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "evaluation.api.quick.QuickBoards",
    "evaluation.api.origins.AnyOrigin",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sftlab.web.middleware.ErrorPageMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "sftlab.urls"
WSGI_APPLICATION = "sftlab.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sftlab.web.navigation.navigation",
            ],
        },
    },
]


def _database(url: str | None) -> dict[str, Any]:
    pool = {"min_size": 1, "max_size": int(os.environ.get("SFTLAB_DB_POOL", "8")), "timeout": 10}
    common: dict[str, Any] = {
        "ENGINE": "sftlab.backend",
        "OPTIONS": {"pool": pool, "connect_timeout": 5},
    }
    if not url:
        return {**common, "NAME": "sftlab", "EMBEDDED": str(VAR_DIR / "postgres")}
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name")
    query = dict(parse_qsl(parts.query))
    return {
        **common,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {**common["OPTIONS"], **query},
    }


DATABASES = {"default": _database(os.environ.get("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "sftlab.accounts.backends.PasswordBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "accounts:login"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_LOCAL
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = False  # TLS ends at the proxy in front
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if not IS_LOCAL else None
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = [] if IS_LOCAL else [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS]
X_FRAME_OPTIONS = "DENY"

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "sftlab.accounts.lockout.respond"
AXES_HTTP_RESPONSE_CODE = 429

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("SFTLAB_TIME_ZONE", "UTC")

STATIC_URL = "static/"
STATICFILES_DIRS = [("plotly", str(Path(plotly.__file__).parent / "package_data"))]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = VAR_DIR / "uploads"
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "sftlab.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "sftlab.access.TokenScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "sftlab.api.Pagination",
    "DEFAULT_THROTTLE_CLASSES": ["sftlab.access.UserThrottle", "sftlab.access.AnonThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "user": os.environ.get("SFTLAB_RATE_USER", "6000/min"),
        "anon": "120/min",
        "login": "30/min",
    },
    "DEFAULT_SCHEMA_CLASS": "sftlab.openapi.ApiSchema",
    "EXCEPTION_HANDLER": "sftlab.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_TTL": timedelta(hours=10), "AUTH_HEADER_PREFIX": "Token"}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - a model's name, not a secret
SPECTACULAR_SETTINGS = {
    "TITLE": "SFTLab",
    "VERSION": "1",
    "DESCRIPTION": "Instruction data, fine-tuning, blind evaluation and leaderboards.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "RunStatus": "training.models.Run.Status",
        "AttemptStatus": "training.models.Attempt.Status",
        "JobStatus": "training.models.Preflight.Status",
        "EvaluationStatus": "evaluation.models.Evaluation.Status",
        "SystemStatus": "evaluation.models.System.Status",
        "ProjectKind": "annotation.models.Project.Kind",
        "ProjectState": "annotation.models.Project.State",
        "ModelKind": "training.models.LanguageModel.Kind",
        "MetricKind": "training.models.Metric.Kind",
        "ReviewVerdict": "annotation.models.Review.Verdict",
        "ResponseState": "annotation.models.Response.State",
        "MemberRole": "annotation.models.Membership.Role",
        "ForgettingStatus": "evaluation.models.ForgettingGate.Status",
        "StudyMemberRole": "evaluation.models.studies.StudyMember.Role",
    },
}

METRICS_FILE = os.environ.get("SFTLAB_METRICS", "")

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}}

PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "never"}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("SFTLAB_LOG_LEVEL", "INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("procrastinate", "axes", "httpx", "psycopg.pool")},
}
# What each app puts into the side bar and on the home page; sftlab.web knows none of them.
WEB_OFFERS = [
    "annotation.offers.offer",
    "evaluation.offers.offer",
    "training.offers.offer",
    "sftlab.accounts.offers.offer",
]
