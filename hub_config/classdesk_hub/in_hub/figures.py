"""How long starts took and why they failed, from JupyterHub's own figures, for the console's metrics."""

from collections import defaultdict
from typing import Any

from jupyterhub.metrics import SERVER_SPAWN_DURATION_SECONDS


def start_figures() -> dict[str, Any]:
    """Return the starts since the hub started, as JSON values.

    Returns:
        start_buckets: Cumulated numbers of successful starts by upper bound in seconds, as text.
        start_sum_s: Seconds of all successful starts together.
        failures: Numbers of failed starts by cause.
    """
    buckets: dict[str, float] = defaultdict(float)
    failures: dict[str, float] = {}
    total = 0.0
    for family in SERVER_SPAWN_DURATION_SECONDS.collect():
        for sample in family.samples:
            labels = sample.labels
            if labels.get("status") == "success":
                if sample.name.endswith("_bucket"):
                    buckets[labels["le"]] += sample.value
                elif sample.name.endswith("_sum"):
                    total += sample.value
            elif sample.name.endswith("_count") and sample.value:
                cause = labels.get("reason") or labels.get("status", "")
                failures[cause] = failures.get(cause, 0) + sample.value
    return {
        "start_buckets": sorted(buckets.items(), key=lambda item: float(item[0])),
        "start_sum_s": total,
        "failures": failures,
    }
