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


"""What hv_sched changes in a question of Nova's, rule by rule."""

import pytest

from hv_sched import requirements
from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.snapshot import volumes

BUILDS = {f'CUSTOM_HYPERV_BUILD_{number}': number
          for number in (9600, 14393, 17763, 20348)}


@pytest.mark.parametrize('source', BUILDS)
def test_a_server_never_moves_to_an_older_build(source):
    others = {'CUSTOM_HYPERV_GEN2', 'CUSTOM_HYPERV_BUILD_', 'HW_CPU_X86_VMX'}
    assert rules.older_builds([source], BUILDS.keys() | others) == {
        trait for trait, number in BUILDS.items() if number < BUILDS[source]}


def test_a_source_of_no_known_build_may_be_left_for_any():
    assert rules.older_builds(['CUSTOM_HYPERV'], BUILDS) == set()


def test_users_read_the_names_of_features():
    """In ``openstack server show``, where a trait says nothing to them."""
    demands = requirements.of(
        {'vcpus': 1, 'ram_mb': 512, 'root_gb': 1, 'extra_specs': {}},
        {'hw_machine_type': 'hyperv-gen2'})
    text = ' '.join(rules.feature_names(demands, sorted(demands.required)))
    assert 'Hyper-V (image hw_machine_type=hyperv-gen2)' in text
    assert 'CUSTOM_' not in text


TWO_KINDS = volumes.Snapshot(
    {}, {'n1': 'hv01', 'n2': 'kvm1'}, {}, frozenset((names.HYPERV,)),
    without_hyperv=frozenset(('n2',)))


@pytest.mark.parametrize(('node', 'on_volume', 'expected'), [
    ('hv01', False, 'hyperv'), ('kvm1', False, 'other'),
    ('gone', False, 'other'), ('gone', True, 'hyperv')])
def test_an_unmarked_server_stays_with_the_hypervisor_it_has(
        node, on_volume, expected):
    """A node of a published cluster may be one of KVM."""
    assert rules.unmarked(node, TWO_KINDS, requirements.Hypervisor.ANY,
                          on_volume).value == expected
