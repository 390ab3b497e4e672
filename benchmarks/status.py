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

"""What the status costs at 1,000 volumes: to read, to scrape, to show.

A hundred and twenty-five clusters of eight nodes and eight volumes. Scrapes
and pages are asked of the agent's own server over loopback; Placement is real,
in the same process, on SQLite, so its answers take most of a reading's time::

    python -m benchmarks.status --output result.json
"""

import argparse
from collections.abc import Callable
import json
import statistics
import time
from typing import Any

import requests

from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.status import app
from hv_sched.status import observation
from hv_sched.status import server
from tests import status_clouds
from tests.functional import base
from tests.functional import cloud as clouds
from tests.status_recorder import FixedRecorder

SETTINGS = {'clusters': 125, 'volumes': 8, 'nodes': 8, 'repeats': 20}
_DEADLINE_SECONDS = 300


def shown(path: str, settings: dict[str, int], url: str) -> dict[str, Any]:
    """Milliseconds and bytes of an answer."""
    seconds = []
    for _ in range(settings['repeats']):
        begun = time.perf_counter()
        answer = requests.get(url + path, timeout=_DEADLINE_SECONDS)
        seconds.append(time.perf_counter() - begun)
        answer.raise_for_status()
    return {'milliseconds_median': round(1000 * statistics.median(seconds)),
            'milliseconds_longest': round(1000 * max(seconds)),
            'kilobytes': round(len(answer.content) / 1000)}


def views(settings: dict[str, int]) -> dict[str, Any]:
    """Of the metrics and the page, each asked several times."""
    status = status_clouds.status(
        settings['nodes'], settings['volumes'], settings['clusters'])
    serving = server.StatusServer(app.StatusApp(
        FixedRecorder(status), clock=lambda: status_clouds.NOW),
        '127.0.0.1', 0)
    serving.start()
    try:
        url = f'http://127.0.0.1:{serving.port}'
        return {'metrics': shown('/metrics', settings, url),
                'page': shown('/', settings, url),
                'page_of_a_cluster': shown('/?cluster=hvc1', settings, url)}
    finally:
        serving.stop()


def publish(api: client.Placement, count: int) -> None:
    """Volumes as a sync leaves them, as far as the status reads them."""
    for trait in (names.VOLUME, names.NO_NEW_DISKS):
        api.ensure_trait(trait)
    api.ensure_resource_class(names.HELD_DISK_GB)
    for number in range(count):
        uuid = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))
        api.create_provider(uuid, f'csv:hvc1/Volume{number}')
        generation = api.set_inventories(uuid, 0, {
            names.DISK_GB: Inventory(2000, 180),
            names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)})
        api.set_traits(uuid, generation, frozenset((
            names.VOLUME, names.SHARING)))


def measured(doing: Callable[[], Any], placement: base.Placement
             ) -> dict[str, Any]:
    """Seconds and requests."""
    before = len(placement.sent)
    begun = time.perf_counter()
    doing()
    return {'seconds': round(time.perf_counter() - begun, 2),
            'requests': len(placement.sent) - before}


def reading(settings: dict[str, int]) -> dict[str, Any]:
    """The first pass, one after nothing changed, one after ten changes."""
    count = settings['clusters'] * settings['volumes']
    with base.running_placement() as placement:
        api = client.from_adapter(placement)
        publish(api, count)
        reader = observation.StatusReader(api, workers=8)
        result = {'first': measured(reader.observe, placement),
                  'unchanged': measured(reader.observe, placement)}
        for number in range(10):
            uuid = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))
            generation, traits = api.traits(uuid)
            api.set_traits(uuid, generation, traits | {names.NO_NEW_DISKS})
        return {**result,
                'ten_changed': measured(reader.observe, placement)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    for name, value in SETTINGS.items():
        parser.add_argument(f'--{name}', type=int, default=value)
    parser.add_argument('--output', help='file for the result, as JSON')
    settings = vars(parser.parse_args())
    output = settings.pop('output')
    result = {**settings, **views(settings), 'reading': reading(settings)}
    text = json.dumps(result, indent=2)
    if output:
        with open(output, 'w', encoding='utf-8') as file:
            file.write(f'{text}\n')
    print(text)
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
