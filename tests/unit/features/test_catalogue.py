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


"""What a node offers, against an oracle that shares nothing with the code.

The oracle decides only about nodes of which everything is known, from
literal tables. What is unknown is tried with every value it could have: a
rule must say yes or no when all of them agree, and None when they do not.
"""

import itertools

import pytest

from hv_sched import features
from hv_sched import model
from hv_sched.features import catalogue

BUILDS = (9200, 9599, 9600, 10586, 14392, 14393, 16299, 17762, 17763, 20347,
          20348, 25398, 26099, 26100, 99999)
CARD = model.Gpu('card', 2048)
OTHER_VENDOR = 'neither'
INTEL, AMD = model.CpuVendor.INTEL, model.CpuVendor.AMD

# Lowest and first-gone build, then the fields that must be true.
ALWAYS = 1 << 30
PLAIN = {
    'CUSTOM_HYPERV_GEN1': (9600, ALWAYS, ()),
    'CUSTOM_HYPERV_GEN2': (9600, ALWAYS, ()),
    'CUSTOM_HYPERV_SECURE_BOOT': (9600, ALWAYS, ()),
    'CUSTOM_HYPERV_SECURE_BOOT_LINUX': (14393, ALWAYS, ()),
    'CUSTOM_HYPERV_VTPM': (14393, ALWAYS, ('guarded_host',)),
    'CUSTOM_HYPERV_SHIELDED_VM': (14393, ALWAYS, ('guarded_host',)),
    'CUSTOM_HYPERV_REMOTEFX': (9600, 17763, ('remotefx_enabled', 'gpus')),
    'CUSTOM_HYPERV_FC': (0, ALWAYS, ('fibre_channel',)),
    'CUSTOM_HYPERV_MPIO': (0, ALWAYS, ('mpio',)),
    'CUSTOM_HYPERV_REFS': (0, ALWAYS, ('refs',)),
}
NESTED = 'CUSTOM_HYPERV_NESTED_VIRT'
NESTED_FROM = {INTEL: 14393, AMD: 20348}

FIELDS = {
    'build': BUILDS,
    'guarded_host': (True, False),
    'nested_virtualization': (True, False),
    'cpu_vendor': (INTEL, AMD, OTHER_VENDOR),
    'remotefx_enabled': (True, False),
    'gpus': ((CARD,), ()),
    'fibre_channel': (True, False),
    'mpio': (True, False),
    'refs': (True, False),
}
# Which fields can matter to a feature at all.
LOOKS_AT = {trait: ('build', *fields)
            for trait, (_low, _gone, fields) in PLAIN.items()}
LOOKS_AT[NESTED] = ('build', 'nested_virtualization', 'cpu_vendor')


def oracle_known(trait, facts):
    if trait == NESTED:
        lowest = NESTED_FROM.get(facts['cpu_vendor'], ALWAYS)
        return facts['build'] >= lowest and facts['nested_virtualization']
    lowest, gone, fields = PLAIN[trait]
    return (lowest <= facts['build'] < gone
            and all(facts[field] for field in fields))


def oracle(trait, facts):
    choices = [[facts[field]] if facts[field] is not None else FIELDS[field]
               for field in facts]
    answers = {bool(oracle_known(trait, dict(zip(facts, values, strict=True))))
               for values in itertools.product(*choices)}
    return answers.pop() if len(answers) == 1 else None


def every_case():
    for trait, fields in LOOKS_AT.items():
        choices = [
            [value for value in FIELDS[field] if value != OTHER_VENDOR]
            + [None] for field in fields]
        for values in itertools.product(*choices):
            yield trait, dict(zip(fields, values, strict=True))


def test_every_feature_is_in_the_oracle_and_the_other_way_round():
    assert {f.trait for f in features.CATALOGUE} == LOOKS_AT.keys()


def test_every_rule_answers_as_the_oracle_in_every_case():
    wrong = [
        (trait, facts) for trait, facts in every_case()
        if features.by_trait(trait).rule(model.Node('n', **facts))
        is not oracle(trait, facts)]
    assert not wrong


def test_no_rule_looks_at_any_other_field():
    """Changing whatever the oracle does not look at changes nothing."""
    for trait, facts in every_case():
        rule = features.by_trait(trait).rule
        rest = {field: values[0] for field, values in FIELDS.items()
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
                found.setdefault((key.where, key.name, value), set()).add(
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
