"""Figures for Prometheus: requests, as django-prometheus counts them, and the site's jobs and ledgers."""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.db.models import Count, Max
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from arena.operations.checks import queue_age_s
from arena.runs.models import Job
from arena.voting.models import LedgerEntry, Study

METRICS_TYPE = CONTENT_TYPE_LATEST


class SiteCollector(Collector):
    """Collector of figures that are read from the database when they are asked for."""

    def collect(self) -> Iterator[Metric]:
        """Yield the site's figures; none of them names a contender or a rater."""
        jobs = GaugeMetricFamily("paddock_jobs", "Jobs in each state.", labels=["state"])
        counts = dict(Job.objects.values_list("state").annotate(Count("pk")))
        for state in Job.State.values:
            jobs.add_metric([state], counts.get(state, 0))
        yield jobs
        age = "Seconds since the oldest job without a worker was due; 0 without one."
        yield GaugeMetricFamily("paddock_queue_age_seconds", age, value=queue_age_s() or 0)
        is_open = Study.objects.filter(is_open=True).count()
        yield GaugeMetricFamily("paddock_open_studies", "Studies that are open.", value=is_open)
        yield _ledgers()


def render_metrics() -> bytes:
    """Return all metrics in Prometheus' text format; under gunicorn, those of all its workers."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    site = CollectorRegistry(auto_describe=False)
    site.register(SiteCollector())
    return generate_latest(registry) + generate_latest(site)


def _ledgers() -> Metric:
    """Return the length of each study's ledger by the number of its last entry, at the same cost for any."""
    family = GaugeMetricFamily("paddock_ledger_entries", "Entries of a study's ledger.", labels=["study"])
    for study in Study.objects.order_by("pk"):
        last = LedgerEntry.objects.filter(study=study).aggregate(last=Max("sequence"))["last"]
        family.add_metric([study.slug], last or 0)
    return family
