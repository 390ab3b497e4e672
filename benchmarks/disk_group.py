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

"""What a disk in a request group of its own costs Placement, and where.

Placement's own code in this process, on MariaDB, with a large cloud. The
query Nova sends for a plain create, the one with the disk in a group of its
own that requests with an availability zone need, and that of a request that
names a host take turns; statements
and their time are counted at the database, and a profile says in which of
Placement's functions the rest goes::

    python -m benchmarks.disk_group --output result.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import cProfile
import json
import pathlib
import pstats
import statistics
import tempfile
import time
from typing import Any
from unittest import mock

from oslo_db.sqlalchemy import engines
from placement import db_api
from placement import deploy
from placement.db.sqlalchemy import migration
from placement.objects import resource_class
from placement.objects import trait
import sqlalchemy
import webob

from benchmarks import circumstances
from benchmarks import placement_rows
from benchmarks import seeded_placement
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import mariadb
from tests.functional import serve_placement

SETTINGS = {'hosts': 1000, 'volumes': 4, 'rounds': 7, 'limit': 1000}
_COMMON = 'limit={limit}&required=!CUSTOM_HYPERV_PAUSED'
PLAIN = (_COMMON + ',!CUSTOM_CSV_NO_NEW_DISKS'
         '&resources=VCPU:1,MEMORY_MB:512,DISK_GB:10')
GROUP = (_COMMON + '&resources=VCPU:1,MEMORY_MB:512'
         '&resources_HV_SCHED_DISK=DISK_GB:10&group_policy=none'
         '&required_HV_SCHED_DISK=!CUSTOM_CSV_NO_NEW_DISKS')
# Of a request that names a host: hv_sched binds the disk to its home.
NAMED = (GROUP + '&in_tree={node}&member_of_HV_SCHED_DISK=in:{home}')
# Placement's functions whose time is told, in the order of a query.
FUNCTIONS = ('get_provider_ids_matching', 'get_trees_matching_all',
             'get_trees_with_traits', 'get_sharing_providers',
             '_alloc_candidates_multiple_providers',
             '_build_provider_summaries', '_merge_candidates',
             '_exceeds_capacity', '_transform_allocation_candidates',
             'dumps')


class Statements:
    """SQL statements and their seconds, as long as it is counted."""

    def __init__(self, engine: Any) -> None:
        self.count, self.seconds, self._begun = 0, 0.0, 0.0
        sqlalchemy.event.listen(engine, 'before_cursor_execute',
                                self._begin)
        sqlalchemy.event.listen(engine, 'after_cursor_execute', self._end)

    def _begin(self, *_args: Any) -> None:
        self._begun = time.perf_counter()

    def _end(self, *_args: Any) -> None:
        self.count += 1
        self.seconds += time.perf_counter() - self._begun

    def take(self) -> tuple[int, float]:
        """Those since the last call."""
        taken = self.count, self.seconds
        self.count, self.seconds = 0, 0.0
        return taken


@contextlib.contextmanager
def application() -> Iterator[tuple[Any, str]]:
    """Placement's WSGI application on an empty MariaDB, and its URL."""
    with tempfile.TemporaryDirectory() as folder, mariadb.database(
            pathlib.Path(folder)) as url:
        conf = serve_placement.configuration(url)
        db_api.configure(conf)
        engine = engines.create_engine(url)
        migration.create_schema(engine)
        with _database(engine):
            yield deploy.loadapp(conf), url
        engine.dispose()


@contextlib.contextmanager
def _database(engine: sqlalchemy.engine.Engine) -> Iterator[None]:
    """Placement's database, of which a process has one, is this meanwhile.

    Its standard traits and classes are written once a process, too.
    """
    unpatch = db_api.placement_context_manager.patch_engine(engine)
    try:
        with mock.patch.object(trait, '_TRAITS_SYNCED', False), (
                mock.patch.object(resource_class, '_RESOURCE_CLASSES_SYNCED',
                                  False)):
            yield
    finally:
        unpatch()


def ask(app: Any, query: str) -> dict[str, Any]:
    """The answer to GET /allocation_candidates."""
    request = webob.Request.blank(
        f'/allocation_candidates?{query}', headers={
            'X-Auth-Token': 'admin', 'Accept': 'application/json',
            'OpenStack-API-Version': 'placement 1.36'})
    response = request.get_response(app)
    assert response.status_int == 200, response.text
    return dict(response.json)


def put(app: Any, path: str) -> None:
    """Create what has no body: a trait, a class."""
    response = webob.Request.blank(path, method='PUT', headers={
        'X-Auth-Token': 'admin',
        'OpenStack-API-Version': 'placement 1.39'}).get_response(app)
    assert response.status_int in (201, 204), response.text


def profiled(call: Callable[[], Any]) -> dict[str, float]:
    """Cumulative milliseconds of FUNCTIONS while it runs."""
    profile = cProfile.Profile()
    profile.runcall(call)
    spent: dict[str, float] = {}
    for (_file, _line, name), row in pstats.Stats(
            profile).stats.items():  # type: ignore[attr-defined]
        if name in FUNCTIONS:
            spent[name] = spent.get(name, 0.0) + row[3] * 1000
    return {name: round(spent[name], 1) for name in FUNCTIONS
            if name in spent}


def measure(settings: dict[str, int]) -> dict[str, Any]:
    """All queries, in turns."""
    with application() as (app, url):
        for name in (names.NO_NEW_DISKS, names.PAUSED):
            put(app, f'/traits/{name}')
        put(app, f'/resource_classes/{names.HELD_DISK_GB}')
        cloud = seeded_placement.cloud(settings['hosts'],
                                       settings['volumes'])
        seeded_placement.write(cloud, placement_rows.Database(url))
        volume = cloud.volumes[0]
        words = {**settings, 'home': ids.home_aggregate(volume.uuid),
                 'node': cloud.nodes[volume.nodes[0]]}
        statements = Statements(
            db_api.placement_context_manager.writer.get_engine())
        queries = {name: query.format(**words) for name, query in (
            ('plain', PLAIN), ('group', GROUP), ('named host', NAMED))}
        figures: dict[str, Any] = {name: [] for name in queries}
        for number in range(settings['rounds'] + 1):
            for name, query in queries.items():
                row = _timed(app, query, statements)
                if number:  # the first fills caches
                    figures[name].append(row)
        return {**settings, **{
            name: {**_medians(rows), 'profile_ms': profiled(
                lambda name=name: ask(app, queries[name]))}
            for name, rows in figures.items()}}


def _timed(app: Any, query: str, statements: Statements) -> dict[str, float]:
    statements.take()
    begun, cpu = time.perf_counter(), time.process_time()
    answer = ask(app, query)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    count, in_database = statements.take()
    return {'ms': seconds * 1000, 'python_cpu_ms': cpu * 1000,
            'database_ms': in_database * 1000, 'statements': count,
            'candidates': len(answer['allocation_requests']),
            'summaries': len(answer['provider_summaries'])}


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(row[name] for row in rows), 1)
            for name in rows[0]}


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    for name, value in SETTINGS.items():
        made.add_argument(f'--{name}', type=int, default=value)
    made.add_argument('--output', help='file for the result, as JSON')
    settings = vars(made.parse_args())
    output = settings.pop('output')
    found = measure(settings)
    found['ratio'] = {name: round(found['group'][name]
                                  / found['plain'][name], 2)
                      for name in ('ms', 'python_cpu_ms', 'database_ms',
                                   'statements')}
    result = json.dumps({**circumstances.of_this_run(), **found}, indent=2)
    if output:
        pathlib.Path(output).write_text(result + '\n')
    print(result)


if __name__ == '__main__':
    main()
