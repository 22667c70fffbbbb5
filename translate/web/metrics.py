"""Counters and gauges for Prometheus; every label has few values, none of which a client chooses."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self._counter("requests", "Requests answered", "route", "status")
        self.seconds = Histogram(
            "translate_request_seconds",
            "Time to answer a request",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.conversions = self._counter("conversions", "Files converted", "style", "outcome")
        self.received = self._counter("received_bytes", "Bytes of bodies received")
        self.refused = self._counter("refused", "Requests refused, by the kind of problem", "kind")
        self.waiting = self._gauge("waiting", "Requests that hold a place, waiting or running")
        self.running = self._gauge("running", "Conversions running")
        self.warm_styles = self._gauge("warm_styles", "Styles held in memory")
        self.jobs = self._gauge("jobs", "Jobs kept, finished ones included")
        self.held = self._gauge("held_bytes", "Bytes of uploads and results of jobs on disk")

    def text(self) -> bytes:
        """All of them in Prometheus's text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"translate_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"translate_{name}", text, registry=self.registry)
