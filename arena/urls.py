"""Addresses of the web product, each with its view."""

from __future__ import annotations

from django.urls import path

from arena.api.application import urls as api_v1
from arena.standings import views as standings
from arena.standings.pages import downloads, embeds
from arena.standings.pages import views as pages
from arena.voting import files
from arena.voting import views as voting

urlpatterns = [
    path("", standings.home, name="home"),
    path("studies/<slug:slug>/", voting.ballot, name="ballot"),
    path("studies/<slug:slug>/start/", voting.start, name="start"),
    path("ballots/<str:token>/", voting.answer, name="answer"),
    path("ballots/<str:token>/reference", files.reference, name="reference"),
    path("ballots/<str:token>/result/", standings.reveal, name="reveal"),
    path("media/<str:token>", files.media, name="media"),
    path("api/v1/", api_v1),
    path("boards/", standings.boards, name="boards"),
    path("boards/<slug:slug>/", pages.study_boards, name="study_boards"),
    path("boards/<slug:slug>/<str:track>/", pages.board, name="board"),
    path("boards/<slug:slug>/<str:track>/contenders/<str:name>/", pages.contender, name="contender"),
    path("boards/<slug:slug>/<str:track>/pairs/", pages.choose_pair, name="choose_pair"),
    path("boards/<slug:slug>/<str:track>/pairs/<str:first>/<str:second>/", pages.pair, name="pair"),
    path("boards/<slug:slug>/<str:track>/board.<str:form>", downloads.download, name="download"),
    path("clips/<str:token>", pages.clip, name="clip"),
    path("embeds/<slug:slug>/<str:track>/badge.svg", embeds.badge, name="badge"),
    path("embeds/<slug:slug>/<str:track>/table.svg", embeds.table, name="table"),
]

handler400 = "arena.errors.bad_request"
handler403 = "arena.errors.forbidden"
handler404 = "arena.errors.page_not_found"
handler500 = "arena.errors.server_error"
