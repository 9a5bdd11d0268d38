"""Middleware that counts requests for Prometheus, with labels that no visitor can invent."""

from __future__ import annotations

from typing import Any

from django_prometheus.middleware import PrometheusAfterMiddleware


class CountRequests(PrometheusAfterMiddleware):  # type: ignore[misc]  # it publishes no types
    """Middleware that counts requests by view, method and status, and times them."""

    def label_metric(self, metric: Any, request: Any, response: Any = None, **labels: str) -> Any:  # noqa: ANN401 - django-prometheus's own
        """Return a labelled metric; methods that HTTP doesn't know share one label, as each takes memory."""
        if "method" in labels:
            labels["method"] = self._method(request)
        return super().label_metric(metric, request, response, **labels)
