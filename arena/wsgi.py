"""WSGI application that gunicorn serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from arena.operations.reporting import start_reporting
from arena.requests import tolerant

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")

application = tolerant(get_wsgi_application())
start_reporting()
