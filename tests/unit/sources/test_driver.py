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

"""Which driver a source says a cluster's nodes run."""

import pytest

from hv_sched import drivers
from hv_sched.sources import facts
from hv_sched.sources import static
from tests.unit.sources import samples


def _document(*clusters):
    return {**samples.document(*clusters), 'version': 2}


def _only(**fields):
    return samples.read(_document(samples.cluster(**fields)))


def _refusals(**fields):
    """What is said of a cluster that is not used, beside one that is."""
    other = samples.cluster(
        name='c2', guid=samples.CLUSTER[:-1] + '2',
        nodes=[{'name': 'kvm91'}],
        volumes=[samples.volume(guid=samples.VOLUME_1[:-1] + '9')])
    facts_read = samples.read(
        _document(samples.cluster(**fields), other))
    assert [cluster.name for cluster in facts_read.clusters] == ['c2']
    assert all(problem.freezes for problem in facts_read.problems
               if 'driver' in problem.where)
    return [str(problem) for problem in facts_read.problems]


@pytest.mark.parametrize('driver', drivers.DRIVERS,
                         ids=[driver.name for driver in drivers.DRIVERS])
def test_a_cluster_has_the_driver_the_source_names(driver):
    assert _only(driver=driver.name).clusters[0].driver is driver


def test_a_cluster_of_which_no_driver_is_said_is_one_of_hyper_v():
    assert _only().clusters[0].driver is drivers.DEFAULT


def test_the_same_in_yaml():
    text = '\n'.join((
        'version: 2', 'clusters:', f'- guid: {samples.CLUSTER}',
        '  name: c1', '  driver: libvirt-rbd', '  nodes: [{name: kvm1}]',
        '  volumes:', '  - name: vms', f'    guid: {samples.VOLUME_1}',
        '    size_gb: 500', ''))
    read = facts.read([facts.Document('a.yaml', static.parse(text))])
    assert read.problems == ()
    assert read.clusters[0].driver is drivers.of('libvirt-rbd')


@pytest.mark.parametrize('value', ['libvirt-rdb', 'kvm', '', 7, True,
                                   ['hyperv'], 'HyperV'])
def test_a_driver_that_is_not_known_is_refused_with_its_value(value):
    """Taken for Hyper-V, its disks would be counted wrongly."""
    refusal = _refusals(driver=value)[0]
    assert refusal.startswith('a.yaml: clusters[0].driver: driver of cluster '
                              '\'c1\' is ')
    assert facts.naming.shown(value) in refusal


def test_a_driver_that_is_misspelt_is_told_what_was_meant():
    refusal, = _refusals(driver='libvirt-rdb')
    assert 'one of hyperv, libvirt-file, libvirt-rbd' in refusal
    assert refusal.endswith('Did you mean \'libvirt-rbd\'?')


def test_a_field_that_was_meant_to_be_the_driver_is_no_note():
    """A cluster of libvirt would pass for one of Hyper-V."""
    refusal, = _refusals(drivr='libvirt-rbd')
    assert 'unknown field \'drivr\'; did you mean \'driver\'?' in refusal


def test_version_1_has_no_driver_and_takes_none():
    document = samples.document(samples.cluster(driver='libvirt-rbd'))
    document['version'] = 1
    with_other = samples.document(samples.cluster(
        name='c2', guid=samples.CLUSTER[:-1] + '2',
        nodes=[{'name': 'kvm91'}],
        volumes=[samples.volume(guid=samples.VOLUME_1[:-1] + '9')]))
    read = samples.read(document, with_other)
    assert [cluster.name for cluster in read.clusters] == ['c2']
    assert 'give that version' in str(read.problems[0])


@pytest.mark.parametrize(('driver', 'is_one'), [
    ('hyperv', True), ('libvirt-file', False), ('libvirt-rbd', False)])
def test_the_case_of_a_pool_matters_to_libvirt_only(driver, is_one):
    read = _only(driver=driver, nodes=[{'name': 'n1', 'home': 'VMS'}],
                 volumes=[samples.volume('vms')])
    assert (read.problems == ()) == is_one
    if not is_one:
        assert 'did you mean \'vms\'?' in str(read.problems[0])


def test_pools_that_differ_in_case_only_are_refused_with_both_names():
    """MariaDB, below Placement, takes their providers' names for one."""
    read = _only(driver='libvirt-rbd', nodes=[{'name': 'n1', 'home': 'vms'}],
                 volumes=[samples.volume('vms'),
                          samples.volume('VMS', samples.VOLUME_2)])
    assert read.clusters[0].volumes == ()
    text = ' '.join(map(str, read.problems))
    assert '\'vms\'' in text and '\'VMS\'' in text
    assert 'Placement\'s database may ignore case' in text
