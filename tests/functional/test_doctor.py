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

"""Each trap, made on a real Placement: found while it is there, silent else.

Every test begins with a cloud that has none of them.
"""

import contextlib
import dataclasses
import datetime
import itertools
import uuid

import pytest

from hv_sched import drivers
from hv_sched import exception
from hv_sched import model
from hv_sched.conf import nova_conf
from hv_sched.doctor import checks
from hv_sched.doctor import evidence
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.notices import Severity
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reconcile
from tests.functional import cloud as clouds
from tests.functional import looked_at
from tests.functional import other_services

V1 = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(1))
V2 = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(2))
UEFI = 'COMPUTE_SECURITY_UEFI_SECURE_BOOT'
GOOD_CONF = '''
[filter_scheduler]
available_filters = nova.scheduler.filters.all_filters
available_filters = hv_sched.filters.all_filters
enabled_filters = ComputeFilter,HyperVFeatureFilter,SharedVolumeFilter
weight_classes = nova.scheduler.weights.all_weighers,
  hv_sched.weighers.all_weighers
disk_weight_multiplier = 0.0
[placement]
timeout = 60
'''


class Cloud(looked_at.Cloud):
    """Two nodes on each of two volumes, one KVM host; nothing is wrong."""

    DRIVER = drivers.DEFAULT

    def __init__(self, placement):
        self.facts = clouds.facts(clouds.cluster(
            volumes=(clouds.volume(1), clouds.volume(2)), driver=self.DRIVER,
            nodes=tuple(clouds.node(n, 1 if n < 3 else 2)
                        for n in range(1, 5))))
        super().__init__(placement)
        self.clock = reconcile.utcnow

    def _build(self):
        super()._build()
        for name in self.nodes:
            self.change_traits(name, add={UEFI})
        self.sync(self.facts)

    def change_inventory(self, name, rc='DISK_GB', **fields):
        generation, now = self.api.inventories(self.uuid_of(name))
        self.api.set_inventories(self.uuid_of(name), generation, {
            **now, rc: dataclasses.replace(now[rc], **fields)})

    def examine(self, **given):
        adapters = {'Nova': self.nova.adapter('compute'),
                    'Glance': self.glance.adapter('image')}
        nova, glance = other_services.clients(self.nova, self.glance)
        gatherer = gather.Gatherer(
            gather.Clients(self.api, nova, glance, adapters),
            self.reconciler(), clock=self.clock)
        return runner.run(checks.CHECKS, gatherer.gather(
            gather.DoctorInputs(**given)))

    def found(self, **given):
        """(code, subject) of everything but information."""
        return {(one.check.code, one.symptom.subject)
                for one in self.examine(**given)[0]
                if one.severity is not Severity.INFO}

    def codes(self, **given):
        return {code for code, _subject in self.found(**given)}

    def told(self, code, **given):
        """Evidence by subject."""
        return {one.symptom.subject: one.symptom.evidence
                for one in self.examine(**given)[0]
                if one.check.code == code}

    @contextlib.contextmanager
    def only(self, *expected, **given):
        """Nothing was wrong; what the block does is all there is then."""
        assert self.found(**given) == set()
        yield
        assert self.found(**given) == set(expected)


@pytest.fixture
def cloud(placement):
    made = Cloud(placement)
    with other_services.running(made.nova, made.glance):
        yield made


def conf(tmp_path, text, read=nova_conf.read_nova):
    path = tmp_path / 'some.conf'
    path.write_text(text)
    return read([str(path)])


def test_the_disk_of_a_node(cloud):
    # A node with neither VCPU nor memory left is in no bulk answer.
    for _share in range(4):
        cloud.allocate(str(uuid.uuid4()), {cloud.nodes['hv01']: {
            'resources': {'VCPU': 64, 'MEMORY_MB': 65408}}})
    assert 'hv01' not in cloud.hosts(1)
    with cloud.only(('ratio-undone', 'hv01'), ('node-open', 'hv02')):
        # What nova-compute writes when its nova.conf sets the ratio.
        cloud.change_inventory('hv01', allocation_ratio=1.5)
        cloud.change_inventory('hv02', allocation_ratio=1.0)
        cloud.change_traits('hv02',
                            remove={'CUSTOM_CSV_FORMER_RATIO_1_0'})
    assert '750 GB' in cloud.told('ratio-undone')['hv01']
    cloud.own_disk('hv02', 100)
    assert '100 GB' in cloud.told('shares-on-node')['hv02']


def test_a_ratio_in_a_nodes_nova_conf(cloud, tmp_path):
    assert cloud.codes(compute_conf=conf(
        tmp_path, '[DEFAULT]\ninitial_disk_allocation_ratio = 2\n')) == set()
    assert cloud.codes(compute_conf=conf(
        tmp_path, '[DEFAULT]\ndisk_allocation_ratio = 1.0\n')) == {
        'ratio-configured'}


def test_a_volume_in_the_aggregate_of_a_zone(cloud):
    zone = cloud.nova.zone('z1')
    for name in ('hv01', 'kvm1'):
        cloud.change_aggregates(name, add={zone})
    with cloud.only(('volume-leaks', 'csv:hvc1/Volume1')):
        cloud.change_aggregates(V1, add={zone})
    told = cloud.told('volume-leaks')['csv:hvc1/Volume1']
    assert 'availability zone z1' in told and 'kvm1' in told
    assert 'hv01' not in told, 'it is at home there'
    cloud.nova.refuse = '403 Forbidden'
    assert zone in cloud.told('volume-leaks')['csv:hvc1/Volume1']


def test_a_volume_a_reshape_wiped(cloud):
    with cloud.only(('volume-wiped', 'csv:hvc1/Volume2')):
        generation, _now = cloud.api.inventories(V2)
        cloud.api.set_inventories(V2, generation, {})
    cloud.sync(cloud.facts)
    assert cloud.found() == set()


def test_an_adopt_that_was_interrupted(cloud):
    """Its volumes have inventory and shares; traits and aggregates go last."""
    cloud.create(100, host='hv01')
    with cloud.only(('adopt-interrupted', 'hvc1')):
        for volume in (V1, V2):
            generation, now = cloud.api.aggregates(volume)
            cloud.api.set_aggregates(volume, generation, frozenset())
            cloud.change_traits(volume, remove={
                'CUSTOM_HYPERV_CSV', 'MISC_SHARES_VIA_AGGREGATE'})
    assert cloud.told('adopt-interrupted')['hvc1'] == (
        'no node reaches csv:hvc1/Volume1, csv:hvc1/Volume2, on which '
        'servers hold 100 GB; "openstack resource provider csv adopt '
        '--cluster hvc1" finishes it, or "csv retire --cluster hvc1" if that '
        'was interrupted')
    diagnosis, = (one for one in cloud.examine()[0]
                  if one.check.code == 'adopt-interrupted')
    assert '"csv adopt" again' in diagnosis.check.remedy
    cloud.sync(cloud.facts)
    assert cloud.found() == set()


def test_a_volume_of_somebody_else_is_no_interrupted_adopt(cloud):
    with cloud.only():
        cloud.api.create_provider(clouds.guid(99), 'csv:theirs/Volume1')
        cloud.api.set_inventories(clouds.guid(99), 0, {
            'DISK_GB': Inventory(100)})


def test_a_volume_with_more_than_it_holds(cloud):
    cloud.create(400, host='hv01')
    with cloud.only(('over-capacity', 'csv:hvc1/Volume1')):
        cloud.change_inventory(V1, reserved=200)
    severities = []
    for newest in ('2.104', '2.95'):
        cloud.nova.answers['/']['version']['version'] = newest
        severities += [one.severity for one in cloud.examine()[0]
                       if one.check.code == 'over-capacity']
    assert severities == [Severity.WARNING, Severity.ERROR]


class FileCloud(Cloud):
    DRIVER = drivers.of('libvirt-file')


class PoolCloud(Cloud):
    DRIVER = drivers.of('libvirt-rbd')


@pytest.mark.parametrize('kind', [FileCloud, PoolCloud])
def test_nothing_is_wrong_with_clusters_of_other_drivers(placement, kind):
    assert kind(placement).found() == set()


def test_lost_traits(cloud):
    with cloud.only(('traits-lost', 'hv01'),
                    ('traits-lost', 'csv:hvc1/Volume2')):
        generation, _now = cloud.api.traits(cloud.nodes['hv01'])
        cloud.api.set_traits(cloud.nodes['hv01'], generation, frozenset(
            ('COMPUTE_NODE', UEFI)))
        cloud.change_traits(V2, remove={'MISC_SHARES_VIA_AGGREGATE'})
    assert 'CUSTOM_HYPERV_CLUSTERED' in cloud.told('traits-lost')['hv01']
    cloud.sync(cloud.facts)
    assert cloud.found() == set()
    cloud.change_traits(V1, remove=home_traits.traits_of(
        [cloud.nodes['hv02']]))
    assert 'does not name it' in cloud.told('traits-lost')['hv02']


def test_a_node_that_does_not_reach_a_volume(cloud):
    with cloud.only(('node-cut-off', 'csv:hvc1/Volume2')):
        cloud.change_traits('hv01', add={names.cut_off_trait(V2)})
    assert cloud.told('node-cut-off') == {
        'csv:hvc1/Volume2': 'not reached by hv01'}


def test_secure_boot_that_is_asked_in_vain(cloud, tmp_path):
    on = conf(tmp_path, GOOD_CONF)
    off = conf(tmp_path, GOOD_CONF
               + '[hv_sched]\nrequest_filter_features = false\n')
    assert cloud.codes(nova_conf=off) == {'request-filter-off'}
    cloud.change_traits('hv03', remove={UEFI})
    assert cloud.codes(nova_conf=on) == set()
    assert ('secure-boot-unreported', '1 nodes') in cloud.found(
        nova_conf=off)


def test_traits_that_placement_forgot(placement):
    """Published by hand, without the vocabulary."""
    made = clouds.Cloud(placement)
    made.api.ensure_trait('CUSTOM_HYPERV_CSV')
    made.api.ensure_resource_class('CUSTOM_CSV_HELD_DISK_GB')
    made.api.create_provider(V1, 'csv:hvc1/Volume1')
    generation = made.api.set_inventories(V1, 0, {
        'DISK_GB': Inventory(500),
        'CUSTOM_CSV_HELD_DISK_GB': Inventory(2147483647)})
    made.api.set_traits(V1, generation, frozenset(
        ('CUSTOM_HYPERV_CSV', 'MISC_SHARES_VIA_AGGREGATE')))
    nova, glance = other_services.Nova(), other_services.Glance()
    with other_services.running(nova, glance):
        found, _skipped = runner.run(checks.CHECKS, gather.Gatherer(
            gather.Clients(made.api, *other_services.clients(nova, glance)),
            made.reconciler()).gather(gather.DoctorInputs()))
    assert {one.symptom.subject for one in found
            if one.check.code == 'trait-unknown'} == {
        'CUSTOM_CSV_NO_NEW_DISKS', 'CUSTOM_HYPERV_PAUSED',
        'csv:hvc1/Volume1'}


def test_more_candidates_than_the_scheduler_asks_for(cloud, tmp_path):
    few = conf(tmp_path, GOOD_CONF
               + '[scheduler]\nmax_placement_results = 4\n')
    enough = conf(tmp_path, GOOD_CONF
                  + '[scheduler]\nmax_placement_results = 5\n')
    assert cloud.codes(nova_conf=enough) == set()
    assert cloud.codes(nova_conf=few) == {'results-cut'}
    assert '4 of 5 hosts' in cloud.told('results-cut', nova_conf=few)[
        '[scheduler]max_placement_results']


def test_no_room_to_restart_the_largest_node(cloud):
    with cloud.only(('no-restart-room', 'hvc1')):
        # All memory of hv01, while the others have less left than that.
        cloud.allocate(str(uuid.uuid4()), {cloud.nodes['hv01']: {
            'resources': {'MEMORY_MB': 200000, 'VCPU': 60}}})
        for name in ('hv02', 'hv03', 'hv04'):
            cloud.allocate(str(uuid.uuid4()), {cloud.nodes[name]: {
                'resources': {'MEMORY_MB': 199000, 'VCPU': 60}}})
    told = cloud.told('no-restart-room')['hvc1']
    assert 'hv01' in told
    lacking = 200000 - 3 * (262144 - 512 - 199000)
    assert f'{lacking} MB of memory' in told
    assert 'VCPU' not in told, '3 x 196 are left for 60'


def test_disk_where_a_volume_has_one_node_only(cloud):
    """Nova would evacuate to another volume, which must have the room."""
    alone = clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        nodes=(clouds.node(1, 1), *(clouds.node(n, 2) for n in (2, 3, 4)))))
    cloud.sync(alone)
    cloud.create(300, host='hv01')
    assert cloud.codes() == set()
    cloud.create(250, host='hv02')
    assert '50 GB of disk' in cloud.told('no-restart-room')['hvc1']


def test_conflict_retries_on_a_busy_volume(cloud, tmp_path):
    def placement_conf(text):
        return conf(tmp_path, text, nova_conf.read_placement)

    assert cloud.codes(placement_conf=placement_conf('')) == set()
    one = placement_conf('[placement]\nallocation_conflict_retry_count = 1\n')
    assert cloud.found(placement_conf=one) == {
        ('conflict-retries', 'csv:hvc1/Volume1'),
        ('conflict-retries', 'csv:hvc1/Volume2')}


@pytest.mark.parametrize('change,code', [
    (('HyperVFeatureFilter,SharedVolumeFilter',
      'SharedVolumeFilter,HyperVFeatureFilter'), 'filter-order'),
    ((',SharedVolumeFilter', ''), 'filter-missing'),
    (('available_filters = hv_sched.filters.all_filters', ''),
     'filter-missing'),
    (('available_filters = nova.scheduler.filters.all_filters', ''),
     'plugins-not-loaded'),
    (('available_filters = hv_sched.filters.all_filters',
      'available_filters = hv_sched.filters.all_filters\n'
      'available_filters = hv_sched.filters.all_filter'),
     'plugins-not-loaded'),
    (('available_filters = hv_sched.filters.all_filters',
      'available_filters = hv_sched.filters.all_filters,nova.x'),
     'plugins-not-loaded'),
    (('hv_sched.weighers.all_weighers',
      'hv_sched.weighers.all_weighers,hv_sched.weighers.all_weigher'),
     'plugins-not-loaded'),
    (('HyperVFeatureFilter,', ''), 'feature-filter-missing'),
    ((',\n  hv_sched.weighers.all_weighers', ''), 'weighers-missing'),
    (('disk_weight_multiplier = 0.0', ''), 'disk-weigher'),
    (('[filter_scheduler]', '[hv_sched]\nrequest_filter_moves = false\n'
      '[filter_scheduler]'), 'request-filter-off'),
    (('[filter_scheduler]', '[hv_sched]\nscheduler_enabled = false\n'
      '[filter_scheduler]'), 'request-filter-off'),
    (('timeout = 60', ''), 'placement-timeout')])
def test_what_a_nova_conf_must_say(tmp_path, change, code):
    """Parsing only; Placement has no part in it."""
    def codes(text):
        found = conf(tmp_path, text)
        return {one.code for one in checks.CHECKS
                if one.needs == ('nova_conf',)
                and one.code != 'secure-boot-unreported'  # of nodes, too
                and list(one.find(_with(nova_conf=found)))}

    assert codes(GOOD_CONF) == set()
    assert codes(GOOD_CONF.replace(*change)) == {code}


def test_filters_may_come_from_somebody_elses_list(tmp_path):
    """Nobody but nova-scheduler knows what is in it."""
    theirs = conf(tmp_path, GOOD_CONF.replace(
        'nova.scheduler.filters.all_filters', 'theirs.filters.all_filters'))
    check, = (check for check in checks.CHECKS
              if check.code == 'plugins-not-loaded')
    assert list(check.find(_with(nova_conf=theirs))) == []


def _with(**fields):
    return evidence.DoctorEvidence(placement=None, **fields)


def test_a_folder_of_configuration_files_is_read_in_order(tmp_path):
    (tmp_path / '00-base.conf').write_text(GOOD_CONF)
    (tmp_path / '10-mine.conf').write_text(
        '[filter_scheduler]\ndisk_weight_multiplier = 2\n')
    read = nova_conf.read_nova([str(tmp_path)])
    assert read.filter_scheduler.disk_weight_multiplier == 2
    assert read.filter_scheduler.enabled_filters[-1] == 'SharedVolumeFilter'


@pytest.mark.parametrize('text,words', [
    ('[filter_scheduler\n', 'some.conf'),
    ('[scheduler]\nmax_placement_results = many\n', 'max_placement_results'),
    ('[hv_sched]\nunmarked_images = windows\n', 'unmarked_images')])
def test_a_nova_conf_that_cannot_be_read_is_named(tmp_path, text, words):
    with pytest.raises(exception.InvalidConfig, match=words):
        conf(tmp_path, text)
    with pytest.raises(exception.InvalidConfig, match='nowhere.conf'):
        nova_conf.read_nova(['/nowhere.conf'])


def test_releases(cloud):
    assert cloud.codes() == set()
    for newest, expected in (('2.95', set()), ('2.93', {'nova-release'}),
                             ('2.110', {'nova-release'})):
        cloud.nova.answers['/']['version']['version'] = newest
        assert cloud.codes() == expected, newest
    cloud.nova.answers['/']['version']['version'] = '2.96'
    assert 'Placement' in cloud.told('placement-rewrites')
    version = {'versions': [{'id': 'v1.0', 'max_version': '1.38',
                             'min_version': '1.0'}]}
    cloud.placement.service.before = lambda environ: (
        ('200 OK', version)
        if environ['PATH_INFO'].strip('/') in ('', 'placement') else None)
    assert cloud.codes() == {'placement-release'}


def test_clocks(cloud):
    def ahead(seconds):
        return (reconcile.utcnow() + datetime.timedelta(
            seconds=seconds)).strftime('%a, %d %b %Y %H:%M:%S GMT')

    cloud.nova.date, cloud.glance.date = ahead(0), ahead(2)
    with cloud.only(('clock-skew', 'Glance')):
        cloud.glance.date = ahead(90)
    cloud.nova.date = cloud.glance.date = ahead(0)
    cloud.clock = lambda: (reconcile.utcnow()
                           - datetime.timedelta(seconds=60))
    assert cloud.found() == {('clock-skew', 'this machine')}
    assert 'behind' in cloud.told('clock-skew')['this machine']


def test_facts_that_are_old_and_a_source_that_differs(cloud):
    now = reconcile.utcnow()
    fresh = clouds.facts(dataclasses.replace(
        cloud.facts.clusters[0], collected_at=now))
    old = clouds.facts(dataclasses.replace(
        cloud.facts.clusters[0],
        collected_at=now - datetime.timedelta(hours=3)))
    assert cloud.codes(facts=fresh, stale_after=3600) == set()
    assert 'facts-stale' in cloud.codes(facts=old, stale_after=3600)
    paused = clouds.facts(dataclasses.replace(
        fresh.clusters[0], nodes=(
            clouds.node(1, 1, state=model.NodeState.PAUSED),
            *fresh.clusters[0].nodes[1:])))
    assert cloud.found(facts=paused) == {('drift', 'hvc1')}
    unknown = clouds.facts(dataclasses.replace(
        fresh.clusters[0], nodes=(*fresh.clusters[0].nodes,
                                  clouds.node(9, 1))))
    assert 'left-undone' in cloud.codes(facts=unknown)


def test_hyperv_nodes_that_are_in_no_cluster(cloud):
    cloud.nova.answers['/os-hypervisors/detail']['hypervisors'] = [
        {'id': cloud.nodes['kvm1'], 'hypervisor_hostname': 'kvm1',
         'hypervisor_type': 'hyperv', 'service': {'host': 'kvm1'}}]

    def severities(nodes=cloud.facts.clusters[0].nodes, standalone=()):
        facts = dataclasses.replace(clouds.facts(dataclasses.replace(
            cloud.facts.clusters[0], nodes=nodes)), standalone=standalone)
        return {one.symptom.subject: (one.severity, one.symptom.evidence)
                for one in cloud.examine(facts=facts)[0]
                if one.check.code == 'node-unlisted'}

    assert severities() == {'kvm1': (
        Severity.INFO, 'no cluster of the source lists it')}
    assert severities(standalone=('KVM1',)) == {}
    severity, evidence = severities((
        *cloud.facts.clusters[0].nodes, model.Node('kvm1.corp.example')
    )).get('kvm1', (None, None))
    assert severity is None, 'it is taken for that node'
    severity, evidence = severities(tuple(
        node for node in cloud.facts.clusters[0].nodes
        if node.name != 'hv04')).get('hv04', (None, None))
    assert severity is None, 'it uses a volume still'
    cloud.change_traits('kvm1', add={'CUSTOM_HYPERV_CLUSTERED'})
    severity, evidence = severities(standalone=('kvm1',))['kvm1']
    assert severity is Severity.WARNING
    assert 'it has CUSTOM_HYPERV_CLUSTERED' in evidence


def test_a_cluster_the_source_no_longer_names(cloud):
    other = dataclasses.replace(
        cloud.facts.clusters[0], guid=clouds.guid(77), name='hvc2',
        nodes=(), volumes=())
    assert cloud.told('cluster-not-in-source',
                      facts=clouds.facts(other)) == {
        'hvc1': '2 volumes of it stand in Placement, and the source does '
        'not name it'}
    renamed = dataclasses.replace(cloud.facts.clusters[0], name='hvc9')
    unusable = model.Facts((), (model.Problem('hvc1', 'nodes', 'wrong'),))
    for facts in (cloud.facts, clouds.facts(renamed), unusable):
        assert not cloud.told('cluster-not-in-source', facts=facts)


class Watching:
    """The time while doctor watches: something happens between two looks.

    :param happens: called each time doctor sleeps
    """

    def __init__(self, happens):
        self._happens = happens
        self._now = 0.0

    def monotonic(self):
        return self._now

    def sleep(self, seconds):
        self._now += seconds
        self._happens()


def test_two_agents_that_write_against_each_other(cloud, monkeypatch):
    """Two syncs with different sources, as two agents would make them."""
    sources = itertools.cycle(clouds.facts(dataclasses.replace(
        cloud.facts.clusters[0], volumes=(
            clouds.volume(1, accepts_new_disks=accepts), clouds.volume(2))))
        for accepts in (False, True))
    monkeypatch.setattr(gather, 'time', Watching(lambda: None))
    assert cloud.codes(watch=10) == set()
    monkeypatch.setattr(gather, 'time', Watching(
        lambda: cloud.sync(next(sources), full=False)))
    found = cloud.found(watch=10)
    assert ('agents-fight', 'csv:hvc1/Volume1') in found


def test_one_change_while_it_is_watched_is_no_fight(cloud, monkeypatch):
    additions = [{'CUSTOM_CSV_NO_NEW_DISKS'}]

    def change():
        while additions:
            cloud.change_traits(V1, add=additions.pop())
    monkeypatch.setattr(gather, 'time', Watching(change))
    assert 'agents-fight' not in cloud.codes(watch=10)
    assert additions == []


def test_flavors_and_images(cloud):
    cloud.nova.flavor('good', os__secure_boot='required')
    cloud.nova.flavor('gpu', **{'os__resolution': '1024x768'})
    cloud.glance.image('good', hw_machine_type='hyperv-gen2',
                       os_type='windows', os_secure_boot='required',
                       os_vtpm='required')
    assert cloud.found() == set()
    assert 'flavor gpu' in cloud.told('keys-refused')
    assert 'os_vtpm' in ' '.join(cloud.told('keys-dropped').values())
    cloud.nova.flavor('monitors', **{'os__resolution': '2560x1600',
                                     'os__monitors': '5'})
    bad = cloud.glance.image('bad', hw_machine_type='hyperv-gen2',
                             os_type='linux', os_shielded_vm='required')
    assert cloud.found() == {
        ('flavor-contradicts', 'flavor monitors'),
        ('image-contradicts', f'image bad ({bad["id"]})')}


def test_keys_that_nobody_reads(cloud, tmp_path):
    image = cloud.glance.image('safe', hw_machine_type='hyperv-gen2',
                               os_type='windows', os_secure_boot='required',
                               os_vtpm='required')
    good = conf(tmp_path, GOOD_CONF)
    bare = conf(tmp_path, '')
    subject = ('keys-dropped', f'image safe ({image["id"]})')
    assert subject not in cloud.found(nova_conf=good)
    assert subject in cloud.found(nova_conf=bare)


def test_each_of_several_schedulers_has_a_configuration(cloud, tmp_path):
    good = conf(tmp_path, GOOD_CONF)

    def runs(*hosts, state='up'):
        cloud.nova.answers['/os-services'] = {'services': [
            {'id': host, 'host': host, 'binary': 'nova-scheduler',
             'status': 'enabled', 'state': state} for host in hosts]}
    runs('ctl1')
    assert not cloud.told('schedulers-several', nova_conf=good)
    runs('ctl1', 'ctl2')
    assert 'ctl1, ctl2' in cloud.told(
        'schedulers-several', nova_conf=good)['nova-scheduler']
    runs('ctl1', 'ctl2', state='down')
    assert not cloud.told('schedulers-several', nova_conf=good)


def test_what_is_not_given_is_skipped_and_what_fails_is_said(cloud):
    _found, skipped = cloud.examine()
    assert not any(one.failed for one in skipped)
    assert {one.reason for one in skipped} == {
        'give --nova-conf', 'give --compute-conf', 'give --source',
        'give --watch'}
    cloud.glance.refuse = '403 Forbidden'
    cloud.nova.refuse = '503 Service Unavailable'
    cloud.change_inventory('hv01', allocation_ratio=1.0)
    found, skipped = cloud.examine()
    assert 'ratio-undone' in {one.check.code for one in found}
    failed = {code for one in skipped if one.failed for code in one.codes}
    assert {'nova-release', 'image-contradicts',
            'flavor-contradicts'} <= failed
    assert any('policy says no' in one.reason for one in skipped if one.failed)


def test_every_check_has_its_own_code_and_a_remedy():
    codes = [one.code for one in checks.CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(one.remedy.endswith('.') and one.trap.endswith('.')
               for one in checks.CHECKS)
