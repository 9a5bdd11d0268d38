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
)

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
    path("audit/", audit_page.audit_log, name="audit_log"),
]
