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

"""A source of Ceph pools: their numbers, and what may be wrong with them."""

import json
import re
import uuid

import pytest

from hv_sched import model
from hv_sched.sources import facts
from hv_sched.sources.ceph import document
from tests.unit.sources.ceph import samples
from tests.unit.sources.ceph.samples import Files
from tests.unit.sources.ceph.samples import GIB

GROUPS, VOLUMES = model.Section.GROUPS, model.Section.VOLUMES


def only(**files):
    return samples.read(files=Files(**files)).clusters[0]


def failure(*clusters, files):
    """Why the volumes of the only cluster are not known."""
    cluster, = samples.read(*clusters, files=files).clusters
    assert cluster.volumes == ()
    return cluster.sections[VOLUMES].error


def test_a_pool_has_what_is_stored_and_what_may_be():
    """Not the raw bytes, of which there are three times as many."""
    volume, = only(df_json=samples.df()).volumes
    assert (volume.name, volume.size_bytes, volume.free_bytes) == (
        'vms', 500 * GIB, 400 * GIB)
    assert volume.guid == str(uuid.uuid5(uuid.UUID(samples.FSID), 'vms'))


def test_the_numbers_are_as_old_as_the_file():
    report = only(df_json=samples.df()).sections[VOLUMES]
    assert (report.collected_at, report.error) == (samples.AT, '')


@pytest.mark.parametrize(('quota_gb', 'size_gb', 'free_gb'), [
    (0, 500, 400), (300, 300, 200), (900, 500, 400), (50, 50, 0)])
def test_a_quota_bounds_the_pool(quota_gb, size_gb, free_gb):
    quota = {'pool_name': 'vms', 'pool_id': 2, 'quota_max_objects': 0,
             'quota_max_bytes': quota_gb * GIB}
    in_df = samples.df(samples.pool(quota_bytes=quota_gb * GIB))
    for volume, files in (
            (samples.of_pool(quota='q.json'),
             Files(df_json=samples.df(), q_json=quota)),
            (samples.of_pool(), Files(df_json=in_df))):
        cluster, = samples.read(samples.cluster(volume), files=files).clusters
        assert (cluster.volumes[0].size_bytes, cluster.volumes[0].free_bytes
                ) == (size_gb * GIB, free_gb * GIB)


def test_the_quota_of_another_pool_is_refused():
    text = failure(
        samples.cluster(samples.of_pool(quota='q.json')), files=Files(
            df_json=samples.df(), q_json={
                'pool_name': 'images', 'quota_max_bytes': GIB}))
    assert 'the quota is that of pool \'images\', not of \'vms\'' in text


def two_pools(*pools, **second):
    """Free GiB of two pools, each of a cluster of its own."""
    read = samples.read(samples.cluster(), samples.cluster(
        samples.of_pool(pool='vms2'), name='ceph2', nodes=[{'name': 'kvm9'}],
        guid=samples.CLUSTER[:-1] + '2', **second), files=Files(
            df_json=samples.df(*pools)))
    return [cluster.volumes[0].free_bytes // GIB for cluster in read.clusters]


def test_what_is_free_for_two_pools_is_offered_once():
    """On the same OSDs each has all that is free as max_avail."""
    assert two_pools(samples.pool(), samples.pool('vms2')) == [200, 200]


def test_it_is_offered_once_also_where_each_has_a_file_of_its_own():
    df = samples.df(samples.pool(), samples.pool('vms2'))
    read = samples.read(
        samples.cluster(), samples.cluster(
            samples.of_pool(pool='vms2', df='other.json',
                            fsid=samples.FSID.upper()),
            name='ceph2', nodes=[{'name': 'kvm9'}],
            guid=samples.CLUSTER[:-1] + '2'),
        files=Files(df_json=df, other_json=df))
    assert [cluster.volumes[0].free_bytes // GIB
            for cluster in read.clusters] == [200, 200]


def test_pools_on_other_osds_or_that_nobody_publishes_take_nothing_away():
    assert two_pools(samples.pool(), samples.pool('images'), samples.pool(
        'vms2', available_gb=399)) == [400, 399]


def test_quotas_say_who_gets_what_of_the_same_space():
    assert two_pools(samples.pool(), samples.pool(
        'vms2', quota_bytes=150 * GIB)) == [200, 50]


def test_the_file_with_the_quota_is_named():
    assert failure(
        samples.cluster(samples.of_pool(quota='q.json')),
        files=Files(df_json=samples.df(), q_json='{')).startswith(
            'clusters[0].volumes[0].quota: q.json: ')


@pytest.mark.parametrize('driver', [None, 'hyperv', 'libvirt-file'])
def test_a_pool_is_not_taken_for_what_another_driver_keeps_disks_in(driver):
    words = failure(samples.cluster(driver=driver),
                    files=Files(df_json=samples.df()))
    assert 'state driver: libvirt-rbd' in words
    assert '\'ceph1\' has ' in words and 'a Ceph pool' in words


def test_a_full_pool_has_no_free_space():
    volume, = only(df_json=samples.df(samples.pool(available_gb=0))).volumes
    assert (volume.size_bytes, volume.free_bytes) == (100 * GIB, 0)


def test_a_pool_that_was_renamed_is_told_with_its_remedy():
    text = failure(files=Files(df_json=samples.df(samples.pool('vms-new'))))
    assert text.startswith('clusters[0].volumes[0].df: df.json: has no pool '
                           '\'vms\'; did you mean \'vms-new\'?')
    assert 'formerly' in text


def test_a_pool_that_was_renamed_stays_the_same_volume():
    cluster, = samples.read(
        samples.cluster(samples.of_pool(pool='vms-new', formerly='vms')),
        files=Files(df_json=samples.df(samples.pool('vms-new')))).clusters
    assert (cluster.volumes[0].guid, cluster.volumes[0].name) == (
        document.volume_guid(samples.FSID, 'vms'), 'vms-new')


@pytest.mark.parametrize(('text', 'words'), [
    ('', 'pools is missing'), ('{"pools": [', 'is not valid JSON'),
    ('[]', 'pools is missing'), ('{"pools": {}}', 'pools is a mapping'),
    ('{"pools": [{"id": 2}]}', 'pools[0].name is missing'),
    ('{"pools": [{"name": "vms"}]}', 'pools[0].stats is missing')])
def test_half_an_answer_changes_nothing(text, words):
    assert words in failure(files=Files(df_json=text))


@pytest.mark.parametrize('field', ['stored', 'max_avail'])
@pytest.mark.parametrize('value', [None, -1, True, '5', 1.5, 2 ** 64])
def test_a_number_that_is_none_is_named(field, value):
    pool = samples.pool(**{field: value})
    assert f'pools[0].stats.{field} is ' in failure(
        files=Files(df_json=samples.df(pool)))


def test_a_file_that_is_not_there_is_named():
    assert failure(files=Files()) == (
        'clusters[0].volumes[0].df: df.json: No such file or directory')


@pytest.mark.parametrize(('volume', 'words'), [
    ({'pool': 'vms', 'df': 'df.json'}, '\'fsid\' is a required property'),
    (samples.of_pool(fsid='ceph'), 'volumes[0].fsid: \'ceph\' is not'),
    (samples.of_pool(fsid='-' * 36), 'volumes[0].fsid: '),
    (samples.of_pool(df=7), 'volumes[0].df: 7 is not'),
    (samples.of_pool(statvfs='x'), 'volumes[0].statvfs: a pool has no '),
    (samples.of_pool(size_gb=9), 'volumes[0].size_gb: the files have this'),
    (samples.of_pool(free_bytes=9), 'volumes[0].free_bytes: the files have'),
    ({'statvfs': 'x', 'name': 'n'}, '\'guid\' is a required property')])
def test_a_field_that_is_wrong_is_told_with_its_path(volume, words):
    assert words in failure(samples.cluster(volume),
                            files=Files(df_json=samples.df()))


def test_the_faults_of_any_source_keep_their_path():
    read = samples.read(samples.cluster(
        samples.of_pool(reserve_gb=-1), nodes=[{'name': 'kvm01'}, {}]))
    text = ' '.join(map(str, read.problems))
    assert 'ceph.yaml: clusters[0].volumes[0].reserve_gb' in text
    assert 'ceph.yaml: clusters[0].nodes[1]' in text


def test_two_clusters_on_one_pool_are_refused_with_both_names():
    other = samples.cluster(guid=samples.CLUSTER[:-1] + '2', name='ceph2',
                            nodes=[{'name': 'kvm91'}])
    third = samples.cluster(
        samples.of_pool(pool='images'), name='ceph3',
        guid=samples.CLUSTER[:-1] + '3', nodes=[{'name': 'kvm81'}])
    read = samples.read(samples.cluster(), other, third)
    assert [cluster.name for cluster in read.clusters] == ['ceph3']
    text = ' '.join(map(str, read.problems))
    assert '\'ceph1\'' in text and '\'ceph2\'' in text


def test_pools_that_differ_in_case_only_are_refused_with_both_names():
    read = samples.read(
        samples.cluster(samples.of_pool(), samples.of_pool(pool='VMS')),
        files=Files(df_json=samples.df(samples.pool(), samples.pool('VMS'))))
    text = ' '.join(map(str, read.problems))
    assert '\'vms\'' in text and '\'VMS\'' in text
    assert read.clusters[0].volumes == ()


def test_a_fault_speaks_of_pools_to_whoever_has_pools():
    """Not of what only Windows has."""
    read = samples.read(
        samples.cluster(), samples.cluster(
            guid=samples.CLUSTER[:-1] + '2', name='ceph2',
            nodes=[{'name': 'kvm91'}]),
        samples.cluster(
            samples.of_pool(pool='images'), {**samples.of_pool(pool='b')},
            name='ceph3', guid='0' * 8 + '-0000-0000-0000-' + '0' * 12),
        samples.cluster(
            samples.of_pool(pool='images'), samples.of_pool(pool='b'),
            nodes=[{'name': 'kvm71'}], name='ceph4',
            guid=samples.CLUSTER[:-1] + '4'),
        files=Files(df_json=samples.df(samples.pool(), samples.pool(
            'images'), samples.pool('b'))))
    text = ' '.join(map(str, read.problems))
    assert 'give each pool a GUID of its own' in text
    assert 'make one with uuidgen' in text
    assert not re.search('Partition|Windows|instances_path', text)


def test_a_source_that_is_read_as_another_type_says_which_it_is():
    read = facts.read([facts.Document('ceph.yaml', {
        'version': 2, 'clusters': [samples.cluster(samples.of_pool())]})])
    text = ' '.join(map(str, read.problems))
    assert text.count('[hv_sched]source_type to ceph') == 3


def test_a_node_without_a_home_is_asked_for_its_pool():
    read = samples.read(
        samples.cluster(samples.of_pool(), samples.of_pool(pool='images')))
    assert 'name the one its images_rbd_pool is on' in str(read.problems[0])


def vms_of(*images, **fields):
    cluster, = samples.read(
        samples.cluster(samples.of_pool(du='du.json'), **fields), files=Files(
            df_json=samples.df(), du_json=samples.du(*images))).clusters
    return cluster


def test_what_a_server_keeps_is_its_images_and_their_snapshots():
    disk = f'{samples.SERVER}_disk'
    vm, = vms_of(
        samples.image(disk, 50, 20), samples.image(f'{disk}.config', 1, 1),
        samples.image(disk, 50, 5, snapshot='nova-resize')).vms
    assert vm.instance_uuid == samples.SERVER
    assert [(disk.provisioned_bytes, disk.actual_bytes)
            for disk in vm.disks] == [(51 * GIB, 26 * GIB)]


def test_other_tenants_of_a_pool_are_no_servers():
    """Nobody's share covers them, so they are reserved."""
    cluster = vms_of(samples.image('volume-' + samples.SERVER),
                     samples.image(samples.SERVER), samples.image('backup'))
    assert cluster.vms == ()
    assert cluster.sections[GROUPS].error == ''


@pytest.mark.parametrize('text', ['', '{"images": [', '{"images": [{}]}',
                                  json.dumps(samples.du({
                                      'name': f'{samples.SERVER}_disk'}))])
def test_half_an_answer_of_rbd_tells_of_no_server(text):
    cluster, = samples.read(
        samples.cluster(samples.of_pool(du='du.json')), files=Files(
            df_json=samples.df(), du_json=text)).clusters
    assert cluster.vms is None
    assert cluster.sections[GROUPS].error.startswith(
        'clusters[0].volumes[0].du: du.json: ')
    assert cluster.volumes[0].size_bytes == 500 * GIB


def test_servers_are_told_of_every_pool_or_of_none():
    cluster, = samples.read(samples.cluster(
        samples.of_pool(du='du.json'), samples.of_pool(pool='images'),
        nodes=[{'name': 'kvm01', 'home': 'vms'}]), files=Files(
            df_json=samples.df(), du_json=samples.du())).clusters
    assert cluster.vms is None
    assert 'volumes[1] has no du' in cluster.sections[GROUPS].error


@pytest.mark.parametrize('content', [None, [], 'x', {'clusters': None},
                                     {'clusters': [None, 7, {}]}])
def test_what_is_no_source_is_left_to_the_checks_of_any_source(content):
    assert document.expanded(content, Files().read) == content
