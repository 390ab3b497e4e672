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

"""Reserved space falls only when it is told whose the files are.

Source files with a fault each, synced to a real Placement in full and in
quick passes. 150 GiB are used: 50 by a thin server of 100 GB, the rest by
nobody's files.
"""

import copy
import dataclasses

import pytest
import yaml

from hv_sched import model
from hv_sched import sources
from hv_sched.notices import Kind
from hv_sched.placement import names
from tests.functional import cloud as clouds

GIB = model.GIB
NAME = 'csv:hvc1/Volume1'


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


class Source:
    """A file an operator edits.

    :ivar cluster: its only cluster, to be edited
    """

    def __init__(self, path):
        self._path = path
        self.cluster = {
            'guid': clouds.CLUSTER_GUID, 'name': 'hvc1',
            'nodes': [{'name': f'hv0{number}', 'build': 14393,
                       'home': 'Volume1'} for number in (1, 2)],
            'volumes': [self._volume(1, 350)], 'vms': []}

    @staticmethod
    def _volume(number, free_gb):
        return {'guid': clouds.guid(number), 'name': f'Volume{number}',
                'size_bytes': 500 * GIB, 'free_bytes': free_gb * GIB}

    def add_volume(self):
        self.cluster['volumes'].append(self._volume(2, 500))

    def add_vm(self, uuid, actual_gb, *, volume='Volume1'):
        self.cluster['vms'].append({
            'instance_uuid': uuid, 'disks': [{
                'volume': volume, 'actual_bytes': actual_gb * GIB,
                'provisioned_bytes': 100 * GIB}]})

    def facts(self):
        self._path.write_text(yaml.safe_dump(
            {'version': 2, 'clusters': [copy.deepcopy(self.cluster)]}))
        return sources.load(str(self._path))


@pytest.fixture
def source(cloud, tmp_path):
    """What stands: a server, and 100 GiB of nobody's files."""
    made = Source(tmp_path / 'clusters.yaml')
    cloud.sync(made.facts())
    made.add_vm(cloud.create(100), 50)
    cloud.sync(made.facts())
    assert reserved(cloud) == 104
    return made


def reserved(cloud):
    return cloud.api.inventories(clouds.VOLUME)[1]['DISK_GB'].reserved


def no_section(source):
    del source.cluster['vms']


def a_wrong_disk(source):
    source.cluster['vms'][0]['disks'][0]['actual_bytes'] = 'fifty'


def no_disks(source):
    del source.cluster['vms'][0]['disks']


def a_wrong_uuid(source):
    source.cluster['vms'][0]['instance_uuid'] = 'server-1'


def a_disk_on_a_volume_set_aside(source):
    source.add_volume()
    source.cluster['volumes'][1]['guid'] = 'none'
    source.cluster['vms'][0]['disks'].append({
        'volume': 'Volume2', 'actual_bytes': GIB})


def another_vm_without_disks(source):
    source.cluster['vms'].append({
        'instance_uuid': 'aaaaaaaa-0000-4000-8000-000000000001'})


def a_failed_section(source):
    source.cluster['sections'] = {'groups': {'error': 'access is denied'}}


FAULTS = (no_section, a_wrong_disk, no_disks, a_wrong_uuid,
          a_disk_on_a_volume_set_aside, another_vm_without_disks,
          a_failed_section)


@pytest.mark.parametrize('full', [True, False])
def test_reserved_neither_falls_nor_rises_for_servers_no_longer_told(
        cloud, source, full):
    whole = copy.deepcopy(source.cluster)
    for fault in FAULTS:
        fault(source)
        result = cloud.sync(source.facts(), full=full)
        said = [notice for notice in result.plan.all_findings
                if notice.code == 'reserved-kept']
        assert result.done == (), fault
        assert [(notice.kind, notice.subject) for notice in said] == [
            (Kind.NOTE, NAME)], fault
        assert '104 GB stay reserved' in said[0].message
        source.cluster = copy.deepcopy(whole)
    source.cluster['volumes'][0]['free_bytes'] = 450 * GIB
    cloud.sync(source.facts(), full=full)
    assert reserved(cloud) == 0, 'told again: nobody else has files'


def test_what_the_operator_reserves_changes_even_so(cloud, source):
    whole = copy.deepcopy(source.cluster)
    for number, fault in enumerate(FAULTS):
        fault(source)
        source.cluster['volumes'][0]['reserve_gb'] = number * 7 % 30
        cloud.sync(source.facts(), full=False)
        assert reserved(cloud) == 104 + number * 7 % 30, fault
        source.cluster = copy.deepcopy(whole)


@pytest.mark.parametrize(('fault', 'free_gb', 'after'), [
    (no_section, 468, 32), (a_failed_section, 468, 32),
    (another_vm_without_disks, 400, 56)])
def test_reserved_is_never_more_than_what_can_be_nobodys(
        cloud, source, fault, free_gb, after):
    """Neither what is free, nor what a VM is told to have."""
    fault(source)
    source.cluster['volumes'][0]['free_bytes'] = free_gb * GIB
    cloud.sync(source.facts(), full=False)
    assert reserved(cloud) == after


def test_foreign_files_still_raise_it(cloud, source):
    no_section(source)
    source.cluster['volumes'][0]['free_bytes'] = 200 * GIB
    cloud.sync(source.facts(), full=False)
    assert reserved(cloud) == 200


def test_an_operator_may_lower_it_in_placement(cloud, source):
    no_section(source)
    generation, inventories = cloud.api.inventories(clouds.VOLUME)
    inventories['DISK_GB'] = dataclasses.replace(
        inventories['DISK_GB'], reserved=64)
    cloud.api.set_inventories(clouds.VOLUME, generation, inventories)
    cloud.sync(source.facts(), full=False)
    assert reserved(cloud) == 64


# -- servers come and go


def silent_facts(source, used_gb):
    source.cluster.pop('vms', None)
    source.cluster['volumes'][0]['free_bytes'] = (500 - used_gb) * GIB
    return source.facts()


@pytest.fixture
def never_told(cloud, tmp_path):
    made = Source(tmp_path / 'clusters.yaml')
    cloud.sync(silent_facts(made, 0))
    return made


def delete(cloud, *servers):
    for server in servers:
        cloud.admin.delete(f'/allocations/{server}')


@pytest.mark.parametrize('full', [True, False])
def test_servers_come_and_go_where_vms_were_never_told(
        cloud, never_told, full):
    """The facts of a pass are older than the shares it reads."""
    for number in (1, 3, 2):
        servers = [cloud.create(100) for _ in range(number)]
        cloud.sync(silent_facts(never_told, 0), full=full)
        cloud.sync(silent_facts(never_told, 100 * number), full=full)
        assert reserved(cloud) == 0
        delete(cloud, *servers)
        cloud.sync(silent_facts(never_told, 100 * number), full=full)
        assert reserved(cloud) >= 100 * number, 'files without a share'
        cloud.sync(silent_facts(never_told, 0), full=full)
        assert reserved(cloud) == 0, 'they are gone'


@pytest.mark.parametrize('full', [True, False])
def test_what_was_told_last_neither_rises_for_good_nor_falls(
        cloud, source, full):
    for number in (1, 2):
        servers = [cloud.create(100) for _ in range(number)]
        cloud.sync(silent_facts(source, 150 + 100 * number), full=full)
        assert reserved(cloud) == 104
        delete(cloud, *servers)
        cloud.sync(silent_facts(source, 200 + 100 * number), full=full)
        assert reserved(cloud) >= 100 + 100 * number
        cloud.sync(silent_facts(source, 150), full=full)
        assert reserved(cloud) == 104
        assert names.uncovered_trait(104) in cloud.api.traits(
            clouds.VOLUME)[1]


def test_servers_come_and_go_where_vms_are_told(cloud, source):
    for number in (1, 2):
        servers = [cloud.create(100) for _ in range(number)]
        listed = copy.deepcopy(source.cluster['vms'])
        for server in servers:
            source.add_vm(server, 100)
        source.cluster['volumes'][0]['free_bytes'] = (
            350 - 100 * number) * GIB
        cloud.sync(source.facts(), full=False)
        assert reserved(cloud) == 104
        delete(cloud, *servers)
        cloud.sync(source.facts(), full=False)
        assert reserved(cloud) >= 100 + 100 * number
        source.cluster['vms'] = listed
        source.cluster['volumes'][0]['free_bytes'] = 350 * GIB
        cloud.sync(source.facts(), full=False)
        assert reserved(cloud) == 104


def test_a_source_that_tells_again_leaves_what_a_first_sync_writes(
        cloud, source):
    told = copy.deepcopy(source.cluster)
    before = cloud.state()[NAME]
    cloud.sync(silent_facts(source, 150))
    assert cloud.state()[NAME] == before
    cloud.sync(silent_facts(source, 300))
    source.cluster = told
    cloud.sync(source.facts())
    assert cloud.state()[NAME] == before
