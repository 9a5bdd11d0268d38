"""Addresses of organisers' pages, below `/organise/`."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from arena.organising import (
    audit_page,
    contender_pages,
    dashboard,
    people_pages,
    signing_in,
    suite_pages,
    suite_upload,
    webhook_pages,
)
from arena.organising.runs import pages as runs
from arena.organising.studies import pages as studies
from arena.organising.studies import rules_page
from arena.organising.uploads import pages as uploads

app_name = "organising"

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-in/<str:token>/", signing_in.use_sign_in_link, name="use_link"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("accounts/login/", RedirectView.as_view(pattern_name="organising:sign_in")),
    path("accounts/logout/", RedirectView.as_view(pattern_name="organising:dashboard")),
    path("suites/", suite_pages.suites, name="suites"),
    path("suites/upload/", suite_upload.upload_suite, name="upload_suite"),
    path("suites/images/<int:number>/", suite_pages.reference_image, name="reference_image"),
    path("suites/<slug:name>/", suite_pages.suite, name="suite"),
    path("suites/<slug:name>/diff/", suite_pages.suite_diff, name="suite_diff"),
    path("contenders/", contender_pages.contenders, name="contenders"),
    path("contenders/add/", contender_pages.add, name="add_contender"),
    path("contenders/<int:number>/", contender_pages.change, name="change_contender"),
    path("people/", people_pages.people, name="people"),
    path("people/<int:number>/", people_pages.change_person, name="change_person"),
    path("clips/", uploads.uploads, name="uploads"),
    path("clips/<slug:slug>/", uploads.upload, name="upload"),
    path("clips/<slug:slug>/upload/", uploads.send_files, name="send_files"),
    path("clips/<slug:slug>/take-in/", uploads.take_clips_in, name="take_clips_in"),
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", runs.plan, name="plan_run"),
    path("runs/<int:number>/", runs.run, name="run"),
    path("runs/<int:number>/change/", runs.change_run, name="change_run"),
    path("runs/<int:number>/clips/<int:clip>.jpg", runs.thumbnail, name="thumbnail"),
    path("studies/", studies.studies, name="studies"),
    path("studies/new/", studies.new_study, name="new_study"),
    path("studies/<slug:slug>/", studies.study, name="study"),
    path("studies/<slug:slug>/change/", studies.change_study, name="change_study"),
    path("studies/<slug:slug>/rules/", rules_page.study_rules, name="study_rules"),
    path("studies/<slug:slug>/invite/", studies.invite_raters, name="invite_raters"),
    path("studies/<slug:slug>/participants.csv", studies.payments, name="payments"),
    path("studies/<slug:slug>/preview/", studies.preview, name="preview"),
    path("studies/<slug:slug>/screening/", studies.screening, name="screening"),
    path("webhooks/", webhook_pages.webhooks, name="webhooks"),
    path("webhooks/<int:number>/", webhook_pages.change_webhook, name="change_webhook"),
    path("audit/", audit_page.audit_log, name="audit_log"),
]
