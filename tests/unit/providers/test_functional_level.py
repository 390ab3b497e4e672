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


"""A cluster's functional level bounds what its nodes may claim."""

import pytest

from hv_sched import model
from hv_sched.features import catalogue
from hv_sched.features import windows_builds
from hv_sched.providers import functional_level
from hv_sched.providers import node_traits
from hv_sched.providers import plan_gpu

OF_2016 = {'CUSTOM_HYPERV_SECURE_BOOT_LINUX', 'CUSTOM_HYPERV_VTPM',
           'CUSTOM_HYPERV_SHIELDED_VM', 'CUSTOM_HYPERV_NESTED_VIRT'}
ALL = {'cpu_vendor': model.CpuVendor.INTEL, 'nested_virtualization': True,
       'guarded_host': True}
GPU = {'remotefx_enabled': True, 'gpus': (model.Gpu('gpu', 4096),)}


def cluster(*builds, level=None, **fields):
    nodes = tuple(model.Node(f'hv{number}', build, **{**ALL, **fields})
                  for number, build in enumerate(builds))
    return model.Cluster('c', 'hvc', nodes, (model.Volume(
        'v', 'V', 1 << 40),), functional_level=level)


def traits(one, number=0, observed=()):
    return node_traits.desired_node_traits(
        one, one.nodes[number], frozenset(observed))


def features(one, number=0, observed=()):
    return {trait for trait in traits(one, number, observed)
            if catalogue.by_trait(trait)}


def test_at_level_8_a_2016_node_publishes_nothing_of_2016():
    mixed = cluster(9600, 14393, level=8)
    plain = {trait for trait in features(mixed, 1) if '_HA_' not in trait}
    assert plain == {'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2',
                     'CUSTOM_HYPERV_SECURE_BOOT'}
    assert 'CUSTOM_HYPERV_BUILD_14393' in traits(mixed, 1), 'what it runs'


@pytest.mark.parametrize(('level', 'build'), [
    (8, 9600), (9, 14393), (10, 17763), (11, 20348), (12, 26100),
    (7, 9600), (99, 26100)])
def test_a_level_is_that_of_a_release(level, build):
    assert windows_builds.build_of_level(level).number == build


def test_a_level_as_high_as_the_builds_bounds_nothing():
    assert features(cluster(14393, 14393, level=9)) == features(
        cluster(14393, 14393)) >= OF_2016


def test_mixed_builds_without_a_level_are_bounded_by_the_lowest():
    assert not features(cluster(9600, 14393), 1) & OF_2016
    assert features(cluster(14393, 17763), 1) >= OF_2016


def test_builds_of_one_release_are_not_mixed():
    one = cluster(14393, 14400)
    assert functional_level.mixed_builds(one) == frozenset()
    assert functional_level.bound(one, ()) is None


def test_a_level_that_is_no_longer_stated_stays_and_bounds():
    before = traits(cluster(14393, 14393, level=8))
    silent = cluster(14393, 14393)
    assert traits(silent, observed=before) == before
    assert 'CUSTOM_HYPERV_LEVEL_8' in before
    assert not before & OF_2016


def test_a_level_that_rises_gives_its_features():
    before = traits(cluster(14393, 14393, level=8))
    raised = cluster(14393, 14393, level=9)
    assert traits(raised, observed=before) == traits(raised)
    assert traits(raised) >= OF_2016


def test_a_feature_lost_by_its_own_fact_comes_back_without_a_level():
    both = cluster(14393, 14393)
    lapsed = traits(cluster(14393, 14393, guarded_host=False),
                    observed=traits(both))
    assert 'CUSTOM_HYPERV_SHIELDED_VM' not in lapsed
    assert traits(both, observed=lapsed) == traits(both)


@pytest.mark.parametrize(('build', 'level', 'resolution'), [
    (14393, 9, True), (14393, 8, False), (9600, 9, False)])
def test_remotefx_shows_what_the_level_has(build, level, resolution):
    one = cluster(build, level=level, **GPU)
    limited = functional_level.with_gpus(one, one.nodes[0], ())
    assert ('HW_GPU_RESOLUTION_W3840H2160' in plan_gpu.traits(limited)
            ) is resolution


def test_an_older_level_gives_no_remotefx_to_a_newer_build():
    one = cluster(17763, level=9, **GPU)
    limited = functional_level.with_gpus(one, one.nodes[0], ())
    assert plan_gpu.inventories(limited) == {}
