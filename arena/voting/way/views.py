"""Pages around voting: instructions, consent, work and the check before it, reasons and reports after it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from arena.voting.admission.admitting import is_admitted
from arena.voting.ballots import find_ballot
from arena.voting.limits import answer_limits, count_against
from arena.voting.listing import find_presentable
from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing.drawing import outlook_of
from arena.voting.progress import effort_of
from arena.voting.raters import current_rater, current_rater_id
from arena.voting.refusals import NotInvited, SimulatedStudy, StudyClosed, concerning
from arena.voting.terms import Terms
from arena.voting.way.checks import TRIALS, Check, find_check, new_check
from arena.voting.way.models import Step
from arena.voting.way.remarks import KINDS, give_reasons, report_clip
from arena.voting.way.steps import WORK, Wanted, next_step, take_step, wanted_steps
from arena.voting.way.work import puzzle_for
from generators.base import Track

SCREENS = 3
"""Short screens of instructions; the last one asks for the consent."""
PAGES = {Step.Name.WORK: "work", Step.Name.CHECK: "check"}
"""Addresses of the steps with a page of their own."""


@never_cache
@require_safe
def prepare(request: HttpRequest, slug: str) -> HttpResponse:
    """Redirect to the rater's next step before the study's pairs, or to the pairs."""
    study = _open_study(request, slug)
    rater = current_rater(request)
    if rater is None:  # the front page's button makes the rater
        return redirect("start", slug)
    step = next_step(study, rater)
    if step is None:
        return redirect("ballot", slug)
    if step.name in PAGES:
        return redirect(PAGES[Step.Name(step.name)], slug)
    return redirect("screen", slug, 1 if Terms.of(study.terms).instructions else SCREENS)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def screen(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show one of the screens before the first pair; the last one's form records that they were read."""
    study = _open_study(request, slug)
    terms = Terms.of(study.terms)
    agreed = request.method == "POST" and (not terms.consent or request.POST.get("agree") == "yes")
    wanted = _introduction(study)
    if wanted is None:
        return redirect("prepare", slug)
    if not 1 <= number <= SCREENS:
        raise Http404
    if agreed and number == SCREENS:
        return _take(request, study, wanted)
    context = {
        "study": study,
        "terms": terms,
        "number": number,
        "screens": SCREENS,
        "effort": effort_of(outlook_of(study, current_rater(request) or Rater())),
        "must_agree": request.method == "POST",
    }
    return render(request, "screen.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def work(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rater's proof of work, and record its solution once."""
    study, rater = _open_study(request, slug), current_rater(request)
    if rater is None or next_step(study, rater) != WORK:
        return redirect("prepare", slug)
    puzzle, nonce = puzzle_for(study, rater), request.POST.get("nonce", "")
    if puzzle.is_solved_by(nonce):
        return _take(request, study, WORK, details={"bits": puzzle.bits, "nonce": nonce})
    failed = request.method == "POST"
    context = {"study": study, "puzzle": puzzle, "failed": failed}
    return render(request, "work.html", context, status=422 if failed else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the check of headphones and display, and record it; it blocks only if the study requires it."""
    study = _open_study(request, slug)
    terms = Terms.of(study.terms)
    if Wanted(Step.Name.CHECK) not in wanted_steps(study):
        return redirect("prepare", slug)
    if request.method != "POST":
        return _show_check(request, study, terms, {})
    details, is_done = {"skipped": True}, True
    if "skip" not in request.POST or terms.sound_check == "require":
        details = find_check(request.POST.get("attempt", "")).judge(request.POST.dict())
        passed = bool(details["headphones"] and details["display"])
        is_done = passed or terms.sound_check != "require"
        if not passed:
            _take(request, study, Wanted(Step.Name.CHECK), is_done=is_done, details=details)
            return _show_check(request, study, terms, details)
    return _take(request, study, Wanted(Step.Name.CHECK), details=details)


@never_cache
@require_safe
def check_sound(request: HttpRequest, token: str, trial: int) -> HttpResponse:
    """Answer the sound of one trial of a check."""
    found = find_check(token)
    if trial >= TRIALS:
        raise Http404
    return HttpResponse(found.sound(trial), content_type="audio/wav")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reasons(request: HttpRequest, token: str) -> HttpResponse:
    """Record why the rater voted so; without a vote there is nothing to explain."""
    found = find_ballot(token=token, rater_id=current_rater_id(request))
    if found.state != Ballot.State.VOTED:
        return redirect("ballot", found.study.slug)
    if request.method == "POST":
        give_reasons(vote=found.vote, tags=request.POST.getlist("tag"))
    return redirect("reveal", token)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form that reports one of a ballot's clips, and record what it sends."""
    found = find_ballot(token=token, rater_id=current_rater_id(request))
    side, kind = request.POST.get("side", ""), request.POST.get("kind", "")
    context: dict[str, Any] = {
        "study": found.study,
        "token": token,
        "kinds": KINDS,
        "side": side,
        "kind": kind,
    }
    context["voted"] = found.state == Ballot.State.VOTED
    if request.method == "POST":
        with concerning(found.study):
            count_against(answer_limits(request, found.rater_id))
        try:
            report_clip(ballot=found, side=side, kind=kind, words=request.POST.get("words", ""))
        except ValueError:
            return render(request, "report.html", {**context, "incomplete": True}, status=422)
        context["sent"] = True
    return render(request, "report.html", context)


def _open_study(request: HttpRequest, slug: str) -> Study:
    study = find_presentable(slug)
    with concerning(study):
        if study.simulated:
            raise SimulatedStudy
        if not study.is_open:
            raise StudyClosed
        if not is_admitted(study, current_rater(request)):
            raise NotInvited
    return study


def _introduction(study: Study) -> Wanted | None:
    """Return the step that the screens stand for: the consent, or else the instructions."""
    return next((step for step in wanted_steps(study) if step.name not in PAGES), None)


def _take(
    request: HttpRequest,
    study: Study,
    step: Wanted,
    *,
    is_done: bool = True,
    details: dict[str, Any] | None = None,
) -> HttpResponse:
    """Record a step and go on."""
    rater = current_rater(request)
    if rater is None:  # the front page's button makes the rater
        return redirect("start", study.slug)
    take_step(study=study, rater=rater, step=step, is_done=is_done, details=details)
    return redirect("prepare" if next_step(study, rater) else "ballot", study.slug)


def _show_check(request: HttpRequest, study: Study, terms: Terms, failed: dict[str, Any]) -> HttpResponse:
    attempt: Check = new_check()
    context = {
        "study": study,
        "attempt": attempt,
        "trials": range(TRIALS),
        "places": range(3),
        "rows": attempt.rows(),
        "counts": range(7),
        "failed": failed,
        "is_required": terms.sound_check == "require",
        "screened_out_code": terms.screened_out_code,
        "with_sound": any(Track(track).with_sound for track in study.tracks),
    }
    return render(request, "check.html", context)
