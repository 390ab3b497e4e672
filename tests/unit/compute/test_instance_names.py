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

"""VMs a cluster calls by name become the servers Nova has for them."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.compute import instance_names
from hv_sched.compute.instance_names import NamedServer
from hv_sched.compute.instance_names import NamedServers

A, B, C = (f'{letter * 8}-0000-4000-8000-000000000001' for letter in 'abc')


class Nova:
    """Servers by uuid, name and node; counts how often it is asked."""

    def __init__(self, *servers, is_complete=True):
        self.answer = NamedServers(tuple(
            NamedServer(*server) for server in servers), is_complete)
        self.asked = 0

    def named_servers(self):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def vm(name=None, uuid=None):
    return model.Vm(uuid, 'hv01', instance_name=name)


def facts(*vms, nodes=('hv01', 'hv02'), more=()):
    return model.Facts((model.Cluster(
        'g', 'c1', tuple(map(model.Node, nodes)), (), vms=vms), *more))


def uuids(found, cluster=0):
    return [vm.instance_uuid for vm in found.clusters[cluster].vms]


def test_names_become_uuids_in_one_list_whatever_the_number_of_vms():
    nova = Nova((A, 'instance-00000001', 'hv01'),
                (B, 'Instance-00000002', 'HV02'))
    names = instance_names.InstanceNames(nova)
    found = names.resolved(facts(
        vm('instance-00000001'), vm('INSTANCE-00000002'), vm(None, C)))
    assert uuids(found) == [A, B, C]
    assert nova.asked == 1


def test_nova_is_not_asked_where_every_vm_has_its_uuid():
    nova = Nova()
    source = facts(vm('instance-00000001', A))
    assert instance_names.InstanceNames(nova).resolved(source) is source
    assert instance_names.InstanceNames(nova).resolved(
        model.Facts((model.Cluster('g', 'c', (), ()),))).clusters
    assert nova.asked == 0


def test_it_is_asked_again_only_for_a_name_that_was_not_there_before():
    nova = Nova((A, 'instance-00000001', 'hv01'))
    names = instance_names.InstanceNames(nova)
    for _ in range(3):
        assert uuids(names.resolved(facts(
            vm('instance-00000001'), vm('a backup server')))) == [A]
    assert nova.asked == 1
    nova.answer = NamedServers((*nova.answer.servers, NamedServer(
        B, 'instance-00000002', 'hv02')), True)
    assert uuids(names.resolved(facts(
        vm('instance-00000001'), vm('instance-00000002')))) == [A, B]
    assert nova.asked == 2


def test_the_node_tells_two_servers_of_one_name_in_two_cells_apart():
    nova = Nova((A, 'instance-00000001', 'hv01'),
                (B, 'instance-00000001', 'hv11'),
                (C, 'instance-00000001', None))
    other = model.Cluster('h', 'c2', (model.Node('hv11'),), (),
                          vms=(vm('instance-00000001'),))
    found = instance_names.InstanceNames(nova).resolved(
        facts(vm('instance-00000001'), more=(other,)))
    assert (uuids(found), uuids(found, 1)) == ([A], [B])


@pytest.mark.parametrize('servers', [
    [(A, 'instance-00000001', 'hv01'), (B, 'instance-00000001', 'hv02')],
    [(A, 'instance-00000001', 'hv77')], [(A, 'instance-00000001', None)]])
def test_a_server_that_is_not_certain_is_no_server_and_stays_a_vm(servers):
    found = instance_names.InstanceNames(Nova(*servers)).resolved(
        facts(vm('instance-00000001')))
    assert uuids(found) == [None]


def test_a_uuid_is_not_given_twice():
    found = instance_names.InstanceNames(Nova(
        (A, 'instance-00000001', 'hv01'))).resolved(
            facts(vm('instance-00000001'), vm('other', A)))
    assert uuids(found) == [None, A]


def test_a_vm_nova_has_no_name_of_is_left_out_if_every_cell_answered():
    source = facts(vm('a backup server'), vm('instance-00000001'))
    server = (A, 'instance-00000001', 'hv01')
    assert uuids(instance_names.InstanceNames(Nova(server)).resolved(
        source)) == [A]
    nova = Nova(server, is_complete=False)
    names = instance_names.InstanceNames(nova)
    for _ in range(2):
        assert uuids(names.resolved(source)) == [None, A]
    assert nova.asked == 2


def test_without_nova_the_vms_stay_as_they_are_and_it_is_said():
    nova = Nova()
    nova.answer = exception.NovaUnavailable('Nova does not answer')
    source = facts(vm('instance-00000001'))
    found = instance_names.InstanceNames(nova).resolved(source)
    assert found.clusters == source.clusters
    problem, = found.problems
    assert 'Nova does not answer' in str(problem)
    assert problem.is_note and not problem.freezes


@given(st.lists(st.tuples(st.sampled_from((A, B, C)),
                          st.sampled_from(('x', 'X', 'y')),
                          st.sampled_from(('hv01', 'HV02', 'hv77', None))),
                max_size=4),
       st.lists(st.builds(vm, st.sampled_from(('x', 'y', 'z')),
                          st.sampled_from((None, None, A))), max_size=4),
       st.booleans())
def test_no_vm_with_a_uuid_changes_and_each_uuid_is_one_of_nova(
        servers, vms, is_complete):
    found = instance_names.InstanceNames(Nova(
        *servers, is_complete=is_complete)).resolved(facts(*vms))
    given_uuids = {server[0] for server in servers}
    for after in found.clusters[0].vms:
        assert after in vms or after.instance_uuid in given_uuids
    assert [v for v in vms if v.instance_uuid] == [
        v for v in found.clusters[0].vms if v in vms and v.instance_uuid]
    if not is_complete:
        assert len(found.clusters[0].vms) == len(vms)
