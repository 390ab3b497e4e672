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

"""The page of traits is complete."""

import re

import pytest

from doc import features_reference
from doc import traits_page
from hv_sched import features
from hv_sched import model
from hv_sched.features import remotefx
from hv_sched.features import windows_builds
from hv_sched.placement import names
from hv_sched.placement import ownership
from tests.unit.features import feature_oracle

RESOURCE_CLASSES = {names.HELD_DISK_GB, names.REMOTEFX_ADAPTER,
                    names.REMOTEFX_VRAM_MB}
# Families that stand on the page member by member.
FAMILIES = {names.CUSTOM_PREFIX, names.HYPERV_PREFIX, names.CSV_PREFIX,
            names.CLOSED_PREFIX, names.REMOTEFX_PREFIX}


def written():
    return [row.trait for row in traits_page.rows()]


def test_every_name_of_ours_is_on_the_page():
    ours = {value for name, value in vars(names).items()
            if name.isupper() and isinstance(value, str)
            and value.startswith('CUSTOM_')} - RESOURCE_CLASSES - FAMILIES
    stems = {trait.split('<')[0] for trait in written()}
    assert ours - stems == set()


def test_every_trait_a_feature_can_bring_is_on_the_page():
    patterns = [re.compile(re.sub('<.*?>', '.+', trait))
                for trait in written()]
    possible = {f.trait for f in features.CATALOGUE} | {
        features.ha_trait(f) for f in features.CATALOGUE if f.survivable
        } | remotefx.traits(9600) | remotefx.traits(14393) | {
            names.build_trait(14393)}
    assert [trait for trait in possible
            if not any(p.fullmatch(trait) for p in patterns)] == []


def test_no_trait_is_on_the_page_twice():
    assert len(written()) == len(set(written()))


def test_the_page_lists_only_what_is_ours():
    for trait in written():
        assert (ownership.writable_on_volume(trait)
                or ownership.node_trait(trait, cpu_managed=True)
                or ownership.child_trait(trait)), trait


def test_each_feature_names_the_facts_its_rule_looks_at():
    by_trait = {feature.trait: set(feature.facts)
                for feature in features.CATALOGUE}
    assert by_trait.keys() == feature_oracle.LOOKS_AT.keys()
    for trait, fields in feature_oracle.LOOKS_AT.items():
        own = {'build'} if feature_oracle.PLAIN.get(trait, (1,))[0] else set()
        assert by_trait[trait] == own | set(fields) - {'build'}


@pytest.mark.parametrize(('feature', 'vendor', 'expected'), [
    (features.GEN2, 'AMD', [9600, 14393, 17763, 20348, 26100]),
    (features.SHIELDED_VM, 'AMD', [14393, 17763, 20348, 26100]),
    (features.NESTED_VIRT, 'INTEL', [14393, 17763, 20348, 26100]),
    (features.NESTED_VIRT, 'AMD', [20348, 26100]),
    (features.REMOTEFX, 'INTEL', [9600, 14393])])
def test_builds_that_can_have_a_feature(feature, vendor, expected):
    assert [build.number for build in windows_builds.BUILDS
            if model.CpuVendor[vendor] in features_reference.vendors(
                feature, build)] == expected
