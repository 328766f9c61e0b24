"""The figures of several workers as one text for Prometheus: every sample says whose it is."""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample

from regia.watch.metrics import WORKER_UP

_LABEL: Final = "worker"


def together(texts: Mapping[int, bytes | None]) -> bytes:
    """By worker, what it says of itself; None where it said nothing."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(texts))
    return generate_latest(registry)


class _Gathered(Collector):
    def __init__(self, texts: Mapping[int, bytes | None]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for worker, text in self._texts.items():
            for found in text_string_to_metric_families((text or b"").decode()):
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                family.samples += [_of(worker, sample) for sample in found.samples]
        yield from families.values()
        for worker, text in self._texts.items():
            WORKER_UP.labels(str(worker)).set(text is not None)
        yield from WORKER_UP.collect()


def _of(worker: int, sample: Sample) -> Sample:
    return sample._replace(labels={**sample.labels, _LABEL: str(worker)})
