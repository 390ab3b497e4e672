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


"""Every failure reaches the exit code and a row, whichever step it ends."""

import json
import uuid

import pytest

from hv_sched.placement import names
from tests.functional import cloud as clouds
from tests.functional import nova_api
from tests.functional import unadopted_cloud

pytestmark = pytest.mark.wide

VOLUME = clouds.VOLUME
HTML = '<html><body>It works!</body></html>'


@pytest.fixture
def cloud(placement, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    made = unadopted_cloud.UnadoptedCloud(placement)
    made.nova_api = nova_api.NovaApi(made)
    placement.service.before = made.nova_api
    return made


def fail(cloud, method, path, status, body=''):
    """Answer one kind of request ourselves from now on."""
    def answer(environ):
        if (environ['REQUEST_METHOD'] == method
                and environ['PATH_INFO'].endswith(path)):
            return status, body
        return cloud.nova_api(environ)
    cloud.placement.service.before = answer


def errors(out):
    return [row['To'] for row in json.loads(out) if row['What'] == 'error']


@pytest.mark.parametrize('part,status', [
    ('aggregates', '403 Forbidden'),
    ('aggregates', '500 Internal Server Error'),
    ('aggregates', '503 Service Unavailable'), ('traits', '404 Not Found')])
def test_an_adopt_whose_last_step_fails_says_so(
        csv, source, cloud, part, status):
    cloud.server('hv01', 10)
    fail(cloud, 'PUT', f'/resource_providers/{VOLUME}/{part}', status)
    code, out, err = csv('adopt', '--source', source, '-f', 'json')
    assert code == 1, out + err
    error, = errors(out)
    assert status[:3] in error
    cloud.placement.service.before = cloud.nova_api
    assert csv('adopt', '--source', source)[0] == 0
    assert cloud.hosts(400) == {'hv01', 'hv02'}


@pytest.mark.parametrize('status', [
    '403 Forbidden', '503 Service Unavailable'])
def test_a_retire_that_cannot_delete_its_volume_says_so(
        csv, source, cloud, status):
    cloud.server('hv01', 10)
    assert csv('adopt', '--source', source)[0] == 0
    fail(cloud, 'DELETE', f'/resource_providers/{VOLUME}', status)
    code, out, err = csv('retire', '--source', source, '-f', 'json')
    assert code == 1, out + err
    error, = errors(out)
    assert status[:3] in error
    cloud.placement.service.before = cloud.nova_api
    assert csv('retire', '--source', source)[0] == 0
    assert 'csv:hvc1/Volume1' not in {
        listed.name for listed in cloud.api.list_providers()}


@pytest.mark.parametrize('status,body', [
    ('200 OK', HTML), ('403 Forbidden', ''), ('503 Service Unavailable', ''),
    ('409 Conflict', '')])
def test_a_heal_whose_write_is_not_done_says_so(
        csv, source, cloud, status, body):
    cloud.adopt()
    server = cloud.nova.add(str(uuid.uuid4()))
    cloud.allocate(server, {
        VOLUME: {'resources': {names.HELD_DISK_GB: 10}},
        cloud.nodes['hv01']: {'resources': {'VCPU': 1}}})
    fail(cloud, 'POST', '/allocations', status, body)
    code, out, err = csv('heal', '--held', '--source', source, '-f', 'json')
    assert code in (1, 4), out + err
    assert 'restored' not in [row['Done'] for row in json.loads(out)]
    assert any(server in (row['Consumer'], row['Volume'])
               or row['Done'].startswith('error') for row in json.loads(out))


def test_a_failed_release_takes_no_row_of_what_was_done(
        csv, source, cloud):
    """One cause stops one thing: what was restored is still said."""
    cloud.adopt()
    server = cloud.nova.add(str(uuid.uuid4()))
    gone = str(uuid.uuid4())
    for consumer in (server, gone):
        cloud.allocate(consumer, {
            VOLUME: {'resources': {names.HELD_DISK_GB: 10}}})

    def answer(environ):
        if (environ['REQUEST_METHOD'] == 'POST'
                and environ['PATH_INFO'].endswith('/allocations')):
            length = int(environ['CONTENT_LENGTH'])
            sent = environ['wsgi.input'].read(length)
            if gone.encode() in sent:
                return '403 Forbidden', ''
            raise AssertionError('only the release is written here')
        return cloud.nova_api(environ)
    assert csv('heal', '--held', '--source', source)[0] == 0
    cloud.allocate(gone, {VOLUME: {'resources': {names.HELD_DISK_GB: 10}}})
    cloud.placement.service.before = answer
    code, out, err = csv('heal', '--held', '--source', source, '-f', 'json')
    assert code == 1, out + err
    assert '403' in json.loads(out)[-1]['Done']
