"""How long starts took and why they failed, from JupyterHub's own figures, for the console's metrics."""

from collections import defaultdict

from jupyterhub.metrics import SERVER_SPAWN_DURATION_SECONDS

from classdesk_hub.learner_facts import StartFigures


def start_figures() -> StartFigures:
    """Return the starts since the hub started."""
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
    return StartFigures(tuple(sorted(buckets.items(), key=lambda item: float(item[0]))), total, failures)
