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


"""What flavors and images ask for, against rules written anew.

The oracle below is written from compute-hyperv's documented checks and
Microsoft's limits, with literal names and numbers; it imports nothing of
what it judges.
"""

import itertools

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from hv_sched import requirements

HYPERV = 'CUSTOM_HYPERV'
ABSENT = None
MACHINES = (ABSENT, 'hyperv-gen1', 'hyperv-gen2', 'Hyperv-Gen2', 'q35')
HYPERVISORS = (ABSENT, 'hyperv', 'HyperV', 'kvm')
SYSTEMS = (ABSENT, 'windows', 'Windows', 'linux')
SWITCHES = (ABSENT, 'required', 'disabled', 'optional', 'Required')
GUARDED = (ABSENT, 'required', 'disabled')
CPU = (ABSENT, 'vmx', 'aes,VMX')
RELEASES = (9600, 14393, 17763, 20348, 26100)
# Largest virtual machine: release -> generation -> (vCPUs, GB).
LARGEST = {
    9600: {1: (64, 1024), 2: (64, 1024)},
    14393: {1: (64, 1024), 2: (240, 12288)},
    17763: {1: (64, 1024), 2: (240, 12288)},
    20348: {1: (64, 1024), 2: (1024, 245760)},
    26100: {1: (64, 1024), 2: (2048, 245760)}}
MONITORS = {
    9600: {'1024x768': 4, '1280x1024': 4, '1600x1200': 3, '1920x1200': 2,
           '2560x1600': 1},
    14393: {'1024x768': 8, '1280x1024': 8, '1600x1200': 4, '1920x1200': 4,
            '2560x1600': 2, '3840x2160': 1}}
# What Hyper-V needs for 1, 2, 3 ... monitors, in MB.
NEEDED_MB = {
    9600: {'1024x768': (128, 256, 256, 256), '1280x1024': (
        128, 256, 256, 256), '1600x1200': (128, 256, 256),
        '1920x1200': (128, 256), '2560x1600': (256,)},
    14393: {'1024x768': (64, 64, 64, 64, 128, 128, 128, 128),
            '1280x1024': (64, 64, 128, 128, 128, 256, 256, 256),
            '1600x1200': (64, 128, 128, 256),
            '1920x1200': (64, 128, 256, 256),
            '2560x1600': (128, 256), '3840x2160': (256,)}}


def present(**values):
    return {key.replace('__', ':'): value for key, value in values.items()
            if value is not ABSENT}


def flavor(extra_specs=(), **sizes):
    return {'vcpus': 1, 'ram_mb': 512, 'root_gb': 10, **sizes,
            'extra_specs': dict(extra_specs)}


# -- features

def oracle(machine, hypervisor, system, by_image, by_flavor, vtpm, shielded,
           cpu):
    """('no',), ('elsewhere',) or ('hyperv', set of features)."""
    only_hyperv = (str(machine).lower().startswith('hyperv')
                   or 'required' in (vtpm, shielded) or cpu is not None)
    if hypervisor == 'kvm' or (not only_hyperv and hypervisor is None
                               and machine == 'q35'):
        return ('no',) if only_hyperv else ('elsewhere',)
    fine, features = runs(machine, system, by_image, by_flavor, vtpm,
                          shielded, cpu)
    if hypervisor is None and not only_hyperv:
        return ('hyperv', set()) if fine else ('elsewhere',)
    return ('hyperv', features | {HYPERV}) if fine else ('no',)


def runs(machine, system, by_image, by_flavor, vtpm, shielded, cpu):
    """Whether some Hyper-V host could spawn it, and what it needs."""
    if machine not in (None, 'hyperv-gen1', 'hyperv-gen2'):
        return False, set()
    if 'Required' in (by_image, by_flavor):
        return False, set()
    if {by_image, by_flavor} == {'required', 'disabled'}:
        return False, set()
    secure = 'required' in (by_image, by_flavor)
    windows = system in ('windows', 'Windows')
    if secure and (machine != 'hyperv-gen2' or system in (None, 'Windows')):
        return False, set()
    if 'required' in (vtpm, shielded) and not (secure and windows):
        return False, set()
    return True, {name for name, needed in {
        'CUSTOM_HYPERV_GEN1': machine == 'hyperv-gen1',
        'CUSTOM_HYPERV_GEN2': machine == 'hyperv-gen2',
        'CUSTOM_HYPERV_SECURE_BOOT': secure and windows,
        'CUSTOM_HYPERV_SECURE_BOOT_LINUX': secure and not windows,
        'CUSTOM_HYPERV_VTPM': vtpm == 'required',
        'CUSTOM_HYPERV_SHIELDED_VM': shielded == 'required',
        'CUSTOM_HYPERV_NESTED_VIRT': cpu is not None}.items() if needed}


def outcome(found):
    if found.contradictions:
        return ('no',)
    if HYPERV in found.forbidden:
        return ('elsewhere',)
    return ('hyperv', set(found.required))


@pytest.mark.parametrize('machine', MACHINES)
@pytest.mark.parametrize('hypervisor', HYPERVISORS)
def test_every_combination_of_features_is_as_the_oracle_says(
        machine, hypervisor):
    cases = 0
    for rest in itertools.product(SYSTEMS, SWITCHES, SWITCHES, GUARDED,
                                  GUARDED, CPU):
        system, by_image, by_flavor, vtpm, shielded, cpu = rest
        found = requirements.of(
            flavor(present(os__secure_boot=by_flavor, hw__cpu_features=cpu)),
            present(hw_machine_type=machine, img_hv_type=hypervisor,
                    os_type=system, os_secure_boot=by_image, os_vtpm=vtpm,
                    os_shielded_vm=shielded))
        assert outcome(found) == oracle(machine, hypervisor, *rest), rest
        cases += 1
    assert cases == 2700


@pytest.mark.parametrize('cpu', ['vmx', 'VMX, aes', 'aes,vmx'])
def test_an_image_may_ask_for_nested_virtualization_too(cpu):
    found = requirements.of(flavor(), {'hw_cpu_features': cpu})
    assert 'CUSTOM_HYPERV_NESTED_VIRT' in found.required


def test_other_cpu_features_ask_for_nothing_and_are_told():
    found = requirements.of(flavor({'hw:cpu_features': 'novmx,AES'}),
                            {'hw_cpu_features': 'vmx,avx'})
    assert found.ignored == (
        'flavor hw:cpu_features=novmx,aes: Hyper-V hosts look for vmx only',
        'image hw_cpu_features=avx: Hyper-V hosts look for vmx only')
    assert requirements.of(
        flavor({'hw:cpu_features': 'novmx,aes'}), {}).required == frozenset()
    assert requirements.of(
        flavor({'hw:cpu_features': 'vmx'}), {}).ignored == ()


@pytest.mark.parametrize('guarded', ['os_vtpm', 'os_shielded_vm', None])
def test_windows_is_known_letter_by_letter(guarded):
    """The host would take the keys for Linux and start no Windows."""
    image = {'hw_machine_type': GEN2, 'os_secure_boot': 'required',
             **({guarded: 'required'} if guarded else {})}
    assert not requirements.of(flavor(), {**image, 'os_type': 'windows'}
                               ).contradictions
    words = requirements.of(
        flavor(), {**image, 'os_type': 'Windows'}).contradictions
    assert any('os_type=Windows' in one for one in words)


def test_survivable_features_are_asked_of_every_failover_owner():
    found = requirements.of(
        flavor({'hw:cpu_features': 'vmx'}),
        {'hw_machine_type': 'hyperv-gen2'},
        requirements.Rules(survivable=True))
    assert found.required == {HYPERV, 'CUSTOM_HYPERV_HA_GEN2',
                              'CUSTOM_HYPERV_HA_NESTED_VIRT'}


@pytest.mark.parametrize(('unmarked', 'expected'), [
    (requirements.Hypervisor.ANY, (set(), set())),
    (requirements.Hypervisor.HYPERV, ({HYPERV}, set())),
    (requirements.Hypervisor.OTHER, (set(), {HYPERV}))])
def test_an_image_that_names_no_hypervisor_goes_where_the_operator_says(
        unmarked, expected):
    found = requirements.of(
        flavor(), {}, requirements.Rules(unmarked=unmarked))
    assert (found.required, found.forbidden) == expected


def test_the_older_name_of_the_hypervisor_property_counts():
    assert requirements.of(
        flavor(), {'hypervisor_type': 'qemu'}).forbidden == {
        HYPERV}


# -- sizes

def refused_by_size(generation, vcpus, ram_mb):
    return {release for release, largest in LARGEST.items()
            if vcpus > largest[generation][0]
            or ram_mb > largest[generation][1] * 1024}


@pytest.mark.parametrize('generation', [1, 2])
@pytest.mark.parametrize('vcpus', [1, 64, 65, 240, 241, 1024, 1025, 2048,
                                   2049])
def test_sizes_keep_off_the_releases_that_end_below(generation, vcpus):
    for ram_gb, over_mb in itertools.product((1, 1024, 12288, 245760),
                                             (0, 1)):
        ram_mb = ram_gb * 1024 + over_mb
        found = requirements.of(flavor(vcpus=vcpus, ram_mb=ram_mb),
                                {'hw_machine_type': f'hyperv-gen{generation}'})
        expected = refused_by_size(generation, vcpus, ram_mb)
        assert found.refused_releases == expected
        assert bool(found.contradictions) == (len(expected) == 5)


@pytest.mark.parametrize(('machine', 'root_gb', 'image', 'fine'), [
    ('hyperv-gen1', 2048, {}, True), ('hyperv-gen1', 2049, {}, False),
    ('hyperv-gen2', 65536, {}, True), ('hyperv-gen2', 65537, {}, False),
    ('hyperv-gen1', 2040, {'disk_format': 'vhd'}, True),
    ('hyperv-gen1', 2041, {'disk_format': 'vhd'}, False),
    ('hyperv-gen1', 2041, {'disk_format': 'vhdx'}, True),
    ('hyperv-gen2', 1, {'disk_format': 'vhd'}, False),
    ('hyperv-gen2', 1, {'disk_format': 'vhdx'}, True)])
def test_root_disks_end_by_generation_and_format(machine, root_gb, image,
                                                 fine):
    found = requirements.of(flavor(root_gb=root_gb),
                            {'hw_machine_type': machine, **image},
                            requirements.Rules(vhd_is_vhd=True))
    assert bool(found.contradictions) is not fine


def test_vhd_says_nothing_unless_the_operator_means_it():
    found = requirements.of(flavor(), {'hw_machine_type': 'hyperv-gen2',
                                       'disk_format': 'vhd'})
    assert found.contradictions == ()


def test_the_root_disk_of_a_server_on_a_volume_is_not_judged():
    image = {'hw_machine_type': 'hyperv-gen1'}
    assert requirements.of(flavor(root_gb=9999), image).contradictions
    assert not requirements.of(flavor(root_gb=9999), image,
                               boots_from_volume=True).contradictions


GEN1, GEN2 = 'hyperv-gen1', 'hyperv-gen2'


@pytest.mark.parametrize(('machine', 'buses', 'config_drive', 'fine'), [
    # All on the one SCSI controller of 64 slots, but for generation 1's root.
    (GEN1, 64 * ('',), False, True), (GEN1, 65 * ('',), False, False),
    (GEN1, 64 * ('',), True, True),
    (GEN2, 63 * ('',), False, True), (GEN2, 64 * ('',), False, False),
    (GEN2, 62 * ('SCSI',), True, True), (GEN2, 63 * ('SCSI',), True, False),
    # Two IDE controllers of two; one slot each for root and config drive.
    (GEN1, 3 * ('IDE',), False, True), (GEN1, 4 * ('IDE',), False, False),
    (GEN1, 2 * ('IDE',), True, True), (GEN1, 3 * ('IDE',), True, False),
    (GEN1, (*3 * ('IDE',), *64 * ('SCSI',)), False, True),
    (GEN2, ('IDE',), False, False),
    # The driver compares letter by letter.
    (GEN1, ('ide',), False, False), (GEN2, ('scsi',), False, False),
    (GEN2, ('virtio',), False, False)])
def test_every_disk_has_a_slot_of_its_bus(machine, buses, config_drive, fine):
    found = requirements.of(flavor(), {'hw_machine_type': machine},
                            disks=requirements.Disks(buses, config_drive))
    assert bool(found.contradictions) is not fine, found.contradictions


def driver_takes(generation, buses, config_drive):
    """compute-hyperv block_device_manager.py, validate_and_update_bdi."""
    slots = {'IDE': [2, 2], 'SCSI': [64]}
    if config_drive and generation == 1:
        slots['IDE'][1] -= 1

    def take(bus):
        for number, left in enumerate(slots[bus]):
            if left:
                slots[bus][number] -= 1
                return True
        return False

    valid = ('IDE', 'SCSI') if generation == 1 else ('SCSI',)
    if not take('IDE' if generation == 1 else 'SCSI'):
        return False
    for bus in buses:
        if (bus or 'SCSI') not in valid or not take(bus or 'SCSI'):
            return False
    return not (config_drive and generation == 2 and not slots['SCSI'][0])


@settings(deadline=None)
@given(st.sampled_from((1, 2)), st.booleans(), st.tuples(
    st.integers(0, 70), st.integers(0, 70), st.integers(0, 5)),
    st.sampled_from(((), ('ide',), ('virtio',))), st.randoms())
def test_disks_are_counted_as_the_driver_counts(generation, config_drive,
                                                counts, others, order):
    buses = [bus for bus, count in zip(('', 'SCSI', 'IDE'), counts,
                                       strict=True) for _ in range(count)]
    buses.extend(others)
    order.shuffle(buses)
    found = requirements.of(
        flavor(), {'hw_machine_type': f'hyperv-gen{generation}'},
        disks=requirements.Disks(tuple(buses), config_drive))
    assert bool(found.contradictions) is not driver_takes(
        generation, buses, config_drive)


def test_too_many_disks_are_told_with_numbers():
    found = requirements.of(flavor(), {'hw_machine_type': GEN2},
                            disks=requirements.Disks(64 * ('',),
                                                     config_drive=True))
    assert found.contradictions == (
        '65 disks and a config drive with image hw_machine_type=hyperv-gen2: '
        '66 of them on SCSI, which has 64 slots',)


@pytest.mark.parametrize('disk_format', ['qcow2', 'raw', 'vmdk', 'ami',
                                         'VHDX'])
def test_images_hyper_v_cannot_boot_stay_off_it(disk_format):
    image = {'disk_format': disk_format}
    assert requirements.of(flavor(), image).forbidden == {HYPERV}
    assert requirements.of(flavor(), {**image, 'img_hv_type': 'hyperv'}
                           ).contradictions == (
        f'image disk_format={disk_format}: Hyper-V boots from vhd, vhdx, '
        'iso',)
    assert not requirements.of(
        flavor(), image, boots_from_volume=True).forbidden
    assert not requirements.of(
        flavor(), image, requirements.Rules(disk_formats=())).forbidden


@pytest.mark.parametrize('disk_format', ['vhd', 'vhdx', 'iso', ''])
def test_images_hyper_v_boots_from_may_go_there(disk_format):
    found = requirements.of(flavor(), {'disk_format': disk_format})
    assert not found.forbidden and not found.contradictions


def test_builds_are_forbidden_only_where_the_trait_exists():
    found = requirements.of(
        flavor(vcpus=300), {'hw_machine_type': 'hyperv-gen2'})
    assert found.forbidden_among(
        [f'CUSTOM_HYPERV_BUILD_{build}' for build in (
            9600, 14393, 17763, 17784, 20348, 25398, 26100)]
        + [HYPERV, 'CUSTOM_HYPERV_BUILD_X', 'HW_CPU_X86_VMX']) == {
            f'CUSTOM_HYPERV_BUILD_{build}'
            for build in (9600, 14393, 17763, 17784)}


# -- RemoteFX

def unsaid_mb(resolution, heads, generation):
    """Video memory that no os:vram says: the most any release takes."""
    return max((NEEDED_MB[release][resolution][heads - 1]
                for release, table in MONITORS.items()
                if table.get(resolution, 0) >= heads
                and not (release == 9600 and generation == 2)), default=64)


@pytest.mark.parametrize('resolution', MONITORS[14393])
@pytest.mark.parametrize('generation', [1, 2])
def test_adapters_are_asked_where_resolution_and_monitors_go_together(
        resolution, generation):
    for heads, vram in itertools.product(range(1, 10),
                                         (None, '64', '1024')):
        found = requirements.of(
            flavor(present(os__resolution=resolution, os__vram=vram,
                           os__monitors=str(heads))),
            {'hw_machine_type': f'hyperv-gen{generation}'})
        expected = set(RELEASES) - {
            release for release, table in MONITORS.items()
            if table.get(resolution, 0) >= heads and not (
                release == 9600 and (generation == 2 or vram))}
        assert found.refused_releases == expected, (heads, vram)
        assert bool(found.contradictions) == (len(expected) == 5)
        if heads <= 8:
            width, height = resolution.split('x')
            need = min(n for n in (1, 2, 4, 6, 8) if n >= heads)
            assert found.gpu == requirements.GpuGroup(
                {'CUSTOM_REMOTEFX_ADAPTER': 1,
                 'CUSTOM_REMOTEFX_VRAM_MB': int(
                     vram or unsaid_mb(resolution, heads, generation))},
                frozenset((f'HW_GPU_RESOLUTION_W{width}H{height}',
                           f'HW_GPU_MAX_DISPLAY_HEADS_{need}',
                           'CUSTOM_HYPERV_REMOTEFX')))


def test_one_monitor_is_asked_when_their_number_is_not_said():
    found = requirements.of(flavor({'os:resolution': '3840x2160'}), {})
    assert not found.contradictions
    assert 'HW_GPU_MAX_DISPLAY_HEADS_1' in found.gpu.traits


@pytest.mark.parametrize(('before', 'after', 'refused'), [
    ({'os:resolution': '1024x768', 'os:vram': '512'},
     {'os:resolution': '1600x1200'}, True),
    ({'os:resolution': '1024x768', 'os:vram': '512'},
     {'os:resolution': '1600x1200', 'os:vram': '128'}, False),
    ({'os:resolution': '1024x768', 'os:vram': '512'}, {}, False),
    ({}, {'os:resolution': '1600x1200'}, False),
    ({'os:resolution': '1024x768'}, {'os:resolution': '1600x1200'}, False)])
def test_a_resize_may_not_leave_the_adapters_old_memory(before, after,
                                                        refused):
    why = requirements.keeps_vram(before, after)
    assert bool(why) == refused
    if refused:
        assert '512 MB' in why
        assert 'os:vram not set' in why


# -- words

@pytest.mark.parametrize(('specs', 'image', 'named'), [
    ({'os:secure_boot': 'required'}, {
        'os_secure_boot': 'disabled', 'hw_machine_type': 'hyperv-gen2',
        'os_type': 'linux'},
     ('os:secure_boot=required', 'os_secure_boot=disabled')),
    ({}, {'os_secure_boot': 'required', 'hw_machine_type': 'hyperv-gen1',
          'os_type': 'linux'},
     ('os_secure_boot=required', 'hw_machine_type=hyperv-gen1')),
    ({}, {'os_secure_boot': 'required', 'hw_machine_type': 'hyperv-gen2'},
     ('os_secure_boot=required', 'os_type=not set')),
    ({}, {'os_secure_boot': 'required', 'hw_machine_type': 'hyperv-gen2',
          'os_type': 'linux', 'os_vtpm': 'required'},
     ('os_vtpm=required', 'os_type=linux')),
    ({}, {'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows',
          'os_shielded_vm': 'required'},
     ('os_shielded_vm=required', 'os_secure_boot=not set')),
    ({'os:resolution': '1024x768'}, {'img_hv_type': 'kvm'},
     ('img_hv_type=kvm', 'os:resolution=1024x768')),
    ({'os:resolution': '2560x1600', 'os:monitors': '3'}, {},
     ('os:resolution=2560x1600', 'os:monitors=3', '2016 supports at most 2'))])
def test_a_contradiction_names_both_keys_and_values(specs, image, named):
    words = ' / '.join(requirements.of(flavor(specs), image).contradictions)
    for name in named:
        assert name in words, words


def test_what_each_size_meets_is_said():
    found = requirements.of(
        flavor(vcpus=65), {'hw_machine_type': 'hyperv-gen1'})
    assert 'flavor vcpus=65 with image hw_machine_type=hyperv-gen1' in (
        found.contradictions[0])


def test_each_required_trait_has_the_key_that_asked():
    found = requirements.of(flavor({'os:secure_boot': 'required'}), {
        'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows'})
    assert found.asked_by('CUSTOM_HYPERV_SECURE_BOOT') == (
        'flavor os:secure_boot=required')
    assert all(found.asked_by(trait) for trait in found.required)


# -- bad input

@pytest.mark.parametrize(('specs', 'image'), [
    ({'os:resolution': '1024x768', 'os:monitors': 'two'}, {}),
    ({'os:resolution': '1024x768', 'os:monitors': '-1'}, {}),
    ({'os:resolution': '1024x768', 'os:monitors': '0'}, {}),
    ({'os:resolution': '1024x768', 'os:monitors': '9' * 5000}, {}),
    ({'os:resolution': '1024x768', 'os:vram': '65'}, {}),
    ({'os:resolution': '1024X768'}, {}),
    ({}, {'os_vtpm': 'yes'}), ({}, {'os_shielded_vm': 'Required'}),
    ({}, {'hw_machine_type': 'hyperv-gen3'})])
def test_a_value_the_host_does_not_know_is_refused(specs, image):
    for key, value in {**specs, **image}.items():
        if value == '1024x768':
            continue
        words = ' '.join(requirements.of(flavor(specs), image).contradictions)
        assert f'{key}={value[:50]}' in words


@pytest.mark.parametrize('size', ['vcpus', 'ram_mb', 'root_gb'])
def test_a_size_that_is_no_number_is_a_fault(size):
    found = requirements.of(
        flavor(**{size: 'many'}), {'img_hv_type': 'hyperv'})
    assert found.contradictions == (
        f'flavor {size}=many is not a whole number',)


def test_64_kb_of_properties_make_no_long_message():
    image = {key: 'x' * 65536 for key in (
        'hw_machine_type', 'os_secure_boot', 'os_vtpm', 'os_shielded_vm',
        'os_type', 'hw_cpu_features')}
    found = requirements.of(flavor({'os:resolution': 'x' * 65536}),
                            {'img_hv_type': 'hyperv', **image})
    assert found.contradictions
    assert sum(map(len, found.contradictions)) < 2000


KEYS = ('hw_machine_type', 'os_secure_boot', 'os_vtpm', 'os_shielded_vm',
        'os_type', 'img_hv_type', 'hypervisor_type', 'hw_cpu_features',
        'disk_format', 'os:secure_boot', 'os:resolution', 'os:monitors',
        'os:vram', 'hw:cpu_features')
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(),
    st.binary(max_size=5), st.lists(st.integers(), max_size=2),
    st.sampled_from(('required', 'hyperv', 'hyperv-gen2', 'windows',
                     '1024x768', '٣', '²', '1_0', ' 2 ', '\x00')))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JUNK),
       st.dictionaries(st.sampled_from(KEYS), JUNK),
       st.dictionaries(st.sampled_from(
           ('vcpus', 'ram_mb', 'root_gb', 'ephemeral_gb')), JUNK),
       st.sampled_from(requirements.Hypervisor), st.booleans())
def test_junk_raises_nothing_and_never_asks_the_impossible(
        specs, image, sizes, unmarked, switch):
    found = requirements.of(
        {**sizes, 'extra_specs': specs}, image,
        requirements.Rules(unmarked, survivable=switch, vhd_is_vhd=switch))
    assert not (HYPERV in found.required and HYPERV in found.forbidden)
    assert all(isinstance(words, str) and words
               for words in found.contradictions)
    if not found.contradictions:
        assert len(found.refused_releases) < 5


@pytest.mark.parametrize('specs', [None, 'x', 7, ['a']])
def test_extra_specs_that_are_no_mapping_ask_for_nothing(specs):
    assert requirements.of({'extra_specs': specs}, {}).required == frozenset()
