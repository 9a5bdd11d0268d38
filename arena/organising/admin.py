"""Rows in the support admin. What votes are made of, and what was made by them, can only be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from arena.catalog.models import Commitment, Contender, Prompt, Suite
from arena.organising.models import AuditEntry, Member, Ownership
from arena.runs.models import BrokenFile, Clip, Job, JobEvent, Rendition, Run, Submission
from arena.standings.models import Snapshot
from arena.voting.admission.models import Admission, Invitation, PanelMember
from arena.voting.models import Ballot, Exclusion, LedgerEntry, Rater, Study, StudyChange, Undoing, Vote
from arena.voting.way.models import Reason, Report, Step

if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Model]
else:
    Rows = admin.ModelAdmin


class ReadOnly(Rows):
    """Rows that can be looked at, and neither added, changed nor deleted."""

    show_full_result_count = False  # a count of a million votes costs more than the page
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False."""
        return False


class Described(Rows):
    """Contenders: only the texts that describe them can be changed, as by a file; never what they are."""

    fields = ("slug", "name", "maker", "codename", "generator", "settings", "released_on", "open_weights")
    readonly_fields = ("slug", "name", "codename", "generator", "settings")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: the form of a generator adds contenders."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: votes name contenders."""
        return False


class Owners(Rows):
    """Owners of suites, runs and studies, which support hands over."""

    list_display = ("kind", "key", "owner")


READ_ONLY: tuple[type[Model], ...] = (
    *(Vote, Ballot, Exclusion, Undoing, LedgerEntry, StudyChange, Study, Rater, Admission),
    *(Reason, Report, Step, Invitation, PanelMember),
    *(Suite, Prompt, Commitment),
    *(Run, Job, JobEvent, Submission, Clip, Rendition, BrokenFile),
    *(Snapshot, AuditEntry, Member),
)
admin.site.register(READ_ONLY, ReadOnly)
admin.site.register(Contender, Described)
admin.site.register(Ownership, Owners)
