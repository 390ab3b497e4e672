# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Whether nova-scheduler's memory grows with the requests it served.

Every request filter, filter and weigher, for requests that all differ, with a
new snapshot every hundredth; Placement and Nova's databases answer at once and
the same, for what is measured is what hv_sched keeps::

    python -m benchmarks.scheduler_memory --output result.json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import gc
import json
import logging
import time
import tracemalloc
from typing import Any
from unittest import mock
import uuid

from nova import exception
from nova import objects
from nova.scheduler import weights

from hv_sched import filters
from hv_sched import request_filters
from hv_sched import weighers
from hv_sched.placement import names
from hv_sched.request_filters import instance_record
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes
from tests import host_states

SETTINGS = {'requests': 100_000, 'warm_up': 2_000, 'hosts': 4}
_PER_SNAPSHOT = 100
_VOLUMES = 2


def snapshot() -> volumes.Snapshot:
    return volumes.Snapshot(
        {f'v{number}': volumes.VolumeState(
            f'v{number}', f'csv:c1/CSV{number}', 1000, 200 * number)
         for number in range(_VOLUMES)},
        {f'n{number}': f'hv{number}' for number in range(64)},
        {f'n{number}': frozenset({f'v{number % _VOLUMES}'})
         for number in range(64)},
        frozenset({names.HYPERV, names.NO_NEW_DISKS, names.PAUSED,
                   'CUSTOM_HYPERV_GEN2'}))


def request(number: int) -> objects.RequestSpec:
    """No two are alike; every third names a host, some are refused."""
    image = {'hw_machine_type': 'hyperv-gen2'} if number % 2 else {}
    return objects.RequestSpec(
        instance_uuid=str(uuid.UUID(int=number)), instance_group=None,
        is_bfv=False, num_instances=1, scheduler_hints={},
        requested_resources=[], requested_destination=None,
        force_hosts=[] if number % 3 else [f'hv{number % 64}'],
        image=objects.ImageMeta(
            id=str(uuid.UUID(int=2 ** 64 + number)),
            properties=objects.ImageMetaProps.from_dict(image)),
        flavor=objects.Flavor(
            flavorid=f'flavor-{number}', vcpus=1, memory_mb=512,
            root_gb=1 + number % 1200, ephemeral_gb=0, swap=0,
            extra_specs={'trait:STORAGE_DISK_SSD': 'required'}
            if number % 7 == 0 else {}))


def hosts(count: int, size_gb: int) -> list[Any]:
    volumes = [f'v{volume}' for volume in range(_VOLUMES)]
    return [host_states.host_state(number, volumes, size_gb)
            for number in range(count)]


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Placement and the databases, without a request."""
    objects.register_all()
    logging.disable(logging.CRITICAL)
    cache.forget()
    try:
        with mock.patch('hv_sched.snapshot.nova_reader.read', snapshot), \
                mock.patch('hv_sched.snapshot.cache.volume',
                           lambda uuid: None), \
                mock.patch('hv_sched.request_filters.operation.of',
                           lambda spec: None), \
                mock.patch('hv_sched.request_filters.instance_record.of',
                           lambda spec: instance_record.Record({})):
            yield
    finally:
        cache.forget()
        logging.disable(logging.NOTSET)


class Scheduler:
    def __init__(self) -> None:
        self._filters = [cls() for cls in filters.all_filters()]
        self._weighers = [cls() for cls in weighers.all_weighers()]

    def serve(self, number: int, host_count: int) -> None:
        if number % _PER_SNAPSHOT == 0:
            cache.forget()
        spec = request(number)
        states = hosts(host_count, spec.flavor.root_gb)
        with contextlib.suppress(exception.RequestFilterFailed,
                                 exception.NoValidHost):
            for request_filter in request_filters.REQUEST_FILTERS:
                request_filter(None, spec)
            for chosen in self._filters:
                states = list(chosen.filter_all(states, spec))
            weights.HostWeightHandler().get_weighed_objects(
                self._weighers, states, spec)


def measured(settings: dict[str, int]) -> dict[str, Any]:
    """Kilobytes in use after the warm-up, and after all requests."""
    with answering():
        scheduler = Scheduler()
        tracemalloc.start()
        try:
            used_kb = []
            begun = time.perf_counter()
            first = 0
            for last in (settings['warm_up'], settings['requests']):
                for number in range(first, last):
                    scheduler.serve(number, settings['hosts'])
                first = last
                gc.collect()
                used_kb.append(tracemalloc.get_traced_memory()[0] / 1000)
            seconds = time.perf_counter() - begun
        finally:
            tracemalloc.stop()
    return {**settings, 'seconds': round(seconds),
            'used_kb_after_warm_up': round(used_kb[0], 1),
            'used_kb_after_all': round(used_kb[1], 1),
            'growth_bytes_a_request': round(
                1000 * (used_kb[1] - used_kb[0])
                / (settings['requests'] - settings['warm_up']), 3)}


def main() -> None:
    made = argparse.ArgumentParser(description='Memory by requests served.')
    for name, value in SETTINGS.items():
        made.add_argument(f'--{name}', type=int, default=value)
    made.add_argument('--output', help='file for the result, as JSON')
    settings = vars(made.parse_args())
    output = settings.pop('output')
    result = json.dumps(measured(settings), indent=2)
    if output:
        with open(output, 'w', encoding='utf-8') as file:
            file.write(result + '\n')
    print(result)


if __name__ == '__main__':
    main()
