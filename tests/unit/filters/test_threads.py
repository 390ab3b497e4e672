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

"""Many threads at once through the filters and weighers of one process.

nova-scheduler builds each filter once for a request's thread to use, and runs
native threads where it is told to.
"""

import concurrent.futures
import contextlib
import logging
import sys
import threading

from nova import exception
from nova import objects
from nova.scheduler import weights
import pytest

from hv_sched import filters
from hv_sched import request_filters
from hv_sched import weighers
from hv_sched.placement import names
from hv_sched.request_filters import request_state
from hv_sched.request_filters.request_state import RequestedFeatures
from hv_sched.requirements import Hypervisor
from hv_sched.requirements import Requirements
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_reader
from hv_sched.snapshot import volumes
from tests import host_states

THREADS, REQUESTS = 16, 40
SERVER = 'a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11'
_VOLUMES, _HOSTS = 5, 20


def read():
    return volumes.Snapshot(
        {f'v{number}': volumes.VolumeState(
            f'v{number}', f'csv:c1/CSV{number}', 1000, 200 * number,
            traits=frozenset({names.LOW_SPACE} if number == 3 else ()))
         for number in range(_VOLUMES)},
        {f'n{number}': f'hv{number}' for number in range(_HOSTS)},
        {f'n{number}': frozenset({f'v{number % _VOLUMES}'})
         for number in range(_HOSTS)},
        frozenset({names.HYPERV, names.NO_NEW_DISKS, names.PAUSED}),
        redirected=frozenset({'n7'}))


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(autouse=True)
def switching():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    cache.forget()
    yield
    cache.forget()
    sys.setswitchinterval(interval)


def hosts():
    volumes = [f'v{volume}' for volume in range(_VOLUMES)]
    return [host_states.host_state(number, volumes, 10)
            for number in range(_HOSTS)]


def spec(size_gb):
    made = objects.RequestSpec(
        instance_uuid=SERVER, image=None, instance_group=None, is_bfv=False,
        flavor=objects.Flavor(
            flavorid='1', vcpus=1, memory_mb=512, root_gb=size_gb,
            ephemeral_gb=0, swap=0, extra_specs={}), num_instances=1,
        scheduler_hints={}, requested_resources=[], force_hosts=['hv1'])
    request_state.of(made).features = RequestedFeatures(
        Requirements(Hypervisor.HYPERV, 1, frozenset({names.HYPERV})),
        in_query=True)
    return made


def scheduled(built_filters, built_weighers, size_gb):
    """What comes of one request: the query's fields, hosts and weights."""
    request_spec, left = spec(size_gb), hosts()
    for request_filter in request_filters.REQUEST_FILTERS[2:]:
        with contextlib.suppress(exception.RequestFilterFailed):
            request_filter(None, request_spec)
    for chosen in built_filters:
        left = list(chosen.filter_all(left, request_spec))
    weighed = weights.HostWeightHandler().get_weighed_objects(
        built_weighers, left, request_spec)
    return (sorted(request_spec.root_forbidden),
            [dict(group.resources)
             for group in request_spec.requested_resources],
            sorted((host.obj.host, round(host.weight, 6)) for host in weighed),
            sorted((host.host, repr(host.allocation_candidates))
                   for host in left))


def at_once(function):
    """Its result in each of many threads that begin together."""
    together = threading.Barrier(THREADS)

    def run(_number):
        together.wait(60)
        return function()

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_each_thread_gets_what_it_would_get_alone(monkeypatch, caplog):
    monkeypatch.setattr(nova_reader, 'read', read)
    built = ([cls() for cls in filters.all_filters()],
             [cls() for cls in weighers.all_weighers()])
    alone = [scheduled(*built, size_gb) for size_gb in range(1, REQUESTS)]
    cache.forget()
    together = at_once(lambda: [scheduled(*built, size_gb)
                                for size_gb in range(1, REQUESTS)])
    assert together == [alone] * THREADS
    assert not [record for record in caplog.records
                if record.levelno >= logging.ERROR]


def test_threads_that_ask_first_at_once_read_once(monkeypatch):
    reads = []
    first = threading.Event()

    def slowly():
        reads.append(threading.get_ident())
        first.wait(0.2)
        return read()

    monkeypatch.setattr(nova_reader, 'read', slowly)
    snapshots = at_once(cache.get)
    assert len(reads) == 1
    assert {id(snapshot) for snapshot in snapshots} == {id(snapshots[0])}


def test_building_and_installing_starts_and_holds_nothing():
    threads = threading.active_count()
    for cls in (*filters.all_filters(), *weighers.all_weighers()):
        for value in vars(cls()).values():
            assert isinstance(value, bool | int | float | str | None), (
                cls, value)
    assert threading.active_count() == threads
