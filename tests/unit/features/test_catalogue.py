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


"""What a node offers, against an oracle that shares nothing with the code."""


import pytest

from hv_sched import features
from hv_sched import model
from hv_sched.features import catalogue
from tests.unit.features import feature_oracle


def test_every_feature_is_in_the_oracle_and_the_other_way_round():
    assert {feature.trait for feature in features.CATALOGUE} == (
        feature_oracle.LOOKS_AT.keys())


def test_every_rule_answers_as_the_oracle_in_every_case():
    wrong = [
        (trait, facts) for trait, facts in feature_oracle.every_case()
        if features.by_trait(trait).rule(model.Node('n', **facts))
        is not feature_oracle.oracle(trait, facts)]
    assert not wrong


def test_no_rule_looks_at_any_other_field():
    """Changing whatever the oracle does not look at changes nothing."""
    for trait, facts in feature_oracle.every_case():
        rule = features.by_trait(trait).rule
        rest = {field: values[0]
                for field, values in feature_oracle.FIELDS.items()
                if field not in facts}
        assert rule(model.Node('n', **facts)) is rule(
            model.Node('n', **facts, **rest)), (trait, facts)


def test_a_node_that_shows_nothing_gets_nothing_but_what_its_build_says():
    bare = model.Node('n', build=14393)
    assert {f.trait for f in features.CATALOGUE if f.rule(bare)} == {
        'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2',
        'CUSTOM_HYPERV_SECURE_BOOT', 'CUSTOM_HYPERV_SECURE_BOOT_LINUX'}


# What compute-hyperv reads (its vmops.py, pdk.py, constants.py).
KEYS = {
    ('image', 'hw_machine_type', 'hyperv-gen1'): {'GEN1'},
    ('image', 'hw_machine_type', 'hyperv-gen2'): {'GEN2'},
    ('image', 'os_secure_boot', 'required'): {
        'SECURE_BOOT', 'SECURE_BOOT_LINUX'},
    ('flavor', 'os:secure_boot', 'required'): {
        'SECURE_BOOT', 'SECURE_BOOT_LINUX'},
    ('image', 'os_vtpm', 'required'): {'VTPM'},
    ('image', 'os_shielded_vm', 'required'): {'SHIELDED_VM'},
    ('flavor', 'hw:cpu_features', 'vmx'): {'NESTED_VIRT'},
    ('image', 'hw_cpu_features', 'vmx'): {'NESTED_VIRT'},
    ('flavor', 'os:resolution', None): {'REMOTEFX'},
    ('flavor', 'os:monitors', None): {'REMOTEFX'},
    ('flavor', 'os:vram', None): {'REMOTEFX'},
}


def test_each_key_asks_for_what_compute_hyperv_takes_it_for():
    found = {}
    for feature in features.CATALOGUE:
        for key in feature.keys:
            for value in key.values or (None,):
                found.setdefault((key.source, key.name, value), set()).add(
                    feature.trait.removeprefix('CUSTOM_HYPERV_'))
    assert found == KEYS


@pytest.mark.parametrize('feature', features.CATALOGUE,
                         ids=lambda feature: feature.name)
def test_a_trait_leads_back_to_its_feature(feature):
    assert features.by_trait(feature.trait) is feature
    if feature.survivable:
        assert features.by_trait(features.ha_trait(feature)) is feature


def test_survivable_traits_have_names_of_their_own():
    plain = {f.trait for f in features.CATALOGUE}
    survivable = {features.ha_trait(f) for f in features.CATALOGUE}
    assert not plain & survivable
    assert 'CUSTOM_HYPERV_HA_SHIELDED_VM' in survivable
    assert features.by_trait('CUSTOM_GOLD') is None


def test_remotefx_stands_on_the_child_only():
    assert features.REMOTEFX not in catalogue.ON_NODE
    assert len(catalogue.ON_NODE) == len(features.CATALOGUE) - 1
