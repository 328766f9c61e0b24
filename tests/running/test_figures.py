"""The figures of several workers as one text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from regia.running.figures import together


def text(accepted: int, waiting: int, seconds: float) -> bytes:
    registry = CollectorRegistry()
    Counter("regia_accepted_total", "Events.", ["connector"], registry=registry).labels('a "b"\\').inc(accepted)
    Gauge("regia_waiting", "Rows.", registry=registry).set(waiting)
    Histogram("regia_seconds", "Time.", buckets=(1, 2), registry=registry).observe(seconds)
    return generate_latest(registry)


def samples(told: bytes) -> dict[tuple[str, str, str], float]:
    """By name, worker, and what else the labels say."""
    found = {}
    for family in text_string_to_metric_families(told.decode()):
        for one in family.samples:
            labels = dict(one.labels)
            worker = labels.pop("worker")
            key = (one.name, worker, ",".join(labels.values()))
            assert key not in found
            found[key] = one.value
    return found


def test_every_sample_says_whose_it_is() -> None:
    told = together({0: text(3, 4, 0.5), 1: text(5, 6, 1.5)})
    found = samples(told)
    assert found["regia_accepted_total", "0", 'a "b"\\'] == 3
    assert found["regia_accepted_total", "1", 'a "b"\\'] == 5
    assert (found["regia_waiting", "0", ""], found["regia_waiting", "1", ""]) == (4, 6)
    assert (found["regia_seconds_bucket", "0", "1.0"], found["regia_seconds_bucket", "1", "1.0"]) == (1, 0)
    assert found["regia_seconds_count", "1", ""] == 1
    assert found["regia_seconds_sum", "1", ""] == 1.5
    assert (found["regia_worker_up", "0", ""], found["regia_worker_up", "1", ""]) == (1, 1)


def test_types_and_words_stay_and_each_stands_once() -> None:
    lines = together({0: text(1, 1, 1), 1: text(1, 1, 1)}).decode().splitlines()
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    for line in ("# TYPE regia_accepted_total counter", "# TYPE regia_waiting gauge", "# TYPE regia_seconds histogram"):
        assert line in types
    assert "# HELP regia_waiting Rows." in lines


def test_who_says_nothing_is_seen_by_that() -> None:
    found = samples(together({0: text(1, 1, 1), 1: None}))
    assert (found["regia_worker_up", "0", ""], found["regia_worker_up", "1", ""]) == (1, 0)
    assert {worker for name, worker, _ in found if name != "regia_worker_up"} == {"0"}
