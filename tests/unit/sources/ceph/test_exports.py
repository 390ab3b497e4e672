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

"""A shared directory as its nodes report it."""

import datetime

import pytest

from hv_sched import model
from tests.unit.sources.ceph import samples
from tests.unit.sources.ceph.samples import GIB
from tests.unit.sources.ceph.samples import line

HOUR = datetime.timedelta(hours=1)
OTHER = samples.EXPORT[:-1] + '2'


def read(*lines, **fields):
    cluster, = samples.read(
        samples.cluster(samples.of_export(), driver='libvirt-file', **fields),
        files=samples.Files(exp1_jsonl='\n'.join(lines))).clusters
    return cluster


def failure(*lines):
    cluster = read(*lines)
    assert cluster.volumes == ()
    return cluster.sections[model.Section.VOLUMES].error


def test_a_directory_has_the_numbers_of_the_newest_line():
    later = samples.AT + HOUR / 2
    cluster = read(line('kvm01'), line('kvm02', available=300, at=later))
    volume, = cluster.volumes
    assert (volume.guid, volume.size_bytes, volume.free_bytes) == (
        samples.EXPORT, 500 * GIB, 300 * GIB)
    assert (volume.cut_off_nodes, volume.silent_nodes) == ((), ())
    assert cluster.sections[model.Section.VOLUMES].collected_at == later


@pytest.mark.parametrize('export', [None, OTHER])
def test_a_node_that_has_not_mounted_it_is_cut_off(export):
    """Its numbers are those of its own disk."""
    volume, = read(line('kvm01'), line('kvm02', export, blocks=20)).volumes
    assert volume.cut_off_nodes == ('kvm02',)
    assert volume.size_bytes == 500 * GIB


@pytest.mark.parametrize('stated', [[], ['kvm01'], 'kvm01', None])
def test_nobody_is_connected_again_by_what_the_source_states(stated):
    cluster, = samples.read(
        samples.cluster(samples.of_export(cut_off_nodes=stated),
                        driver='libvirt-file'),
        files=samples.Files(exp1_jsonl='\n'.join(
            (line('kvm01'), line('kvm02', None))))).clusters
    assert set(cluster.volumes[0].cut_off_nodes) == {
        'kvm02', *(['kvm01'] if stated else [])}


@pytest.mark.parametrize('driver', [None, 'hyperv', 'libvirt-rbd'])
def test_a_directory_is_not_taken_for_what_another_driver_keeps_disks_in(
        driver):
    cluster, = samples.read(
        samples.cluster(samples.of_export(), driver=driver),
        files=samples.Files(exp1_jsonl=line('kvm01'))).clusters
    assert 'state driver: libvirt-file' in (
        cluster.sections[model.Section.VOLUMES].error)


@pytest.mark.parametrize('lines', [
    [line('kvm01')],
    [line('kvm02', at=samples.AT - 2 * HOUR), line('kvm01')]])
def test_of_a_node_that_does_not_report_nothing_is_known(lines):
    volume, = read(*lines).volumes
    assert (volume.cut_off_nodes, volume.silent_nodes) == ((), ('kvm02',))


def test_the_newest_line_of_a_node_counts():
    volume, = read(line('kvm02', None, at=samples.AT - HOUR), line('kvm01'),
                   line('kvm02')).volumes
    assert volume.cut_off_nodes == ()


def test_nodes_with_another_home_are_not_asked():
    volume, = read(line('kvm01'), line('kvm02', None), nodes=[
        {'name': 'kvm01', 'home': 'exp1'}, {'name': 'kvm02', 'home': OTHER}]
        ).volumes
    assert volume.cut_off_nodes == ()


def test_an_export_that_nobody_has_mounted_is_not_known():
    assert 'no node reports that export' in failure(
        line('kvm01', None), line('kvm02', OTHER))


def test_lines_of_nodes_with_other_names_are_told():
    assert '\'KVM01\', \'kvm02.example.org\' only: node has' in failure(
        line('KVM01'), line('kvm02.example.org'))


def test_two_directories_with_one_uuid_are_refused_with_both_nodes():
    text = failure(line('kvm01'), line('kvm02', blocks=2000))
    assert 'kvm01 and kvm02 report' in text and 'give each its own' in text


@pytest.mark.parametrize(('text', 'words'), [
    ('{', 'is not valid JSON'), ('7', 'line 1.node is missing'),
    (line('kvm01', f_blocks=-1), 'line 1.f_blocks is -1'),
    (line('kvm01', f_frsize=None), 'line 1.f_frsize is missing'),
    (line('kvm01', collected_at='today'), 'is not a time'),
    (line('kvm01', collected_at='2026-03-01T08:30:00'), 'no time zone'),
    ('', 'no node reports')])
def test_a_line_that_cannot_be_read_is_named(text, words):
    assert words in failure(text)
