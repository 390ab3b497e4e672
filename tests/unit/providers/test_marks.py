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

"""The marks that say that a node's own disk is closed, old and new."""

import pytest

from hv_sched import drivers
from hv_sched import model
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.providers import node_traits

NEW, OLD = names.CLUSTERED_MARKS


def cluster(name):
    return model.Cluster('g', 'c1', (model.Node('n1'),), (),
                         driver=drivers.of(name))


@pytest.mark.parametrize(('traits', 'is_closed'), [
    ({NEW}, True), ({OLD}, True), ({NEW, OLD}, True), ({'CUSTOM_GOLD'}, False),
    ((), False)])
def test_either_mark_is_read(traits, is_closed):
    assert names.is_clustered(traits) == is_closed


@pytest.mark.parametrize(('known', 'query'), [
    ((), ''), ([OLD], OLD), ([NEW], NEW), ([OLD, NEW], f'in:{NEW},{OLD}')])
def test_placement_is_asked_for_names_it_knows_only(known, query):
    assert names.clustered_query(known) == query


@pytest.mark.parametrize(('name', 'observed', 'marks'), [
    ('hyperv', (), {names.HYPERV, NEW, OLD}), ('libvirt-rbd', (), {NEW}),
    ('libvirt-file', (), {NEW}),
    # Somebody may still go by it: it is never taken off.
    ('libvirt-file', {OLD, names.HYPERV}, {NEW, OLD})])
def test_the_marks_of_a_drivers_nodes(name, observed, marks):
    assert node_traits.marks(cluster(name), observed) == marks


def test_both_are_ours_on_nodes():
    assert ownership.node_traits({NEW, OLD, 'CUSTOM_GOLD'}) == {NEW, OLD}


def test_features_are_for_hyper_v_only():
    node = model.Node('n1', 20348, nested_virtualization=True,
                      guarded_host=True, home='v')
    for driver in drivers.DRIVERS:
        cluster_of = model.Cluster('g', 'c1', (node,), (), functional_level=9,
                            driver=driver)
        traits = node_traits.desired_node_traits(cluster_of, node, frozenset())
        assert (names.build_trait(20348) in traits) == (
            driver.has_windows_features)
        if not driver.has_windows_features:
            assert traits == {NEW}
