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

"""What a node can do, from literal tables that share nothing with the code.

The oracle decides only about nodes of which everything is known. What is
unknown is tried with every value it could have: a rule must say yes or no
when all of them agree, and None when they do not.
"""

import itertools

from hv_sched import model

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
