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

"""A key means what compute-hyperv makes of its very text, and nothing else.

What the host refuses is refused before any host is tried; what it gives is
asked for; what it ignores asks for nothing and is named. Where it would
ignore a protection the user wrote, the server is refused: it would start
without.
"""

import pytest

from tests.unit.requirements import host_answers
from tests.unit.requirements.host_answers import of

HYPERV = 'CUSTOM_HYPERV'
ROWS = host_answers.recorded()


def test_each_key_means_what_the_host_was_recorded_to_make_of_it():
    assert len(ROWS) > 800
    for row in ROWS:
        host_answers.compare(row['specs'], row['image'], {
            host: row[host] for host in host_answers.RELEASES})


def test_the_recording_shows_each_answer():
    answers = [row['2016'] for row in ROWS]
    for field, values in (('refused', 5), ('generation', 2),
                          ('secure_boot', 2), ('guarded', 2), ('nested', 1),
                          ('remotefx', 6)):
        assert len({str(answer[field]) for answer in answers
                    if field in answer}) >= values, field


@pytest.mark.parametrize('key', ['os_shielded_vm', 'os_vtpm'])
def test_a_blank_after_required_never_starts_an_unprotected_server(key):
    found = of({}, {**host_answers.SECURE, key: 'required '})
    assert found.contradictions == (
        f'image {key}="required " is none of required, disabled, optional: '
        'a Hyper-V host would ignore it and start the server without',)
    assert 'CUSTOM_HYPERV_SHIELDED_VM' not in found.required


@pytest.mark.parametrize(('specs', 'image', 'ignored'), [
    ({'hw:cpu_features': 'aes, vmx'}, {},
     'flavor hw:cpu_features=aes, vmx: Hyper-V hosts find vmx between '
     'commas without blanks only'),
    ({'hw:cpu_features': 'avx,aes'}, {},
     'flavor hw:cpu_features=avx,aes: Hyper-V hosts look for vmx only'),
    ({'os:monitors': '2'}, {},
     'flavor os:monitors=2: without os:resolution Hyper-V hosts ignore it'),
    ({'os:vram': '65'}, {},
     'flavor os:vram=65: without os:resolution Hyper-V hosts ignore it'),
    ({'hyperv:remotefx': '1280x1024,2'}, {},
     'flavor hyperv:remotefx=1280x1024,2: Hyper-V hosts ignore it; '
     'os:resolution and os:monitors ask for RemoteFX'),
    ({}, {'hw_firmware_type': 'uefi'},
     'image hw_firmware_type=uefi: Hyper-V hosts ignore it; with image '
     'hw_machine_type=hyperv-gen1 (by default) the server is of generation '
     '1, which starts by BIOS. hw_machine_type=hyperv-gen2 starts by UEFI'),
    ({}, {'hw_firmware_type': 'bios', 'hw_machine_type': 'hyperv-gen2'},
     'image hw_firmware_type=bios: Hyper-V hosts ignore it; with image '
     'hw_machine_type=hyperv-gen2 the server is of generation 2, which '
     'starts by UEFI. hw_machine_type=hyperv-gen1 starts by BIOS')])
def test_what_the_host_ignores_asks_for_nothing_and_is_named(
        specs, image, ignored):
    found = of(specs, {**image, 'img_hv_type': 'hyperv'})
    assert found.ignored == (ignored,)
    assert not found.contradictions and found.gpu is None
    assert found.required <= {HYPERV, 'CUSTOM_HYPERV_GEN2'}


@pytest.mark.parametrize(('image', 'asked'), [
    ({'hw_firmware_type': 'uefi', 'hw_machine_type': 'hyperv-gen2'}, 'gen2'),
    ({'hw_firmware_type': 'bios'}, 'gen1')])
def test_firmware_that_fits_the_generation_needs_no_word(image, asked):
    assert of({}, {**image, 'img_hv_type': 'hyperv'}).ignored == ()


@pytest.mark.parametrize('text', ['hyperv ', ' HyperV', 'hyperv\t'])
def test_a_hypervisor_nova_does_not_know_is_refused_with_its_text(text):
    """Nova canonicalizes the case of img_hv_type and nothing else."""
    words, = of({}, {'img_hv_type': text}).contradictions
    assert f'img_hv_type="{text}"' in words
