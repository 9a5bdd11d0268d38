from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def reveal(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse()


def boards(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def board(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    return HttpResponse()
