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

"""What a Hyper-V host makes of each key's very text.

``host_answers.json`` was recorded from compute-hyperv's own functions, see
``compute_hyperv``.
"""

import json
import pathlib

from hv_sched import requirements

HYPERV_TRAIT = 'CUSTOM_HYPERV'
RELEASES = {'2012 R2': 9600, '2016': 14393}
TABLE = pathlib.Path(__file__).with_suffix('.json')
# Keys that protect a server: one that starts without is worse than none.
PROTECTIONS = ('os_secure_boot', 'os_vtpm', 'os_shielded_vm',
               'os:secure_boot')
SWITCH = ('required', 'disabled', 'optional')

HYPERV = {'img_hv_type': 'hyperv'}
GEN2 = {**HYPERV, 'hw_machine_type': 'hyperv-gen2'}
WINDOWS = {**GEN2, 'os_type': 'windows'}
SECURE = {**WINDOWS, 'os_secure_boot': 'required'}
FX = {'os:resolution': '1024x768'}
NUMBERS = ('1', '2', '4', '8', '9', '0', '-1', ' 2 ', '2\n', '+2', '02',
           '1_0', '2.0', '2e0', '0x2', '\u0662', '\u00b2', 'two', ' ', '')
VIDEO_MB = ('64', '512', '1024', '65', '0', '-64', ' 64 ', '+64', '064',
            '6_4', '64MB', '\u0666\u0664', ' ', '')


def spellings(word):
    """A word as people and programs write it."""
    return (word, f'{word} ', f' {word}', f'{word}\t', f'{word}\n',
            f'{word}\u00a0', f'{word}\u200b', f'{word}\x00', word.upper(),
            word.title(), f'"{word}"', f'{word},', f'{word};', f'{word}{word}')


def _switches():
    for word in (*SWITCH, 'true', 'yes', '1'):
        yield from spellings(word)
    yield from ('', ' ')


def questions():
    """Pairs of extra specs and image properties."""
    for part in (_protections, _systems, _machines, _cpu_features, _adapters,
                 _formats, _ports):
        yield from part()


def _protections():
    for text in _switches():
        for key in ('os_secure_boot', 'os_vtpm', 'os_shielded_vm'):
            yield {}, {**SECURE, key: text}
        yield {'os:secure_boot': text}, SECURE
        yield {'os:secure_boot': text}, WINDOWS
        yield {'os:secure_boot': text}, {**WINDOWS, 'os_secure_boot': text}


def _systems():
    for word in ('windows', 'linux'):
        for text in (*spellings(word), '', ' '):
            yield {}, {**SECURE, 'os_type': text}
            yield {}, {**GEN2, 'os_type': text}
            yield {}, {**SECURE, 'os_type': text, 'os_vtpm': 'required'}


def _machines():
    for word in ('hyperv-gen1', 'hyperv-gen2', 'hyperv-gen3', 'q35'):
        for text in (*spellings(word), '', ' '):
            yield {}, {**HYPERV, 'hw_machine_type': text}


def _formats():
    for word in ('vhd', 'vhdx', 'iso', 'qcow2', 'raw'):
        for text in (word, word.upper(), f'{word} ', f' {word}'):
            yield {}, {**HYPERV, 'disk_format': text}


def _ports():
    for text in NUMBERS:
        yield {}, {**HYPERV, 'logging_serial_port': text}
        yield {}, {**HYPERV, 'interactive_serial_port': text}


def _cpu_features():
    for text in (*spellings('vmx'), 'aes,vmx', 'aes, vmx', 'aes vmx',
                 'vmx ,aes', 'VMX,AES', ',vmx', ',,', 'vmx,vmx', 'novmx',
                 'aes;vmx', 'vmx\n,aes', 'svm', '', ' ', ','):
        yield {'hw:cpu_features': text}, HYPERV
        yield {}, {**HYPERV, 'hw_cpu_features': text}


def _adapters():
    for word in ('1024x768', '3840x2160', '800x600', '1024X768', '1024*768'):
        for text in (*spellings(word), '', ' '):
            yield {'os:resolution': text}, HYPERV
            yield {'os:resolution': text, 'os:monitors': '1'}, GEN2
    for text in NUMBERS:
        yield {**FX, 'os:monitors': text}, HYPERV
        yield {'os:monitors': text}, HYPERV
    for text in VIDEO_MB:
        yield {**FX, 'os:vram': text}, GEN2
        yield {'os:vram': text}, HYPERV


def as_text(rows):
    """A row a line, so that a difference is a line, too."""
    lines = (json.dumps(row, sort_keys=True) for row in rows)
    return '[\n' + ',\n'.join(dict.fromkeys(lines)) + '\n]\n'


def recorded():
    return json.loads(TABLE.read_text())


def of(specs, image):
    return requirements.of({'vcpus': 1, 'ram_mb': 512, 'root_gb': 10,
                            'extra_specs': specs}, image)


def _refused(found, build):
    return bool(found.contradictions or HYPERV_TRAIT in found.forbidden
                or found.refuses_build(build))


def _traits(answer):
    """What the query must ask for a server the host gives this."""
    names = {'generation': {}, 'nested': {True: 'NESTED_VIRT'},
             'secure_boot': {'windows': 'SECURE_BOOT',
                             'other': 'SECURE_BOOT_LINUX'},
             'guarded': {'shielded': 'SHIELDED_VM', 'vtpm': 'VTPM'}}
    return {f'CUSTOM_HYPERV_{names[field][value]}'
            for field, value in answer.items()
            if field in names and value in names[field]}


def _ignored_protection(specs, image):
    """A protection in words no host knows."""
    return any(
        source.get(key) and source[key] not in SWITCH
        for source in (specs, image) for key in PROTECTIONS)


def _stricter(specs, image, answer):
    """Where hv_sched refuses what the host takes, and why."""
    monitors = answer.get('remotefx', [1])[0]
    return (
        _ignored_protection(specs, image)
        # Windows with the keys for Linux: it would not start.
        or ('secure_boot' in answer and image['os_type'] != 'windows'
            and image['os_type'].strip().lower() == 'windows')
        # os-win only bounds the number from above.
        or monitors < 1)


def compare(specs, image, answers):
    """hv_sched answers as the hosts do, or where it must, stricter."""
    found = of(specs, image)
    for host, answer in answers.items():
        build = RELEASES[host]
        if 'refused' in answer or _stricter(specs, image, answer):
            assert _refused(found, build), (host, specs, image, found)
            continue
        if host == '2012 R2' and 'remotefx' in answer and specs.get(
                'os:vram'):
            continue  # ignored there: judged by what 2016 gives
        assert not _refused(found, build), (host, specs, image, found)
        asked = found.required - {
            HYPERV_TRAIT, 'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2'}
        # A shielded server has its virtual TPM.
        needed = _traits(answer)
        assert needed <= asked <= needed | (
            {'CUSTOM_HYPERV_VTPM'} if answer.get('guarded') == 'shielded'
            else set()), (host, specs, image, found)
        assert found.generation == answer['generation']
        _compare_adapter(found.gpu, answer.get('remotefx'))


def _compare_adapter(group, adapter):
    assert (group is None) == (adapter is None)
    if adapter:
        monitors, resolution, vram_mb = adapter
        width, height = resolution.split('x')
        assert f'HW_GPU_RESOLUTION_W{width}H{height}' in group.traits
        heads = max(int(trait.rpartition('_')[2]) for trait in group.traits
                    if 'HEADS' in trait)
        assert monitors <= heads <= monitors + 1
        if vram_mb:
            assert group.resources['CUSTOM_REMOTEFX_VRAM_MB'] == vram_mb
