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

"""The driver's own functions, where they run, judge the recorded answers and
any other text.
"""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from tests.unit.requirements import host_answers

pytest.importorskip('compute_hyperv', reason=(
    'compute-hyperv runs with nova 28 only: make test-2023.2; elsewhere its '
    'recorded answers are the measure'))

from tests.unit.requirements import compute_hyperv  # noqa: E402

TEXT = st.one_of(
    st.sampled_from(('', ' ', 'required', 'disabled', 'optional', 'vmx',
                     'aes,vmx', 'windows', 'linux', '1024x768', '3840x2160',
                     '2', '64', 'hyperv-gen1', 'hyperv-gen2', 'vhdx', 'iso')),
    st.text(max_size=4),
    st.builds(lambda word, before, after: f'{before}{word}{after}',
              st.sampled_from(('required', 'vmx', 'windows', '1024x768',
                               'hyperv-gen2', '8')),
              st.text(max_size=2), st.text(max_size=2)))
IMAGE_KEYS = ('hw_machine_type', 'os_secure_boot', 'os_vtpm', 'disk_format',
              'os_shielded_vm', 'os_type', 'hw_cpu_features',
              'logging_serial_port', 'interactive_serial_port')
SPEC_KEYS = ('os:secure_boot', 'os:resolution', 'os:monitors', 'os:vram',
             'hw:cpu_features')
BASES = st.sampled_from((host_answers.HYPERV, host_answers.GEN2,
                         host_answers.SECURE))


def test_the_recorded_answers_are_the_drivers():
    assert host_answers.as_text(compute_hyperv.record()) == (
        host_answers.TABLE.read_text())


@given(BASES, st.dictionaries(st.sampled_from(SPEC_KEYS), TEXT, max_size=4),
       st.dictionaries(st.sampled_from(IMAGE_KEYS), TEXT, max_size=4))
def test_any_text_means_what_the_driver_makes_of_it(base, specs, image):
    # Glance lets no image have an empty format.
    whole = {**base, **image, 'disk_format': image.get('disk_format')
             or 'vhdx'}
    host_answers.compare(specs, whole, compute_hyperv.answers(specs, whole))
