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

"""What nova-scheduler does with hv_sched, without Nova's harness.

``python tests/nova/outside.py {fork|ask|hang|wait|crowd|fail} CONF...`` prints
JSON. A process of its own, since it forks, and since nothing must have been
patched, as the package does: native threads, real connections. With
OS_NOVA_DISABLE_EVENTLET_PATCHING=false they are eventlet's, as Nova has them.
"""

from __future__ import annotations

import os

if os.environ.get('OS_NOVA_DISABLE_EVENTLET_PATCHING') == 'false':
    from nova import monkey_patch  # before all that it patches
    if hasattr(monkey_patch, 'patch'):  # older releases do as they import it
        monkey_patch.patch()

import collections
import contextlib
import json
import multiprocessing
import sys
import threading
import time
import traceback
from typing import Any

from keystoneauth1 import exceptions as ks_exc
from nova import context as nova_context
from nova import objects
import nova.conf
from nova.scheduler import host_manager
from nova.scheduler import utils
from nova.scheduler import weights
from nova.scheduler.client import report
from oslo_utils import uuidutils
import requests

from hv_sched import filters
from hv_sched import request_filters
from hv_sched import weighers
from hv_sched.filters import shared_volume
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_reader
from hv_sched.weighers import base

CONF = nova.conf.CONF
HALF_AND_MORE_GB = 80
SMALL_GB = 1
MANY_HOSTS = 500
A_WHILE_S = 6
CROWD = 40
TICK_S = 0.01
SHORT_TTL_S = 3


class Scheduler:
    """The filters and weighers as nova-scheduler's parent builds them."""

    def __init__(self) -> None:
        self.filters = [one() for one in filters.all_filters()]
        self.weighers = [one() for one in weighers.all_weighers()]

    def candidates(self, spec: objects.RequestSpec) -> Any:
        """The answer to the query as our request filters leave it."""
        context = nova_context.get_admin_context()
        for change in request_filters.REQUEST_FILTERS:
            change(context, spec)
        return report.report_client_singleton().get_allocation_candidates(
            context, utils.ResourceRequest.from_request_spec(spec))

    def best(self, spec: objects.RequestSpec,
             hosts: list[Any]) -> list[Any]:
        # Those of features read Nova's database, which is not here.
        for one in self.filters:
            if isinstance(one, shared_volume.SharedVolumeFilter):
                hosts = list(one.filter_all(hosts, spec))
        return [weighed.obj for weighed in weights.HostWeightHandler()
                .get_weighed_objects([
                    one for one in self.weighers
                    if isinstance(one, base.VolumeWeigher)], hosts, spec)]


def request_spec(size_gb: int, host: str | None = None) -> objects.RequestSpec:
    destination = objects.Destination(host=host) if host else None
    return objects.RequestSpec(
        flavor=objects.Flavor(
            flavorid='1', vcpus=1, memory_mb=512, root_gb=size_gb,
            ephemeral_gb=0, swap=0, extra_specs={}),
        image=objects.ImageMeta(properties=objects.ImageMetaProps()),
        requested_resources=[], requested_destination=destination,
        is_bfv=False, instance_group=None, scheduler_hints={},
        request_level_params=objects.RequestLevelParams(),
        availability_zone=None, project_id='p', user_id='u',
        instance_uuid=uuidutils.generate_uuid(), num_instances=1)


def hosts_of(candidates: list[Any], summaries: Any) -> list[Any]:
    """Host states, each with its candidates, as Nova's manager makes them."""
    found: dict[str, Any] = {}
    for candidate in candidates:
        for provider in candidate['allocations']:
            if 'COMPUTE_NODE' in summaries[provider]['traits']:
                found.setdefault(provider, host(provider))
                found[provider].allocation_candidates.append(candidate)
    return [found[uuid] for uuid in sorted(found)]


def host(uuid: str) -> Any:
    state = host_manager.HostState(uuid, uuid, None)
    state.uuid, state.aggregates = uuid, []
    state.allocation_candidates = []
    return state


def sockets() -> int:
    """How many sockets this process has open."""
    links = []
    for fd in os.listdir('/proc/self/fd'):
        try:
            links.append(os.readlink(f'/proc/self/fd/{fd}'))
        except FileNotFoundError:
            continue  # that of listdir itself
    return sum(link.startswith('socket:') for link in links)


def state() -> dict[str, Any]:
    return {'pid': os.getpid(), 'threads': threading.active_count(),
            'sockets': sockets(),
            'has_snapshot': os.getpid() in cache._caches}


def fork() -> Any:
    """Two workers that ask at the same moment and then claim."""
    scheduler = Scheduler()
    parent = state()
    context: Any = multiprocessing.get_context('fork')
    both_asked = context.Barrier(2)
    results = context.SimpleQueue()
    workers = [context.Process(target=work, args=(
        scheduler, both_asked, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join(30)
    return {'parent': parent, 'workers': found, 'after': state()}


def work(scheduler: Scheduler, both_asked: Any, results: Any) -> None:
    try:
        results.put(schedule(scheduler, both_asked))
    except BaseException:
        both_asked.abort()
        results.put({'failed': traceback.format_exc()})


def schedule(scheduler: Scheduler, both_asked: Any) -> dict[str, Any]:
    spec = request_spec(HALF_AND_MORE_GB)
    candidates, summaries, version = scheduler.candidates(spec)
    ordered = scheduler.best(spec, hosts_of(candidates, summaries))
    both_asked.wait(30)
    tried = 0
    for chosen in ordered:
        tried += 1
        if report.report_client_singleton().claim_resources(
                nova_context.get_admin_context(), spec.instance_uuid,
                chosen.allocation_candidates[0], 'p', 'u', version):
            return {**state(), 'server': spec.instance_uuid, 'tried': tried}
    raise AssertionError(f'none of {tried} hosts could be claimed')


def ask() -> Any:
    """One request for a named host, and what is known of the volumes."""
    scheduler = Scheduler()
    # Nova makes its client when it starts, and Placement fails later.
    report.report_client_singleton()
    started = time.monotonic()
    known = cache.get()
    seconds = time.monotonic() - started
    spec = request_spec(SMALL_GB, 'h1')
    try:
        answer = scheduler.candidates(spec)
    except ks_exc.ConnectTimeout:  # as it reaches Nova's conductor
        answer = None
    states = [host('h1'), host('h2')]
    return {'seconds': seconds, 'known': known is not None,
            'candidates': answer and answer[0] and len(answer[0]),
            'query': utils.ResourceRequest.from_request_spec(
                spec).to_querystring(),
            'passed': len(scheduler.best(spec, states))}


def hang() -> Any:
    """What each step of one request costs, in seconds, for many hosts."""
    scheduler = Scheduler()
    report.report_client_singleton()
    spec = request_spec(SMALL_GB, 'h1')
    states = [host(f'h{number}') for number in range(MANY_HOSTS)]
    started = time.monotonic()
    for change in request_filters.REQUEST_FILTERS:
        change(nova_context.get_admin_context(), spec)
    asked = time.monotonic()
    for chosen in scheduler.filters:
        states = list(chosen.filter_all(states, spec))
    filtered = time.monotonic()
    weights.HostWeightHandler().get_weighed_objects(
        scheduler.weighers, states, spec)
    return {'request_filters': asked - started, 'filters': filtered - asked,
            'weighers': time.monotonic() - filtered, 'passed': len(states)}


def wait() -> Any:
    """Whether hv_sched and Nova's own query still wait after a while."""
    novas = report.report_client_singleton()
    context = nova_context.get_admin_context()
    resources = utils.ResourceRequest.from_request_spec(
        request_spec(SMALL_GB))
    waiting = {
        'hv_sched': threading.Thread(target=cache.get, daemon=True),
        'nova': threading.Thread(
            target=novas.get_allocation_candidates,
            args=(context, resources), daemon=True)}
    for thread in waiting.values():
        thread.start()
    for thread in waiting.values():
        thread.join(A_WHILE_S)
    return {name: thread.is_alive() for name, thread in waiting.items()}


class Ticker:
    """A thread that goes on while others wait.

    :ivar longest_s: between two of its ticks
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._is_over = False
        self._thread = threading.Thread(target=self._tick)

    def _tick(self) -> None:
        at = time.monotonic()
        while not self._is_over:
            time.sleep(TICK_S)
            before, at = at, time.monotonic()
            self.longest_s = max(self.longest_s, at - before)

    def __enter__(self) -> Ticker:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._is_over = True
        self._thread.join()


class CountedReads:
    """Counts what reads all volumes, and how it ends, from now on.

    :ivar ends: how many readings ended in a snapshot, or in which error
    :ivar most_at_once: of the readings
    """

    def __init__(self) -> None:
        self.ends: collections.Counter[str] = collections.Counter()
        self.most_at_once = self._now = 0
        self._read = nova_reader.read
        nova_reader.read = self._counted

    def _counted(self) -> Any:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        end = 'read'
        try:
            return self._read()
        except BaseException as exc:
            end = type(exc).__name__
            raise
        finally:
            self._now -= 1
            self.ends[end] += 1

    def since(self) -> dict[str, int]:
        """Those that ended since the last call."""
        ends = dict(self.ends)
        self.ends.clear()
        return ends


def ask_at_once(ask: Any, reads: CountedReads) -> dict[str, Any]:
    """Many threads call it at the same moment, and what they get."""
    start, answers = threading.Event(), []

    def ask_then() -> None:
        start.wait()
        try:
            answers.append(ask())
        except BaseException as exc:
            answers.append(exc)

    threads = [threading.Thread(target=ask_then) for _ in range(CROWD)]
    with Ticker() as ticker:
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        start.set()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begun
    return {'answers': len(answers), 'kinds': sorted({
        type(answer).__name__ for answer in answers}),
        'different': len({id(answer) for answer in answers}),
        'seconds': seconds, 'longest_tick': ticker.longest_s,
        'ends': reads.since(), 'most_at_once': reads.most_at_once}


def is_green() -> bool:
    """Whether a thread of this process is eventlet's."""
    with contextlib.suppress(ImportError):
        from eventlet import patcher  # noqa: PLC0415  Nova 34 forbids it
        return bool(patcher.is_monkey_patched('thread'))
    return False


def crowd() -> Any:
    """Many requests at once: the first ones, those again that are refused a
    host a moment later, and what one of them gets afterwards.
    """
    report.report_client_singleton()
    reads = CountedReads()
    first = ask_at_once(cache.get, reads)
    time.sleep(cache._RECENT_S + 0.1)
    refused = ask_at_once(cache.recent, reads)
    return {'is_green': is_green(), 'first': first, 'refused': refused,
            'later': ask_at_once(cache.get, reads)}


def fail() -> Any:
    """The first reading of many requests fails; a later one is tried.

    Between them Placement is told at /mended to answer from now on.
    """
    report.report_client_singleton()
    reads = CountedReads()
    CONF.set_override('snapshot_ttl', SHORT_TTL_S, 'hv_sched')
    failed = ask_at_once(cache.get, reads)
    meanwhile = ask_at_once(cache.get, reads)
    requests.get(f'{CONF.placement.endpoint_override}/mended', timeout=60)
    time.sleep(SHORT_TTL_S)
    return {'is_green': is_green(), 'failed': failed, 'meanwhile': meanwhile,
            'later': ask_at_once(cache.get, reads)}


def main() -> None:
    action, *conf_files = sys.argv[1:]
    actions = {'fork': fork, 'ask': ask, 'hang': hang, 'wait': wait,
               'crowd': crowd, 'fail': fail}
    objects.register_all()
    found = []
    for conf_file in conf_files:
        CONF.reset()
        CONF(['--config-file', conf_file], project='nova')
        # Each file is another Placement.
        report.PLACEMENTCLIENT = None
        cache.forget()
        found.append(actions[action]())
    print(json.dumps(found))


if __name__ == '__main__':
    main()
