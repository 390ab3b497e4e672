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

"""Ceph pools and shared directories from files, up to Placement."""

import datetime
import json
import os

import pytest

from hv_sched import exception
from hv_sched import sources
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import sizes
from hv_sched.providers.settings import Settings
from hv_sched.sources.ceph import document
from tests.functional import cloud as clouds
from tests.repository import EXAMPLES
from tests.unit.sources.ceph import samples
from tests.unit.sources.ceph.samples import GIB

VMS = 'csv:ceph1/vms'
EXACT = Settings(workers=1, reserved_step_gb=1)
VOLUME = ids.volume_uuid(samples.CLUSTER,
                         document.volume_guid(samples.FSID, 'vms'))


@pytest.fixture
def site(placement, tmp_path):
    return Site(placement, tmp_path)


class Site(clouds.Cloud):
    """Two nodes that report 1000 GB each, and the files of a source.

    With pools these are raw bytes: 500 GiB with two replicas.
    """

    def __init__(self, placement, folder):
        super().__init__(placement)
        self.register('kvm01', 'kvm02', disk_gb=1000)
        self._folder = folder

    def write(self, **files):
        for name, content in files.items():
            path = self._folder / name.replace('_', '.')
            path.write_text(content if isinstance(content, str)
                            else json.dumps(content))

    def load(self, *clusters):
        path = self._folder / 'ceph.yaml'
        path.write_text(json.dumps({
            'version': 2, 'clusters': list(clusters)}))
        return sources.load(str(path), 'ceph')

    def disk(self, name=VMS):
        return self.state()[name][1]['DISK_GB']


def test_a_pool_is_counted_once(site):
    site.write(df_json=samples.df())
    site.sync(site.load(samples.cluster()))
    disk = site.disk()
    # 100 GiB are other tenants': nobody says whose they are.
    assert (disk.total, disk.max_unit) == (500, 500)
    assert site.hosts(300) == {'kvm01', 'kvm02'}
    site.create(300)
    assert site.hosts(300) == set()


def test_other_tenants_are_reserved_and_servers_are_not(site):
    """Of 100 GiB stored, 20 are those of a server with a share of 50."""
    site.write(df_json=samples.df(), du_json=samples.du())
    facts = site.load(samples.cluster(samples.of_pool(du='du.json')))
    site.sync(facts, EXACT)
    assert site.disk().reserved == 100
    candidate = site.candidates(50)[0]
    site.allocate(samples.SERVER, candidate['allocations'])
    site.sync(facts, EXACT)
    assert site.disk().reserved == 80


def test_a_quota_bounds_the_pool(site):
    site.write(df_json=samples.df(samples.pool(quota_bytes=300 * GIB)))
    site.sync(site.load(samples.cluster()))
    assert site.disk().total == 300


def test_raw_bytes_are_not_believed(site):
    """They are what the nodes report, and more than a pool can store."""
    site.write(df_json=samples.df(samples.pool(
        stored_gb=200, available_gb=800)))
    result = site.reconciler().sync(site.load(samples.cluster()), True)
    assert VMS not in site.state()
    text = ' '.join(map(str, result.plan.all_findings))
    assert '1000' in text


def erasure_coded(available_gb, **fields):
    """4+2: of 1000 GB raw bytes about 660 can be stored."""
    return samples.df(samples.pool(available_gb=available_gb, **fields))


def of_erasure_code(site, available_gb):
    site.write(df_json=erasure_coded(available_gb))
    return site.load(samples.cluster(samples.of_pool(raw_percent=150)))


def test_a_pool_that_needs_fewer_raw_bytes_says_how_many(site):
    """It grows with everything that is deleted: no command is run then."""
    for available_gb in (500, 540, 520, 560):
        facts = of_erasure_code(site, available_gb)
        assert facts.problems == ()
        result = site.reconciler().sync(facts, True)
        assert result.plan.all_findings == ()
        assert site.disk().total == 100 + available_gb
    _plan, observed = site.reconciler().plan(facts)
    assert not list(sizes.contradictions(observed, facts))


def test_nor_does_such_a_pool_store_more_than_there_is(site):
    site.sync(of_erasure_code(site, 560))
    result = site.reconciler().sync(of_erasure_code(site, 570), True)
    refusal, = result.plan.all_findings
    assert '150 raw bytes for each 100' in refusal.message
    assert 'twice' not in refusal.message
    assert site.disk().total == 660
    assert names.NO_NEW_DISKS in site.state()[VMS][2]


def test_a_pool_of_three_replicas_among_others_is_believed(site):
    """Nova reports the raw bytes of all pools: 20 times as much here."""
    site.register('kvm03', 'kvm04', disk_gb=10000)
    cluster = samples.cluster()
    cluster['nodes'] = [{'name': 'kvm03'}, {'name': 'kvm04'}]
    site.write(df_json=samples.df())
    site.sync(site.load(cluster))
    assert site.disk().total == 500
    assert site.hosts(300) >= {'kvm03', 'kvm04'}


def test_raw_bytes_do_not_make_a_published_pool_grow(site):
    site.write(df_json=samples.df())
    site.sync(site.load(samples.cluster()))
    site.write(df_json=samples.df(samples.pool(
        stored_gb=200, available_gb=800)))
    site.reconciler().sync(site.load(samples.cluster()), True)
    assert site.disk().total == 500
    assert names.NO_NEW_DISKS in site.state()[VMS][2]


def test_a_pool_that_is_full_takes_nothing_new(site):
    site.write(df_json=samples.df())
    site.sync(site.load(samples.cluster()))
    site.write(df_json=samples.df(samples.pool(
        stored_gb=500, available_gb=0)))
    site.sync(site.load(samples.cluster()))
    assert site.hosts(1) == set()


@pytest.mark.parametrize('broken', ['', '{"pools": [', samples.df(
    samples.pool('vms-new'))])
def test_what_stands_is_kept_while_the_numbers_are_not_known(site, broken):
    site.write(df_json=samples.df())
    site.sync(site.load(samples.cluster()))
    before = site.state()[VMS][1]
    site.write(df_json=broken)
    site.sync(site.load(samples.cluster()))
    assert site.state()[VMS][1] == before


def test_a_renamed_pool_stays_what_it_is(site):
    site.write(df_json=samples.df())
    site.sync(site.load(samples.cluster()))
    site.create(50)
    site.write(df_json=samples.df(samples.pool('vms-new')))
    site.sync(site.load(samples.cluster(samples.of_pool(
        pool='vms-new', formerly='vms'))))
    state = site.state()
    assert VMS not in state
    assert state['csv:ceph1/vms-new'][0] == VOLUME
    assert state['csv:ceph1/vms-new'][4]['DISK_GB'] == 50


def line(node, export=samples.EXPORT, **fields):
    return samples.line(node, export, at=datetime.datetime.now(
        datetime.timezone.utc), **fields)


def export_of(site, *lines):
    site.write(exp1_jsonl='\n'.join(lines))
    return site.load(samples.cluster(samples.of_export(), name='nfs1',
                                     driver='libvirt-file'))


def test_an_export_on_half_the_nodes_serves_those_only(site):
    site.sync(export_of(site, line('kvm01'), line('kvm02')))
    assert site.disk('csv:nfs1/exp1').total == 500
    assert site.hosts(10) == {'kvm01', 'kvm02'}
    site.sync(export_of(site, line('kvm01'), line('kvm02', None, blocks=20)))
    assert site.hosts(10) == {'kvm01'}
    volume = site.state()['csv:nfs1/exp1'][0]
    assert names.cut_off_trait(volume) in site.state()['kvm02'][2]
    assert site.disk('csv:nfs1/exp1').total == 500


def test_the_example_is_a_source(site, tmp_path):
    site.write(**{'ceph-df_json': samples.df(), 'rbd-du-vms_json':
                  samples.du(), 'quota-vms_json': {
                      'pool_name': 'vms', 'quota_max_bytes': 0}},
               exp1_jsonl=samples.line('kvm11', blocks=900))
    path = tmp_path / 'ceph.yaml'
    path.write_text((EXAMPLES / 'ceph.yaml.sample').read_text())
    facts = sources.load(str(path), 'ceph')
    assert [str(problem) for problem in facts.problems] == []
    assert [volume.total_gb for cluster in facts.clusters
            for volume in cluster.volumes] == [500, 900]


def test_a_source_that_is_not_there_is_named(tmp_path):
    path = os.path.join(tmp_path, 'none.yaml')
    with pytest.raises(exception.InvalidFacts, match='none.yaml: '):
        sources.load(path, 'ceph')


def test_it_has_no_answers_of_windows_nodes(tmp_path):
    with pytest.raises(exception.InvalidFacts, match='no answers of nodes'):
        sources.answers(str(tmp_path), 'ceph')
