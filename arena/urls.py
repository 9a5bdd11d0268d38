"""Addresses of the web product, each with its view."""

from __future__ import annotations

from django.urls import path

from arena.standings import views as standings
from arena.voting import files
from arena.voting import views as voting

urlpatterns = [
    path("", voting.home, name="home"),
    path("studies/<slug:slug>/", voting.ballot, name="ballot"),
    path("studies/<slug:slug>/start/", voting.start, name="start"),
    path("ballots/<str:token>/", voting.answer, name="answer"),
    path("ballots/<str:token>/reference", files.reference, name="reference"),
    path("ballots/<str:token>/result/", standings.reveal, name="reveal"),
    path("media/<str:token>", files.media, name="media"),
    path("boards/", standings.boards, name="boards"),
    path("boards/<slug:slug>/<str:track>/", standings.board, name="board"),
]

handler400 = "arena.errors.bad_request"
handler403 = "arena.errors.forbidden"
handler404 = "arena.errors.page_not_found"
handler500 = "arena.errors.server_error"
