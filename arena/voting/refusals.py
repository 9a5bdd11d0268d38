"""Why a ballot or a vote is refused: a status for the browser, and words for the person."""

from __future__ import annotations

from arena.errors import Problem


class Refusal(Exception):
    """Refused without any change to the ledger."""

    status: int
    title: str
    detail: str

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def as_problem(self) -> Problem:
        return Problem(self.status, self.title, self.detail)


class TamperedBallot(Refusal):
    status = 400
    title = "This ballot link is damaged"
    detail = "It isn't one that this arena made. Start again from the study's page to get a fresh pair."


class UnknownOutcome(Refusal):
    status = 400
    title = "That isn't an answer"
    detail = "A ballot takes one of: a, b, tie, both_bad, skip. Nothing was recorded."


class ForeignBallot(Refusal):
    status = 403
    title = "This ballot is somebody else's"
    detail = (
        "A ballot can be answered only in the browser that got it. If you cleared your cookies, "
        "start again from the study's page."
    )


class ForeignForm(Refusal):
    status = 403
    title = "This answer didn't come from our page"
    detail = "Nothing was recorded. Voting needs cookies: allow them for this site, then reload the pair."


class SimulatedStudy(Refusal):
    status = 403
    title = "This study is for simulated raters"
    detail = "People's votes and simulated votes are never mixed, so you can't vote here. Its board is open."


class PeoplesStudy(Refusal):
    status = 403
    title = "This study is for people"
    detail = "People's votes and simulated votes are never mixed, so a simulated rater can't vote here."


class SecondVote(Refusal):
    status = 409
    title = "You have already answered this pair"
    detail = "The first answer counts and can't be changed. The next pair is waiting."


class BallotExpired(Refusal):
    status = 410
    title = "This pair has expired"
    detail = "It was open for too long, so the answer wasn't recorded. Get a fresh pair."


class StudyClosed(Refusal):
    status = 410
    title = "This study is closed"
    detail = "It takes no more votes. Its board stays."
