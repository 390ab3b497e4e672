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

"""doctor and explain as an operator types them, on a real Placement."""

import json

import pytest

from hv_sched.osc import base
from hv_sched.placement import names
from tests.functional import cloud as clouds
from tests.functional import other_services


@pytest.fixture
def others(monkeypatch, cloud):
    nova, glance = other_services.Nova(), other_services.Glance()
    adapters = {'compute': nova.adapter('compute'),
                'image': glance.adapter('image'),
                'placement': cloud.placement.another()}
    monkeypatch.setattr(base.LookingCommand, 'adapter_of',
                        lambda self, service_type: adapters[service_type])
    monkeypatch.setattr(
        base.LookingCommand, 'connection_of', lambda self, service, conf: {
            'Nova': nova, 'Glance': glance}[service.name].connection(service))
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    with other_services.running(nova, glance):
        yield nova, glance


@pytest.mark.usefixtures('others')
def test_a_password_that_everybody_may_read_is_found(csv, tmp_path):
    path = tmp_path / 'hv_sched.conf'
    path.write_text('[keystone]\npassword = hunter2\n')

    def found(mode):
        path.chmod(mode)
        code, out, _err = csv('doctor', '--config-file', str(path),
                              '-f', 'json')
        assert 'hunter2' not in out
        return code, [(row['Severity'], row['Subject'])
                      for row in json.loads(out)
                      if row['Check'] == 'secrets-readable']

    assert found(0o644) == (2, [('warning', str(path))])
    assert found(0o640) == (0, [])


def test_doctor_tells_a_script_how_it_is(csv, source, cloud, others):
    for node in cloud.nodes.values():
        generation, now = cloud.api.traits(node)
        cloud.api.set_traits(node, generation, now | {
            'COMPUTE_SECURITY_UEFI_SECURE_BOOT'})
    csv('sync', '--source', source)
    code, out, err = csv('doctor', '-f', 'json')
    assert (code, err) == (0, '')
    assert {row['Severity'] for row in json.loads(out)} == {'skipped'}
    zone = others[0].zone('z1')
    volume = clouds.VOLUME
    cloud.register('kvm1')
    for uuid in (volume, cloud.nodes['kvm1']):
        generation, now = cloud.api.aggregates(uuid)
        cloud.api.set_aggregates(uuid, generation, now | {zone})
    code, out, _err = csv('doctor', '-f', 'json')
    assert code == 2
    first = json.loads(out)[0]
    assert (first['Severity'], first['Check'], first['Subject']) == (
        'error', 'volume-leaks', 'csv:hvc1/Volume1')
    assert 'zone z1' in first['Evidence'] and first['Remedy']
    others[0].refuse = '403 Forbidden'
    code, out, _err = csv('doctor', '-f', 'json')
    assert code == 4, 'not every check could look'
    assert 'volume-leaks' in out and 'failed' in out
    cloud.placement.service.refuse_all('503 Service Unavailable')
    code, _out, err = csv('doctor')
    assert code == 1 and '503' in err and 'Traceback' not in err


def test_doctor_knows_no_cluster_of_that_name(csv, source, cloud, others):
    csv('sync', '--source', source)
    code, _out, err = csv('doctor', '--cluster', 'hvc2')
    assert code == 1 and 'no volume of cluster hvc2 is in Placement' in err
    assert csv('doctor', '--cluster', 'HVC1')[0] != 1


def test_doctor_leaves_out_what_it_is_told_to(csv, source, cloud, others,
                                              tmp_path):
    csv('sync', '--source', source)
    node = cloud.nodes['hv01']
    generation, now = cloud.api.traits(node)
    cloud.api.set_traits(node, generation, now | {
        names.cut_off_trait(clouds.VOLUME)})
    code, out, _err = csv('doctor', '-f', 'json')
    given = {row['Check'] for row in json.loads(out)
             if row['Severity'] in ('error', 'warning')}
    assert (code, given) == (2, {'node-cut-off'})
    conf = tmp_path / 'hv_sched.conf'
    conf.write_text(f'[hv_sched]\nignore_findings = {",".join(given)}\n')
    code, out, err = csv('doctor', '-f', 'json', '--config-file', str(conf))
    assert code == 0, out
    last = json.loads(out)[-1]
    assert last['Severity'] == 'ignored'
    assert 'findings are left out, as [hv_sched]ignore_findings says' in (
        last['Evidence'])
    others[0].refuse = '403 Forbidden'
    assert csv('doctor', '--config-file', str(conf))[0] == 4
    cloud.placement.service.refuse_all('503 Service Unavailable')
    assert csv('doctor', '--config-file', str(conf))[0] == 1


def test_explain_for_people_and_for_programs(csv, source, cloud, others):
    csv('sync', '--source', source)
    others[0].flavor('small')
    others[0].flavor('huge', disk=600)
    code, out, err = csv('explain', '--flavor', 'small')
    assert (code, err) == (0, '')
    assert '2 hosts can take the server:\n├─ hv01 on csv:hvc1/Volume1' in out
    code, out, _err = csv('explain', '--flavor', 'huge', '-f', 'json')
    told = json.loads(out)
    assert code == 2
    assert [one['constraint'] for one in told['emptied_by']] == [
        '600 DISK_GB']
    assert told['would_fit']['largest_volumes'] == [
        {'volume': 'csv:hvc1/Volume1', 'room_gb': 404}]
    code, out, _err = csv('explain', '--flavor', 'huge')
    assert code == 2
    assert 'no host remains because of:\n└─ 600 DISK_GB' in out


@pytest.mark.parametrize('args,words', [
    (('explain',), '--flavor'),
    (('explain', '--flavor', 'none'), 'no flavor none'),
    (('explain', '--flavor', 'none', '--nova-conf', '/nowhere.conf'),
     '/nowhere.conf'),
    (('doctor', '--nova-conf', '/nowhere.conf'), '/nowhere.conf'),
    (('doctor', '--source', '/nowhere.yaml'), '/nowhere.yaml')])
def test_errors_are_one_clear_line(csv, others, args, words):
    code, _out, err = csv(*args)
    assert code == 1
    assert words in err
    assert 'Traceback' not in err and len(err.strip().splitlines()) == 1


def test_neither_writes_anything(csv, source, cloud, others):
    csv('sync', '--source', source)
    others[0].flavor('small')
    before = len(cloud.placement.service.log)
    csv('doctor', '--source', source)
    csv('explain', '--flavor', 'small')
    sent = cloud.placement.service.log[before:]
    assert {method for method, _path in sent} == {'GET'}
