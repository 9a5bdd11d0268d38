"""Settings of the arena, all read from the environment here and documented in the README."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate
from kombu import Queue
from platformdirs import user_data_path

from arena.beat_schedule import BEAT_SCHEDULE
from arena.log_settings import logging_settings
from arena.oauth_apps import oauth_app

BASE_DIR = Path(__file__).resolve().parent.parent
IN_CHECKOUT = (BASE_DIR / "manage.py").is_file()  # a wheel doesn't contain it
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-for-production"  # noqa: S105 - refused below

env = Env()


def networks(texts: list[str]) -> list[IPv4Network | IPv6Network]:
    """Return addresses and networks as networks; raise ImproperlyConfigured for anything else."""
    try:
        return [ip_network(text.strip()) for text in texts]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES must be addresses and networks with commas between; got {error}. "
            "Set it, as in TRUSTED_PROXIES=10.0.0.0/8,::1"
        ) from error


# Environment. Production refuses settings that are only safe in development.

ENVIRONMENT = env.str(
    "PADDOCK_ENVIRONMENT", "development", validate=validate.OneOf(["development", "production"])
)
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", DEVELOPMENT_SECRET_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

if PRODUCTION and DEBUG:
    raise ImproperlyConfigured(
        "DEBUG must be off in production, since it shows source and settings; got on. Unset DEBUG."
    )
if PRODUCTION and (SECRET_KEY == DEVELOPMENT_SECRET_KEY or len(SECRET_KEY) < 50):
    raise ImproperlyConfigured(
        "SECRET_KEY must be a secret of 50 characters or more in production, since it signs ballots; got "
        "none, a shorter one or the development key. "
        "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS must name the arena's hosts in production; got none. "
        "Set it, as in ALLOWED_HOSTS=arena.example.org"
    )

# The application.

OAUTH_PROVIDERS: list[str] = env.list("OAUTH_PROVIDERS", [])
INSTALLED_APPS = [
    "arena.organising.support.SupportConfig",  # Django's admin, for organisers only
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    *(f"allauth.socialaccount.providers.{provider}" for provider in OAUTH_PROVIDERS),
    "arena.webhooks",
    "arena.catalog",
    "arena.runs",
    "arena.voting",
    "arena.screening",
    "arena.standings",
    "arena.api",
    "arena.organising",
    "arena.operations",
    "arena.demo",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "arena.cookies.SecureCookies",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "arena.languages.speak",
    "arena.requests.gate",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "arena.voting.refusals.AnswerRefusals",
    "arena.operations.counting.CountRequests",
]
ROOT_URLCONF = "arena.urls"
WSGI_APPLICATION = "arena.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "arena" / "templates"],
        "APP_DIRS": True,  # the support admin's; ours come first
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "arena.languages.languages_of_pages",
                "arena.version.shown_version",
            ],
            "libraries": {"fragments": "arena.fragments"},
        },
    }
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
LOCALE_PATHS = [BASE_DIR / "arena" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Data.

USER_DATA = user_data_path("paddock", appauthor=False)
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "data" if IN_CHECKOUT else USER_DATA)
DATA_DIR.mkdir(parents=True, exist_ok=True)  # SQLite makes its file, but not the folder
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'paddock.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}  # tests run on a real file, too
    # FULL syncs each commit: an acknowledged vote outlasts a power cut.
    # IMMEDIATE takes the write lock at BEGIN: read-then-write transactions wait instead of failing.
    DATABASES["default"]["CONN_MAX_AGE"] = None  # a new connection costs more than a vote's own queries
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
    }
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", 16, validate=validate.Range(min=1))
DATABASE_PREPARED = env.bool("DATABASE_PREPARED", True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # arena.prepared alone asks for prepared statements; None refuses them.
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 0 if DATABASE_PREPARED else None
    # A new connection costs PostgreSQL more than most requests; the pool keeps them for the next.
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": 10,  # seconds to wait for a free one; then an error is better than a page that hangs
    }

# One cache for each process: facts of clips, which never change, and boards.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

S3_BUCKET = env.str("S3_BUCKET", "")


def _media_storage(folder: str) -> dict[str, object]:
    if S3_BUCKET:
        options = {
            "bucket_name": S3_BUCKET,
            "location": folder,
            "file_overwrite": False,
            "signature_version": "s3v4",  # newer regions accept no other signed addresses
        }
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media" / folder},
    }


STORAGES = {
    "originals": _media_storage("originals"),
    "renditions": _media_storage("renditions"),
    "references": _media_storage("references"),
    "staticfiles": {"BACKEND": "arena.static_files.Hashed" if PRODUCTION else "arena.static_files.Plain"},
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static" if PRODUCTION else None  # development serves uncollected files
STATICFILES_DIRS = [BASE_DIR / "arena" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Making clips.

FFMPEG_BINARY = env.str("FFMPEG_BINARY", "")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "memory://")
CELERY_TASK_ALWAYS_EAGER = CELERY_BROKER_URL == "memory://"
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES = [Queue(name) for name in ("api", "gpu", "media")]
CELERY_TASK_DEFAULT_QUEUE = "media"
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
GENERATORS_IN_PROCESS = env.bool("GENERATORS_IN_PROCESS", False)
JOB_TIMEOUT_S = env.int("JOB_TIMEOUT_S", 3600, validate=validate.Range(min=1))
FINISHING_S = 1800  # for encoding, measuring and storing, after the generator
CELERY_TASK_SOFT_TIME_LIMIT = JOB_TIMEOUT_S + FINISHING_S
CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 60
# A message not acknowledged within the visibility timeout is delivered again: keep it above the longest job.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {} if CELERY_TASK_ALWAYS_EAGER else {"visibility_timeout": CELERY_TASK_TIME_LIMIT + 60}
)
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
MAX_USD_PER_RUN = env.decimal("MAX_USD_PER_RUN", None, validate=validate.Range(min=0))
MAX_USD_PER_CONTENDER = env.decimal("MAX_USD_PER_CONTENDER", None, validate=validate.Range(min=0))
MAX_USD_PER_DAY = env.decimal("MAX_USD_PER_DAY", None, validate=validate.Range(min=0))
JOB_MAX_ATTEMPTS = env.int("JOB_MAX_ATTEMPTS", 3, validate=validate.Range(min=1))
RENDITION_VARIANTS = env.int("RENDITION_VARIANTS", 8, validate=validate.Range(min=0, max=16))

# Voting.

ANSWERS_PER_MINUTE = env.int("ANSWERS_PER_MINUTE", 20, validate=validate.Range(min=0))
ANSWERS_PER_MINUTE_AND_ADDRESS = env.int(
    "ANSWERS_PER_MINUTE_AND_ADDRESS", 120, validate=validate.Range(min=0)
)
NEW_RATERS_PER_HOUR_AND_ADDRESS = env.int(
    "NEW_RATERS_PER_HOUR_AND_ADDRESS", 120, validate=validate.Range(min=0)
)
ORIGINS_KEPT_DAYS = env.int("ORIGINS_KEPT_DAYS", 30, validate=validate.Range(min=0))
WATCHING_REQUIRED = env.bool("WATCHING_REQUIRED", True)
BALLOT_LIFETIME_S = env.int("BALLOT_LIFETIME_S", 1800, validate=validate.Range(min=60))
HIDDEN_MOST_CONTENDERS = env.int("HIDDEN_MOST_CONTENDERS", 3, validate=validate.Range(min=0))
HIDDEN_MOST_VOTES = env.int("HIDDEN_MOST_VOTES", 5000, validate=validate.Range(min=1))
HIDDEN_MOST_DAYS = env.int("HIDDEN_MOST_DAYS", 60, validate=validate.Range(min=1, max=3650))
RATER_COOKIE_NAME = "rater"
RATER_COOKIE_AGE_S = 365 * 24 * 3600

# Signing in: by links that are mailed or printed, and by the OAuth providers that are named here.

LOGIN_URL = "organising:sign_in"
LOGIN_REDIRECT_URL = "organising:dashboard"
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "home"
AUTHENTICATION_BACKENDS = ["arena.organising.permissions.RoleBackend"]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 14 * 24 * 3600
EMAIL_HOST = env.str("EMAIL_HOST", "")  # empty: no links are mailed
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", False)  # TLS from the first byte, port 465
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", not EMAIL_USE_SSL)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", "paddock@localhost")
SOCIALACCOUNT_ONLY = True  # allauth signs in by OAuth alone; there are no passwords
ACCOUNT_EMAIL_VERIFICATION = SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ADAPTER = "arena.organising.oauth.KnownPeopleOnly"
SOCIALACCOUNT_QUERY_EMAIL = SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True

SOCIALACCOUNT_PROVIDERS = {provider: oauth_app(env, provider) for provider in OAUTH_PROVIDERS}

# The API, snapshots, and uploads of clips by organisers.

API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 300, validate=validate.Range(min=1))
SNAPSHOT_KEY_FILE = env.str("SNAPSHOT_KEY_FILE", "")  # empty: a key in DATA_DIR, made when it is first needed
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 2 * 2**30, validate=validate.Range(min=1))
UPLOAD_MAX_FILES = env.int("UPLOAD_MAX_FILES", 500, validate=validate.Range(min=1))

# Webhooks: origins that may be plain HTTP or on a private network, such as http://10.0.0.5:8080.

WEBHOOK_PRIVATE_ORIGINS: list[str] = env.list("WEBHOOK_PRIVATE_ORIGINS", [])

# Security.

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # none that writes to disk
DATA_UPLOAD_MAX_NUMBER_FILES = 2000  # each page has a smaller limit of its own
CSRF_FAILURE_VIEW = "arena.voting.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", True)
# Where plain HTTP is served, not every cookie can be Secure; arena.cookies marks those sent over HTTPS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = RATER_COOKIE_SECURE = SECURE_SSL_REDIRECT
LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
# HSTS for subdomains and the browsers' preload list are decisions for the domain's owner.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
TRUSTED_PROXIES = networks(env.list("TRUSTED_PROXIES", ["127.0.0.1", "::1"] if BEHIND_PROXY else []))
FORCE_SCRIPT_NAME = (
    env.str("FORCE_SCRIPT_NAME", "", validate=validate.Regexp(r"(/[\w.~-]+)*/?\Z")).rstrip("/") or None
)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Watching the site.

METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # empty: processes on this machine alone read /metrics
HEALTH_QUEUE_AGE_S = env.int("HEALTH_QUEUE_AGE_S", 0, validate=validate.Range(min=0))
SENTRY_DSN = env.str("SENTRY_DSN", "")
LOG_FORMAT = env.str("LOG_FORMAT", "line", validate=validate.OneOf(["line", "json"]))
CELERY_WORKER_HIJACK_ROOT_LOGGER = LOG_FORMAT == "line"
# Health checks come to a container's own port, and over HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health/$", r"^metrics$"]
LOGGING = logging_settings(LOG_FORMAT, env.str("LOG_LEVEL", "WARNING"))
