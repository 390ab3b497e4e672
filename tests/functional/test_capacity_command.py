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

"""``csv capacity`` as an operator types it, on a real Placement."""

import json

import pytest
import wcwidth

from hv_sched.osc import base
from hv_sched.osc import capacity
from hv_sched.placement import names
from tests.functional import other_services

COMMAND = ('capacity', '--flavor', 'small', '--image', 'plain')
FITTING = {'all': (8, 8), 'hvc1': (8, 8), 'csv:hvc1/Volume1': (8, 8),
           'hv01': (8, 0), 'hv02': (8, 8)}


@pytest.fixture
def services(monkeypatch, cloud):
    nova, glance = other_services.Nova(), other_services.Glance()
    nova.flavor('small')
    nova.flavor('huge', disk=600)
    glance.image('plain', img_hv_type='hyperv')
    monkeypatch.setattr(
        base.LookingCommand, 'connection_of', lambda self, service, conf: {
            'Nova': nova, 'Glance': glance}[service.name].connection(service))
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    with other_services.running(nova, glance):
        yield nova, glance


@pytest.fixture
def published(csv, source, services):
    assert csv('sync', '--source', source)[0] == 0
    return services


def test_for_people_in_80_columns(csv, published):
    code, out, err = csv(*COMMAND, '--max-width', '80')
    lines = out.splitlines()
    assert (code, err) == (0, '')
    assert max(map(wcwidth.wcswidth, lines)) <= 80
    header = [cell.strip() for cell in lines[1].strip('|').split('|')]
    assert header[:4] == ['Name', 'Fit', 'Fit N-1', 'Runs Out First']
    assert '8 servers of this kind fit now, 8 with the' in out
    assert [lines[3 + row].split('|')[1].strip() for row in range(5)] == list(
        FITTING)


def test_for_programs(csv, published):
    code, out, _err = csv(*COMMAND, '-f', 'json')
    rows = json.loads(out)
    assert code == 0
    assert {row['Name']: (row['Fit'], row['Fit N-1'])
            for row in rows} == FITTING
    assert [row['Kind'] for row in rows] == [
        'all', 'cluster', 'volume', 'node', 'node']
    assert rows[0]['Runs Out First'] == ['disk']
    assert rows[1]['Lost Node'] == 'hv01'
    assert all(tuple(row) == capacity.COLUMNS for row in rows)
    code, out, _err = csv(*COMMAND, '-f', 'value', '-c', 'Fit')
    assert (code, out.split()) == (0, ['8'] * 5)


def test_none_fits(csv, published):
    code, out, err = csv('capacity', '--flavor', 'huge', '-f', 'json')
    assert (code, err) == (2, '')
    row = json.loads(out)[0]
    assert (row['Fit'], row['Runs Out First']) == (0, ['disk'])


def test_a_contradiction_says_its_reason(csv, published):
    published[1].image('odd', os_type='linux', os_secure_boot='required',
                       hw_machine_type='hyperv-gen2', os_vtpm='required',
                       os_shielded_vm='required')
    code, out, err = csv('capacity', '--flavor', 'small', '--image', 'odd')
    assert (code, err) == (2, '')
    assert 'os_type=linux' in out and '0 servers of this kind fit now' in out


@pytest.mark.parametrize('args,words', [
    (('--image', 'plain'), 'give the kind of server with --flavor'),
    (('--flavor', 'none'), 'no flavor none'),
    (('--flavor', 'small', '--image', 'none'), 'no image none'),
    (('--flavor', 'small', '--availability-zone', 'z9'),
     'no availability zone z9'),
    (('--flavor', 'small', '--availability-zone', 'nova:hv99'), 'hv99'),
    (('--flavor', 'nothing'), 'takes no VCPU, memory, disk'),
    (('--flavor', 'small', '--nova-conf', '/nowhere.conf'),
     '/nowhere.conf')])
def test_errors_are_clear(csv, published, args, words):
    published[0].flavor('nothing', disk=0, vcpus=0, ram=0)
    code, out, err = csv('capacity', *args)
    assert (code, out) == (1, '')
    assert words in err and 'Traceback' not in err


def test_a_service_that_does_not_answer(csv, published, cloud):
    """Without Glance the image's part is left out and said; Placement is all.
    """
    published[1].refuse = '503 Service Unavailable'
    code, out, _err = csv(*COMMAND)
    assert code == 4 and 'everything image plain asks for' in out
    code, _out, err = csv(*COMMAND, '-f', 'json')
    assert code == 4 and 'Glance' in err
    published[0].refused_paths['/os-aggregates'] = '403 Forbidden'
    code, out, _err = csv(*COMMAND, '--availability-zone', 'z1')
    assert code == 4 and 'availability zone z1' in out
    cloud.placement.service.refuse_all('503 Service Unavailable')
    code, out, err = csv(*COMMAND)
    assert (code, out) == (1, '') and '503' in err and 'Traceback' not in err


@pytest.mark.parametrize('body', [
    {}, {'allocation_requests': []}, b'<html>', [],
    {'allocation_requests': [{'allocations': {'gone': {'resources': {
        'VCPU': 1}}}}], 'provider_summaries': {}}])
def test_half_an_answer_is_none(csv, published, cloud, body):
    """Of Placement, to the question itself."""
    cloud.placement.service.before = lambda environ: (
        ('200 OK', body) if 'DISK_GB' in environ.get('QUERY_STRING', '')
        else None)
    code, out, err = csv(*COMMAND)
    assert (code, out) == (1, ''), err
    assert 'Placement' in err and 'Traceback' not in err


def test_it_writes_nothing(csv, published, cloud):
    volume = next(provider for provider in cloud.api.list_providers()
                  if provider.name.startswith(names.VOLUME_NAME_PREFIX))
    before = cloud.state(), len(cloud.placement.service.log)
    csv(*COMMAND)
    sent = cloud.placement.service.log[before[1]:]
    assert {method for method, _path in sent} == {'GET'}
    assert cloud.state() == before[0] and volume.name in before[0]
