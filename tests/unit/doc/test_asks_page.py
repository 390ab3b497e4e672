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

"""The page of asks says of each release what is true."""

import pytest

from doc import asks_page
from hv_sched.features import catalogue
from hv_sched.features import windows_builds


def test_every_example_stands_where_it_belongs():
    for example in asks_page.ASKS:
        assert not example.asked().contradictions, example
    for example in asks_page.REFUSED:
        assert example.asked().contradictions, example


def test_the_page_has_every_key_trait_release_and_refusal():
    page = asks_page.page()
    for key in (*(f'{key}=' for key in (
            'hw_machine_type', 'os_secure_boot', 'os:secure_boot', 'os_type',
            'os_vtpm', 'os_shielded_vm', 'hw:cpu_features', 'hw_cpu_features',
            'os:resolution', 'os:monitors', 'os:vram', 'vcpus', 'ram_mb',
            'root_gb', 'ephemeral_gb', 'disk_format', 'disk_bus',
            'img_hv_type')), 'config drive'):
        assert key in page, key
    for feature in catalogue.CATALOGUE:
        assert not feature.keys or feature.trait in page, feature.name
    for build in windows_builds.BUILDS:
        assert build.product.removeprefix('Windows Server ') in page


def test_every_ask_is_answered_for_every_release():
    for example in asks_page.ASKS:
        cells = [asks_page.cell(example.asked(), build)
                 for build in windows_builds.BUILDS]
        assert len(cells) == 5
        for cell in cells:
            assert cell in ('yes', 'INTEL only') or (
                cell.startswith('no: ') and len(cell) > 20), cell


def test_each_kind_of_ask_alone_and_with_each_other_is_shown():
    """Each feature that stands by itself, then all that go together."""
    shown = {example.asked().required for example in asks_page.ASKS}
    for feature in catalogue.CATALOGUE:
        if feature.keys and feature is not catalogue.REMOTEFX:
            assert any(feature.trait in traits for traits in shown)
    together = {'CUSTOM_HYPERV_GEN2', 'CUSTOM_HYPERV_SECURE_BOOT',
                'CUSTOM_HYPERV_VTPM', 'CUSTOM_HYPERV_SHIELDED_VM',
                'CUSTOM_HYPERV_NESTED_VIRT'}
    assert any(together <= traits for traits in shown)


@pytest.mark.parametrize(('words', 'expected'), [
    ('``hw:cpu_features=vmx``',
     ('no', 'INTEL only', 'INTEL only', 'yes', 'yes')),
    ('``vcpus=240``, ``hw_machine_type=hyperv-gen2``',
     ('no', 'yes', 'yes', 'yes', 'yes')),
    ('``vcpus=2048``, ``hw_machine_type=hyperv-gen2``',
     ('no', 'no', 'no', 'no', 'yes')),
    ('``os:resolution=1024x768``, ``os:monitors=8``',
     ('no', 'yes', 'no', 'no', 'no')),
    ('``hw_machine_type=hyperv-gen2``, ``os_secure_boot=required``, '
     '``os_type=linux``', ('no', 'yes', 'yes', 'yes', 'yes'))])
def test_releases_answer_as_microsoft_says(words, expected):
    example = next(one for one in asks_page.ASKS
                   if one.words() == words)
    cells = [asks_page.cell(example.asked(), build)
             for build in windows_builds.BUILDS]
    assert tuple(cell.split(':')[0] for cell in cells) == expected
