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

"""Measure what hv_sched adds to a live migration.

Nova's services, Placement and databases in one process; a cluster of 16
nodes with one published volume that has room for every share twice. Nova's
filters alone and the same with hv_sched's take turns, with the same server::

    python -m benchmarks.live_migration --output result.json
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

import collections
import logging
import re
import statistics
import sys
import time
from typing import Any

from nova.scheduler import manager
from nova.scheduler import request_filter

from benchmarks import circumstances
from benchmarks import harness
from hv_sched.snapshot import cache
from tests.nova import base
from tests.nova import moving
from tests.nova import publish

SETTINGS: dict[str, Any] = {'hosts': 16, 'rounds': 20}
RESULT: dict[str, Any] = {}
SIDES = ('stock', 'hv_sched')
_UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}')


class LiveMigration(moving.MovingCase):
    """Not a test: the harness is the cloud that is measured."""

    CLUSTERS = ()
    # A refresh is measured by itself and must not fall into the rounds.
    OPTIONS = {'snapshot_ttl': 3600}

    def setUp(self) -> None:
        self.flags(service_down_time=10 ** 6)
        self.HOSTS = tuple(f'h{n}' for n in range(SETTINGS['hosts']))
        super().setUp()
        self.publish(publish.cluster('c1', {'CSV1': self.HOSTS}, 10000))

    def runTest(self) -> None:
        logging.getLogger().setLevel(logging.WARNING)
        self._sides = self._make_sides()
        self._scheduling = 0.0
        self._time_scheduling()
        server = self.on('h0')
        for side in SIDES:
            self._move(server, side)  # fills Nova's caches
        RESULT.update(self._measure(server))

    def _make_sides(self) -> dict[str, tuple[Any, list[Any]]]:
        """Host manager (filters and weighers) and request filters."""
        ours = self.scheduler_service.manager.host_manager
        every = list(request_filter.ALL_REQUEST_FILTERS)
        flags = self.scheduler_service.manager.host_manager, every
        kept = {name: getattr(base.nova.conf.CONF.filter_scheduler, name)
                for name in ('enabled_filters', 'weight_classes')}
        self.flags(enabled_filters=base.STOCK_FILTERS,
                   weight_classes=['nova.scheduler.weights.all_weighers'],
                   group='filter_scheduler')
        stock = manager.SchedulerManager().host_manager
        self.flags(group='filter_scheduler', **kept)
        assert len(stock.enabled_filters) < len(ours.enabled_filters)
        return {'hv_sched': flags, 'stock': (stock, [
            one for one in every
            if not one.__module__.startswith('hv_sched')])}

    def _time_scheduling(self) -> None:
        running = self.scheduler_service.manager
        original = running.select_destinations

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                self._scheduling += time.perf_counter() - start

        running.select_destinations = timed

    def _move(self, server: Any, side: str
              ) -> tuple[float, float, list[tuple[str, str]]]:
        """Seconds in all, seconds of scheduling, requests to Placement."""
        running = self.scheduler_service.manager
        running.host_manager, filters = self._sides[side]
        request_filter.ALL_REQUEST_FILTERS[:] = filters
        self._scheduling = 0.0
        before = len(self.observed.requests)
        start = time.perf_counter()
        status = self.live_migrate(server)
        seconds = time.perf_counter() - start
        assert status == 'completed', status
        self.assert_at_rest(server, self.host_of(server))
        return seconds, self._scheduling, self.observed.requests[before:]

    def until_over(self, server: Any, before: int) -> str:
        """Looks more often than the tests do."""
        while True:
            found = self.migrations(server)
            if len(found) > before and found[-1].status not in moving._OPEN:
                return str(found[-1].status)
            time.sleep(0.02)

    def _measure(self, server: Any) -> dict[str, Any]:
        total: dict[str, list[float]] = {side: [] for side in SIDES}
        scheduling: dict[str, list[float]] = {side: [] for side in SIDES}
        requests = {side: collections.Counter[str]() for side in SIDES}
        for number in range(SETTINGS['rounds']):
            for side in SIDES if number % 2 else SIDES[::-1]:
                seconds, of_it, sent = self._move(server, side)
                total[side].append(seconds)
                scheduling[side].append(of_it)
                requests[side].update(
                    f'{method} {_UUID.sub("<uuid>", url.partition("?")[0])}'
                    for method, url in sent)
        return {**circumstances.of_this_run(), **SETTINGS,
                **self._requests(requests),
                'total': _compared(total),
                'select_destinations': _compared(scheduling),
                'seconds': {'total': total,
                            'select_destinations': scheduling},
                **self._refresh()}

    def _requests(self, sent: dict[str, Any]) -> dict[str, Any]:
        rounds = SETTINGS['rounds']
        each = {side: {url: count / rounds
                       for url, count in sorted(sent[side].items())}
                for side in SIDES}
        return {'requests': {side: sum(each[side].values())
                             for side in SIDES},
                'added_requests': {
                    url: count - each['stock'].get(url, 0)
                    for url, count in each['hv_sched'].items()
                    if count != each['stock'].get(url, 0)}}

    def _refresh(self) -> dict[str, float]:
        self.forget_snapshot()
        before = len(self.observed.requests)
        start = time.perf_counter()
        assert cache.get() is not None
        return {'refresh_seconds': time.perf_counter() - start,
                'refresh_requests': len(self.observed.requests) - before}


def _compared(seconds: dict[str, list[float]]) -> dict[str, float]:
    ours, stock = seconds['hv_sched'], seconds['stock']
    return {
        'stock_median_seconds': statistics.median(stock),
        'hv_sched_median_seconds': statistics.median(ours),
        'ratio': statistics.median(ours) / statistics.median(stock),
        'ratio_of_pairs': statistics.median(
            one / other for one, other in zip(ours, stock, strict=True)),
        'added_seconds_of_pairs': statistics.median(
            one - other for one, other in zip(ours, stock, strict=True))}


def main() -> int:
    parser = harness.parser(__doc__, SETTINGS, 'hosts', 'rounds')
    return harness.main(parser, LiveMigration, SETTINGS, RESULT)


if __name__ == '__main__':
    sys.exit(main())
