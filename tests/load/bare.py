"""WSGI application with the arena's settings and one view, which inserts a row: the least cost of a vote."""

from __future__ import annotations

import os

from django.apps import apps
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")


def insert(request: HttpRequest) -> HttpResponse:
    apps.get_model("voting", "Rater").objects.create()
    return HttpResponse("inserted")


urlpatterns = [path("", insert)]
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()
