"""Addresses of the web product, each with its view."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from arena import languages
from arena.api.application import urls as api_v1
from arena.operations import views as operations
from arena.organising.dashboard import home
from arena.standings import views as standings
from arena.standings.own_votes import own_votes
from arena.standings.pages import anonymous, downloads, embeds
from arena.standings.pages import views as pages
from arena.voting import files
from arena.voting import views as voting
from arena.voting.way import views as way
from arena.voting.way.feedback import feedback

urlpatterns = [
    path("", home, name="home"),
    path("studies/<slug:slug>/", voting.ballot, name="ballot"),
    path("studies/<slug:slug>/start/", voting.start, name="start"),
    path("studies/<slug:slug>/votes/", own_votes, name="own_votes"),
    path("studies/<slug:slug>/before/", way.prepare, name="prepare"),
    path("studies/<slug:slug>/before/<int:number>/", way.screen, name="screen"),
    path("studies/<slug:slug>/work/", way.work, name="work"),
    path("studies/<slug:slug>/check/", way.check, name="check"),
    path("checks/<str:token>/<int:trial>.wav", way.check_sound, name="check_sound"),
    path("ballots/<str:token>/", voting.answer, name="answer"),
    path("ballots/<str:token>/reasons/", way.reasons, name="reasons"),
    path("ballots/<str:token>/report/", way.report, name="report"),
    path("ballots/<str:token>/feedback/", feedback, name="feedback"),
    path("ballots/<str:token>/voided/", voting.voided, name="voided"),
    path("ballots/<str:token>/reference", files.reference, name="reference"),
    path("ballots/<str:token>/result/", standings.reveal, name="reveal"),
    path("language/", languages.set_language, name="set_language"),
    path("texts/<str:version>/<slug:language>.js", languages.texts, name="texts"),
    path("media/<str:token>", files.media, name="media"),
    path("api/v1/", api_v1),
    path("organise/", include("arena.organising.urls")),
    path("organise/accounts/", include("allauth.urls")),
    path("organise/support/", admin.site.urls),
    path("health/", operations.health, name="health"),
    path("metrics", operations.metrics, name="metrics"),
    path("boards/", standings.boards, name="boards"),
    path("boards/<slug:slug>/", pages.study_boards, name="study_boards"),
    path("boards/<slug:slug>/<str:track>/", pages.board, name="board"),
    path("boards/<slug:slug>/<str:track>/contenders/<str:name>/", pages.contender, name="contender"),
    path("boards/<slug:slug>/<str:track>/pairs/", pages.choose_pair, name="choose_pair"),
    path("boards/<slug:slug>/<str:track>/pairs/<str:first>/<str:second>/", pages.pair, name="pair"),
    path("boards/<slug:slug>/<str:track>/board.<str:form>", downloads.download, name="download"),
    path("anonymous/", anonymous.anonymous, name="anonymous"),
    path("anonymous/<str:digest>.json", anonymous.commitment, name="commitment"),
    path("clips/<str:token>", pages.clip, name="clip"),
    path("embeds/<slug:slug>/<str:track>/badge.svg", embeds.badge, name="badge"),
    path("embeds/<slug:slug>/<str:track>/table.svg", embeds.table, name="table"),
]

handler400 = "arena.errors.bad_request"
handler403 = "arena.errors.forbidden"
handler404 = "arena.errors.page_not_found"
handler500 = "arena.errors.server_error"
