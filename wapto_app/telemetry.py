"""The numbers of one process, in Prometheus' terms. Any room may count; ``web.metrics`` shows them."""

from __future__ import annotations

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

HTTP_SECONDS = Histogram(
    "wapto_http_request_seconds",
    "Time to answer an HTTP request, by class of route.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WEBHOOKS = Counter("wapto_webhooks_total", "Webhooks received, by source and result.", ["source", "result"])
MESSAGES = Counter(
    "wapto_messages_total", "Messages that the outbox handed to WhatsApp, by result.", ["result"]
)
OUTBOX_DEPTH = Gauge("wapto_outbox_depth", "Messages waiting in the outbox, by status.", ["status"])
WATCHERS = Gauge("wapto_live_watchers", "Browser tabs (and jobs) that watch something.")
WAKE_UPS = Counter("wapto_live_wake_ups_total", "Wake-ups delivered to watchers.")
LOOP_LAG = Gauge("wapto_event_loop_lag_seconds", "How late the event loop woke up last time.")
WRITER_BATCH = Histogram(
    "wapto_writer_batch_size", "Writes that shared one commit.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500)
)
TICKS = Counter(
    "wapto_scheduler_ticks_total", "Ticks of the scheduler, by name and result.", ["tick", "result"]
)
TASKS = Counter("wapto_tasks_total", "Tasks that were carried out, by name and result.", ["task", "result"])
LEADER = Gauge("wapto_scheduler_leader", "1 while this process runs the ticks.")

__all__ = [
    "HTTP_SECONDS",
    "LEADER",
    "LOOP_LAG",
    "MESSAGES",
    "OUTBOX_DEPTH",
    "REGISTRY",
    "TASKS",
    "TICKS",
    "WAKE_UPS",
    "WATCHERS",
    "WEBHOOKS",
    "WRITER_BATCH",
]
