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

"""Whatever bytes Placement, Nova and Glance answer: our own errors alone, at
a cost in time and memory that the size of the answer bounds.

Each read of the clients is answered with what was once a right answer, and
spoilt. ``pytest -m long tests/fuzz/test_answers.py`` reads HV_SCHED_EXAMPLES
(2000) answers of each kind, from a seed that it prints; HV_SCHED_SEED repeats
them.
"""

import itertools
import json
import os
import random
from urllib import parse

import hypothesis
from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from openstack import connection as sdk
import pytest
import requests

from hv_sched import exception
from hv_sched.compute import checked_session
from hv_sched.compute import lookups
from hv_sched.compute import nova
from hv_sched.compute import paging
from hv_sched.placement import client
from hv_sched.placement import retry
from hv_sched.placement.transport import Response
from tests.fuzz import cost
from tests.fuzz import hostile

UUID = '5e4a0000-0000-4000-8000-000000000000'
ENDPOINT = 'http://service.example'
_INVENTORY = {'total': 500, 'reserved': 0, 'min_unit': 1, 'max_unit': 500,
              'step_size': 1, 'allocation_ratio': 1.0}
_PROVIDER = {'uuid': UUID, 'name': 'hv01', 'generation': 1,
             'parent_provider_uuid': None}
_SERVER = {
    'id': UUID, 'status': 'ACTIVE', 'name': 'web', 'tenant_id': 'p',
    'user_id': 'u', 'image': {'id': 'i'},
    'flavor': {'vcpus': 1, 'ram': 512, 'disk': 20, 'ephemeral': 0,
               'swap': 0, 'extra_specs': {'os:resolution': '1024x768'}},
    'os-extended-volumes:volumes_attached': [],
    'OS-SRV-USG:launched_at': '2026-01-01T00:00:00.000000',
    'OS-EXT-STS:vm_state': 'active', 'OS-EXT-STS:task_state': None,
    'OS-EXT-SRV-ATTR:instance_name': 'instance-00000001',
    'OS-EXT-SRV-ATTR:hypervisor_hostname': 'hv01'}
_MIGRATION = {
    'uuid': UUID, 'instance_uuid': UUID, 'status': 'migrating',
    'source_node': 'hv01', 'dest_node': 'hv02', 'migration_type': 'resize',
    'old_instance_type_id': 1, 'new_instance_type_id': 2,
    'created_at': '2026-01-01T00:00:00.000000',
    'updated_at': '2026-01-01T00:00:00.000000'}
# What is read, and what a right answer to it is.
PLACEMENT = {
    'newest version': (lambda api: api.newest_version(), {'versions': [
        {'id': 'v1.0', 'min_version': '1.0', 'max_version': '1.39'}]}),
    'providers': (lambda api: api.list_providers(), {
        'resource_providers': [_PROVIDER]}),
    'provider': (lambda api: api.provider(UUID), _PROVIDER),
    'inventories': (lambda api: api.inventories(UUID), {
        'resource_provider_generation': 1,
        'inventories': {'DISK_GB': _INVENTORY}}),
    'usages': (lambda api: api.usages(UUID), {
        'resource_provider_generation': 1, 'usages': {'DISK_GB': 20}}),
    'traits': (lambda api: api.traits(UUID), {
        'resource_provider_generation': 1, 'traits': ['CUSTOM_HYPERV']}),
    'aggregates': (lambda api: api.aggregates(UUID), {
        'resource_provider_generation': 1, 'aggregates': [UUID]}),
    'allocations': (lambda api: api.allocations_on(UUID), {
        'resource_provider_generation': 1,
        'allocations': {UUID: {'resources': {'DISK_GB': 20}}}}),
    'consumer': (lambda api: api.consumer(UUID), {
        'allocations': {UUID: {'generation': 1,
                               'resources': {'DISK_GB': 20}}},
        'consumer_generation': 1, 'project_id': 'p', 'user_id': 'u',
        'consumer_type': 'INSTANCE'}),
    'all traits': (lambda api: api.all_traits(), {
        'traits': ['CUSTOM_HYPERV']}),
    'classes': (lambda api: api.resource_classes(), {
        'resource_classes': [{'name': 'DISK_GB', 'links': []}]}),
    'candidates': (lambda api: api.allocation_candidates(
        resources='DISK_GB:1'), {
            'allocation_requests': [{'allocations': {
                UUID: {'resources': {'DISK_GB': 1}}}, 'mappings': {
                    '': [UUID]}}],
            'provider_summaries': {UUID: {
                'resources': {'DISK_GB': {'capacity': 500, 'used': 20}},
                'traits': ['CUSTOM_HYPERV'], 'parent_provider_uuid': None,
                'root_provider_uuid': UUID}}})}
NOVA = {
    'servers of a host': (lambda api: api.on_host('hv01'), {
        'servers': [_SERVER]}),
    'server': (lambda api: api.server(UUID), {'server': _SERVER}),
    'hosts': (lambda api: api.hosts(), {'hypervisors': [{
        'id': UUID, 'hypervisor_hostname': 'hv01',
        'hypervisor_type': 'hyperv', 'service': {'host': 'hv01'}}]}),
    'computes': (lambda api: api.computes(), {'services': [{
        'host': 'hv01', 'binary': 'nova-compute', 'status': 'enabled',
        'state': 'up'}]}),
    'migrations': (lambda api: api.open_migrations(), {
        'migrations': [_MIGRATION]}),
    'moves': (lambda api: api.moves_of(UUID), {
        'migrations': [_MIGRATION]})}
_IMAGE = {
    'id': UUID, 'name': 'windows', 'status': 'active', 'owner': 'p',
    'visibility': 'public', 'disk_format': 'vhdx', 'min_disk': 20,
    'size': 1024, 'tags': ['t'], 'created_at': '2026-01-01T00:00:00Z',
    'hw_machine_type': 'hyperv-gen2', 'os_secure_boot': 'required'}
_VERSIONS = {'versions': [{'id': 'v2.16', 'status': 'CURRENT', 'links': [
    {'rel': 'self', 'href': f'{ENDPOINT}/v2/'}]}]}
GLANCE = {
    'image': (lambda api: api.image(UUID), _IMAGE),
    'images': (lambda api: list(api.images()), {'images': [_IMAGE]}),
    'patch': (lambda api: api.patch(UUID, [
        {'op': 'add', 'path': '/p', 'value': 'v'}]), _IMAGE)}
# What is asked before the first read.
GLANCE_VERSIONS = {'versions': (lambda api: api.image(UUID), _VERSIONS)}


PAGE = 50


class _Wire:
    """Answers each request with the same bytes."""

    def __init__(self, content):
        self._content = content

    def send(self, *_args, **_kwargs):
        return Response(200, {}, self._content)


class _Mounted(requests.adapters.BaseAdapter):
    """The same below requests.

    :param by_path: the paths that are answered with something else; with
        any of these a page after the first is empty
    """

    def __init__(self, content, by_path=None):
        super().__init__()
        self._content = content
        self._by_path = by_path or {}

    def send(self, request, **_kwargs):
        answer = requests.Response()
        answer.status_code = 200
        answer.headers['Content-Type'] = 'application/json'
        answer.url, answer.request = request.url, request
        url = parse.urlsplit(request.url)
        answer._content = (
            b'{"images": []}' if self._by_path and 'marker=' in url.query
            else self._by_path.get(url.path, self._content))
        return answer

    def close(self):
        pass


class _Split(requests.adapters.BaseAdapter):
    """The versions by one, and the rest by another."""

    def __init__(self, versions, others):
        super().__init__()
        self._versions, self._others = versions, others

    def send(self, request, **kwargs):
        path = parse.urlsplit(request.url).path
        return (self._versions if path in ('', '/', '/v2', '/v2/')
                else self._others).send(request, **kwargs)

    def close(self):
        pass


def placement_of(content):
    return client.Placement(_Wire(content), retry.Patience(attempts=1))


def nova_of(content):
    return nova_behind(_Mounted(content))


def nova_behind(mounted):
    return nova.NovaServers(adapter.Adapter(checked_session.CheckedSession(
        _session(mounted), checked_session.NOVA), service_type='compute'))


def glance_of(content):
    """Its versions are as they should be."""
    versions = json.dumps(_VERSIONS).encode()
    return _glance(_Mounted(content, dict.fromkeys(
        ('', '/', '/v2', '/v2/'), versions)))


def glance_behind(mounted):
    return _glance(_Split(_Mounted(json.dumps(_VERSIONS).encode()), mounted))


def glance_of_versions(content):
    image = json.dumps(_IMAGE).encode()
    return _glance(_Mounted(content, {f'/v2/images/{UUID}': image}))


def _glance(mounted):
    return lookups.Glance(checked_session.checked(sdk.Connection(
        session=_session(mounted), image_endpoint_override=ENDPOINT),
        checked_session.GLANCE))


def _session(mounted):
    connection = requests.Session()
    connection.mount('http://', mounted)
    return session.Session(auth=token_endpoint.Token(ENDPOINT, 'token'),
                           session=connection)


CALLS = [pytest.param(service, call, answer, id=f'{name} {what}')
         for name, service, calls in (('Placement', placement_of, PLACEMENT),
                                      ('Nova', nova_of, NOVA),
                                      ('Glance', glance_of, GLANCE),
                                      ('Glance', glance_of_versions,
                                       GLANCE_VERSIONS))
         for what, (call, answer) in calls.items()]
each_call = pytest.mark.parametrize(('service', 'call', 'answer'), CALLS)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: None)


def read(service, call, content):
    """Any other error is a failure, and so is a cost beyond the bounds."""
    try:
        with cost.bounded(len(content)):
            call(service(content))
    except exception.HvSchedError as exc:
        assert len(str(exc)) < 2000, str(exc)[:2000]


@each_call
def test_a_right_answer_is_read(service, call, answer):
    call(service(json.dumps(answer).encode()))


@each_call
def test_every_hostile_value_in_turn(service, call, answer):
    # A value beside the answer's own, for those that have lists alone.
    content = json.dumps({**answer, 'more': 1}).encode()
    for spoilt in hostile.spoilt(content, 40):
        read(service, call, spoilt)


@pytest.mark.wide
@each_call
def test_every_large_value_in_turn(service, call, answer):
    content = json.dumps({**answer, 'more': 1}).encode()
    for spoilt in hostile.spoilt(content, 40, hostile.LARGE):
        read(service, call, spoilt)


def grown(answer, count):
    """A right answer with so many of each thing that it lists."""
    if isinstance(answer, list):
        return [grown(each, 1) for each in answer] * count
    if isinstance(answer, dict):
        return {name: grown(value, count) for name, value in answer.items()}
    return answer


@each_call
def test_a_right_answer_of_many_things_is_read(service, call, answer):
    content = json.dumps(grown(answer, 500)).encode()
    with cost.bounded(len(content)):
        call(service(content))


class _Endless(_Mounted):
    """Every page leads to a new one.

    :param key: of the list in the answer
    """

    def __init__(self, answer, key):
        super().__init__(b'')
        self._answer, self._key = answer, key
        self._numbers = itertools.count()

    def send(self, request, **kwargs):
        following = f'/v2/images?marker={next(self._numbers)}'
        self._content = json.dumps({
            self._key: [self._renamed(each)
                        for each in self._answer[self._key] * PAGE],
            f'{self._key}_links': [{'rel': 'next', 'href': following}],
            'next': following}).encode()
        return super().send(request, **kwargs)

    def _renamed(self, each):
        name = 'id' if 'id' in each else 'uuid'
        return {**each, name: f'{each[name]}-{next(self._numbers)}'}


@pytest.mark.parametrize(('make', 'call', 'answer', 'key'), [
    (nova_behind, *NOVA[name], key) for name, key in (
        ('servers of a host', 'servers'), ('hosts', 'hypervisors'),
        ('migrations', 'migrations'), ('moves', 'migrations'))] + [
    (glance_behind, *GLANCE['images'], 'images')])
def test_pages_that_do_not_end_cost_what_so_many_items_do(
        monkeypatch, make, call, answer, key):
    monkeypatch.setattr(paging, 'MOST_ITEMS', 10 * PAGE)
    size = 10 * PAGE * len(json.dumps(answer))
    with cost.bounded(size), pytest.raises(exception.ServiceUnavailable,
                                           match='do not end'):
        call(make(_Endless(answer, key)))


# What once was a traceback, or a message as long as the answer; see
# hostile.WHOLE for what was that at every call.
ONCE_BROKEN = {
    'newest version': [{'versions': [{'id': 'v1.0', 'max_version': 1}]},
                       {'versions': [{'id': 'v1.0', 'max_version': 'x.y'}]}],
    'server': [{'server': {**_SERVER, 'flavor': {
        **_SERVER['flavor'], 'disk': size}}} for size in (
            float('inf'), 1e300, '20', True, [], -1)],
    'migrations': [{'migrations': [{**_MIGRATION, 'updated_at': when}]}
                   for when in (None, 1, 'today', '9999-99-99')],
    'image': [{**_IMAGE, 'id': 'x' * 65536}, {**_IMAGE, 'self': None},
              {**_IMAGE, 'connection': 1, 'microversion': {}}],
    'images': [{'images': [{**_IMAGE, 'connection': 1}]},
               {'images': [_IMAGE], 'next': 1}],
    'versions': [{'versions': 'x' * 65536}, {'versions': [{'id': 2}]}]}


def _spoil(service, call, answer, settings, seed):
    what = next(name for name, (its_call, _answer) in (
        *PLACEMENT.items(), *NOVA.items(), *GLANCE.items(),
        *GLANCE_VERSIONS.items()) if its_call is call)

    def check(content):
        read(service, call, content)

    for content in (*hostile.WHOLE, *(
            json.dumps(each).encode() for each in ONCE_BROKEN.get(what, ()))):
        check = hypothesis.example(content)(check)
    hypothesis.seed(seed)(settings(hypothesis.given(hostile.files(
        (json.dumps(answer).encode(),)))(check)))()


@each_call
def test_some_spoilt_answers(service, call, answer):
    """And each that once broke something."""
    _spoil(service, call, answer, hypothesis.settings(
        max_examples=20, database=None, deadline=None), 1)


@pytest.mark.long
@each_call
def test_spoilt_answers(service, call, answer):
    seed = int(os.environ.get('HV_SCHED_SEED') or random.getrandbits(32))
    examples = int(os.environ.get('HV_SCHED_EXAMPLES', '2000'))
    print(f'HV_SCHED_SEED={seed} HV_SCHED_EXAMPLES={examples}')

    _spoil(service, call, answer, hypothesis.settings(
        max_examples=examples, database=None, deadline=None), seed)
