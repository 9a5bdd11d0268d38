"""`python -m tests.benchmarks.many_votes`: issue 10,000 ballots, vote on all, and check what must hold.

The database is a new SQLite file, or that of DATABASE_URL, which must be empty. Raters vote by the rules of
voting, in process, until they have no pair left. The number of queries must not grow with the votes, no rater
may get a pair twice, and the ledger must be whole.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any

from tests.benchmarks.ballots import Size, make_study, prepare

if TYPE_CHECKING:
    from arena.voting.models import Study

STUDY = Size("many", 8, 24, 1, 0, 1)
OUTCOMES = ("a", "b", "tie", "both_bad")


class Queries:
    """Number of queries of each act, in the order of the acts."""

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = defaultdict(list)

    @contextmanager
    def counted(self, act: str) -> Iterator[None]:
        """Count the queries of a block."""
        from django.db import connection

        number = 0

        def count(execute: Callable[..., Any], sql: str, *given: Any) -> Any:  # noqa: ANN401 - as in Django
            nonlocal number
            number += sql[:5] not in ("BEGIN", "COMMI", "SAVEP", "RELEA")
            return execute(sql, *given)

        with connection.execute_wrapper(count):
            yield
        self.counts[act].append(number)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--votes", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        sys.exit(report(make_study(STUDY), options.votes))


def report(study: Study, votes: int) -> int:
    """Vote, print what was found, and return 1 if something does not hold."""
    from django.db import connection

    queries, began = Queries(), time.process_time()
    vote(study, votes, queries)
    say(f"{connection.vendor}: {votes} ballots and votes, CPU {time.process_time() - began:.0f} s")
    holds = []
    for act, counts in queries.counts.items():
        tenth = len(counts) // 10
        first, last = Counter(counts[:tenth]), Counter(counts[-tenth:])
        say(f"queries of a {act}: {dict(first)} in the first tenth, {dict(last)} in the last")
        holds.append(max(last) <= max(first))
    repeated = repeated_pairs(study)
    say(f"pairs that a rater got twice: {repeated}")
    entries = verified(study)
    say(f"ledger verified: {entries} entries")
    return 0 if all([*holds, repeated == 0, entries == votes]) else 1


def vote(study: Study, votes: int, queries: Queries) -> None:
    """Let raters vote one after the other, each on all pairs that are left for them."""
    from arena.voting.ballots import open_ballot
    from arena.voting.models import Rater
    from arena.voting.votes import cast_vote

    random, rater = Random(1), Rater()
    for _ in range(votes):
        with queries.counted("ballot"):
            ballot = open_ballot(study=study, rater=rater, random=random)
        if ballot is None:
            rater = Rater()
            with queries.counted("ballot"):
                ballot = open_ballot(study=study, rater=rater, random=random)
        assert ballot is not None
        with queries.counted("vote"):
            cast_vote(ballot=ballot, outcome=random.choice(OUTCOMES))


def repeated_pairs(study: Study) -> int:
    """Return how many ballots show their rater a pair again, on either sides."""
    from arena.voting.models import Ballot

    rows = Ballot.objects.filter(study=study).values_list("rater", "rendition_a", "rendition_b")
    pairs = [(rater, frozenset(sides)) for rater, *sides in rows]
    return len(pairs) - len(set(pairs))


def verified(study: Study) -> int:
    """Verify the ledger; return its number of entries."""
    from arena.voting.ledger import verify_ledger

    return verify_ledger(study)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
