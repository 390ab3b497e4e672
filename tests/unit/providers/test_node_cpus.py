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

"""Processors of nodes a source is silent about come from Nova."""

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.compute.hypervisors import HypervisorReport
from hv_sched.providers import node_cpus

VMX, SSE = ('VMX',), ('SSE',)


def facts(*nodes):
    return model.Facts((model.Cluster('guid', 'hvc1', nodes, ()),))


def told(name, *features, **fields):
    return HypervisorReport(f'uuid-{name}', name, **{
        'kind': 'hyperv', 'is_up': True, 'cpu_vendor': 'GenuineIntel',
        'cpu_features': features, **fields})


def cpus_of(made):
    return {node.name: (node.cpu_vendor, node.cpu_features)
            for cluster in made.clusters for node in cluster.nodes}


class Nova:
    def __init__(self, *nodes):
        self.nodes = nodes
        self.asked = 0

    def hypervisors(self):
        self.asked += 1
        if self.nodes == ():
            raise exception.NovaUnavailable('Nova cannot be reached')
        return self.nodes


def test_the_source_is_believed_first_field_by_field():
    nodes = (
        model.Node('hv01'),
        model.Node('hv02', cpu_vendor=model.CpuVendor.AMD),
        model.Node('hv03', cpu_features=SSE))
    made = node_cpus.filled(facts(*nodes), [
        told(node.name, 'vmx') for node in nodes])
    assert cpus_of(made) == {
        'hv01': (model.CpuVendor.INTEL, VMX),
        'hv02': (model.CpuVendor.AMD, VMX),
        'hv03': (model.CpuVendor.INTEL, SSE)}


def test_a_node_is_found_as_it_is_in_placement():
    made = node_cpus.filled(
        facts(model.Node('HV01'), model.Node('hv02.corp.example')),
        [told('hv01.corp.example', 'vmx'), told('HV02', 'sse')])
    assert [cpu[1] for cpu in cpus_of(made).values()] == [VMX, SSE]


@pytest.mark.parametrize('others', [
    [], [told('hv02', 'vmx')], [told('hv01', 'vmx', is_up=False)],
    [told('hv01', 'vmx', kind='QEMU')],
    [told('hv01.a', 'vmx'), told('hv01.b', 'vmx')]],
    ids=['nobody', 'another', 'down', 'kvm', 'two'])
def test_who_is_not_surely_meant_is_told_nothing_of(others):
    made = node_cpus.filled(facts(model.Node('hv01')), others)
    assert cpus_of(made) == {'hv01': (None, None)}


def test_nova_is_asked_seldom_and_not_while_the_source_tells():
    nova, now = Nova(told('hv01', 'vmx')), [0.0]
    cpus = node_cpus.NodeCpus(nova, lambda: now[0])
    complete = facts(model.Node(
        'hv01', cpu_vendor=model.CpuVendor.INTEL, cpu_features=SSE))
    assert cpus.filled(complete) == complete and not nova.asked
    silent = facts(model.Node('hv01'), model.Node('hv02'))
    for seconds, asked in ((0, 1), (1, 1), (599, 1), (600, 2), (601, 2)):
        now[0] = float(seconds)
        assert cpus_of(cpus.filled(silent))['hv01'][1] == VMX
        assert nova.asked == asked


def test_a_nova_that_is_away_says_nothing_and_is_left_alone_for_a_while():
    nova, now = Nova(told('hv01', 'vmx')), [0.0]
    cpus = node_cpus.NodeCpus(nova, lambda: now[0])
    silent = facts(model.Node('hv01'))
    cpus.filled(silent)
    nova.nodes, now[0] = (), 600.0
    for _ in range(2):
        assert cpus.filled(silent) == silent
    assert nova.asked == 2
