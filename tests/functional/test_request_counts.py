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


"""What a sync costs a node and a volume, in requests: no more than these."""

import collections
import re
import urllib.parse

import pytest

from hv_sched.placement import names
from hv_sched.placement import provider_read
from tests.functional import base
from tests.functional import cloud as clouds

# Two reads and three writes; and the name of the trait that tells its home.
OF_A_NODE = {'GET inventories': 1, 'GET aggregates': 1, 'PUT inventories': 1,
             'PUT traits': 1, 'PUT aggregates': 1, 'PUT name': 1}
# Made, filled, marked and shared; the names of its disk and of its reach.
OF_A_VOLUME = {'POST provider': 1, 'PUT inventories': 1, 'PUT traits': 1,
               'PUT aggregates': 1, 'PUT name': 2}


def facts(nodes, volumes):
    return clouds.facts(clouds.cluster(
        volumes=tuple(clouds.volume(n + 1) for n in range(volumes)),
        nodes=tuple(clouds.node(n + 1, home=n % volumes + 1)
                    for n in range(nodes))))


def kind(method, url):
    """Of what a request is; empty where it is for the whole cloud."""
    path = urllib.parse.urlsplit(url).path
    if of_provider := re.fullmatch('/resource_providers/[^/]+/(.*)', path):
        return f'{method} {of_provider[1]}'
    if re.fullmatch('/traits/.*', path):
        return f'{method} name'
    return '' if method == 'GET' else f'{method} provider'


def first_sync(nodes, volumes):
    """How many requests of each kind."""
    with base.running_placement() as placement:
        cloud = clouds.Cloud(placement)
        cloud.register(*(f'hv{n + 1:02d}' for n in range(nodes)))
        placement.sent.clear()
        cloud.sync(facts(nodes, volumes), full=False)
        return collections.Counter(
            kind(*call) for call in placement.sent)


def more(larger, smaller, count):
    """Requests for each thing more, without those for the whole cloud."""
    return {kind: (larger[kind] - smaller[kind]) / count
            for kind in larger if kind and larger[kind] != smaller[kind]}


@pytest.fixture(scope='module')
def small():
    return first_sync(8, 2)


def test_a_first_sync_costs_a_node_two_reads_three_writes_and_a_name(small):
    larger = first_sync(24, 2)
    assert more(larger, small, 16) == OF_A_NODE
    assert larger[''] == small['']


def test_a_first_sync_costs_a_volume_four_writes_and_two_names(small):
    larger = first_sync(8, 8)
    assert more(larger, small, 6) == OF_A_VOLUME
    assert larger[''] - small[''] <= 6


@pytest.fixture
def newcomers(placement):
    cloud = clouds.Cloud(placement)
    cloud.register('hv01', 'hv02', 'hv03')
    return cloud


def urls(cloud, **fields):
    cloud.placement.sent.clear()
    result = cloud.sync(facts(3, 1), full=False, **fields)
    return [url for _method, url in cloud.placement.sent], result


def is_bulk(url):
    return 'resources1=' in url


def before_reading(cloud, host, act):
    """Do something between the bulk read and a node's own."""
    url = f'/placement/resource_providers/{cloud.nodes[host]}/aggregates'

    def intrude(environ):
        if environ['REQUEST_METHOD'] == 'GET' and url.endswith(
                environ['PATH_INFO']) and todo:
            todo.pop()()
    todo = [act]
    cloud.placement.service.before = intrude
    return todo


def test_a_server_that_comes_after_the_bulk_read_keeps_its_disk(newcomers):
    """Closed, its node's own disk would be over its capacity."""
    todo = before_reading(
        newcomers, 'hv02', lambda: newcomers.own_disk('hv02', 10))
    sent, result = urls(newcomers)
    assert not todo and any(map(is_bulk, sent))
    assert [notice.subject for notice in result.plan.all_findings
            if notice.code == 'adopt-needed'] == ['hv02']
    own_disk = newcomers.state()['hv02'][1][names.DISK_GB]
    assert own_disk.allocation_ratio == 1.0


def test_a_trait_that_comes_after_the_bulk_read_stays(newcomers):
    def gild():
        newcomers.api.ensure_trait('CUSTOM_GOLD')
        uuid = newcomers.nodes['hv02']
        generation, traits = newcomers.api.traits(uuid)
        newcomers.api.set_traits(uuid, generation, traits | {'CUSTOM_GOLD'})
    todo = before_reading(newcomers, 'hv02', gild)
    urls(newcomers)
    assert not todo
    assert newcomers.state()['hv02'][2] >= {'CUSTOM_GOLD', names.CLUSTERED}


def test_what_the_bulk_read_tells_is_what_the_single_reads_tell(newcomers):
    newcomers.own_disk('hv03', 7)
    look = newcomers.reconciler().look(facts(3, 1), full=False)
    assert look.overview.newcomers.keys() == set(newcomers.nodes.values())
    read = [provider_read.read_providers(
        newcomers.api, look.overview.listed.values(), frozenset(), 1,
        summaries) for summaries in (look.overview.newcomers, {})]
    assert read[0] == read[1] and len(read[0]) == 3


def test_a_full_disk_is_in_no_bulk_read_and_read_by_itself(newcomers):
    newcomers.own_disk('hv01', 500)
    _sent, result = urls(newcomers)
    assert [notice.subject for notice in result.plan.all_findings
            if notice.code == 'adopt-needed'] == ['hv01']


def test_few_nodes_beside_many_of_others_are_read_by_themselves(newcomers):
    newcomers.register(*(f'kvm{n}' for n in range(46)))
    sent, _result = urls(newcomers)
    assert not any(map(is_bulk, sent))


def test_nodes_that_are_marked_cost_no_bulk_read(newcomers):
    urls(newcomers)
    sent, result = urls(newcomers)
    assert result.done == () and not any(map(is_bulk, sent))
