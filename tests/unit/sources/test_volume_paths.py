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

"""An instances_path leads to the volume whose folder it is in."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import model
from hv_sched.sources import volume_paths
from hv_sched.sources.volume_paths import Missing

GUID_1 = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000001'
GUID_10 = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000010'
GUID_OTHER = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000099'
VOLUME1 = model.Volume(GUID_1, 'Volume1')
VOLUME10 = model.Volume(GUID_10, 'Volume10')
VOLUMES = (VOLUME1, VOLUME10)


@pytest.mark.parametrize('text', [
    'Volume1', 'volume1', 'VOLUME1', GUID_1, GUID_1.upper(),
    f'{{{GUID_1}}}', f'\\\\?\\Volume{{{GUID_1}}}\\',
    f'\\\\?\\Volume{{{GUID_1.upper()}}}\\instances',
    f'//?/volume{{{GUID_1}}}/instances',
    'C:\\ClusterStorage\\Volume1', 'C:\\ClusterStorage\\Volume1\\',
    'C:\\ClusterStorage\\Volume1\\instances',
    'C:\\ClusterStorage\\Volume1\\instances\\',
    'c:/clusterstorage/volume1/instances/', 'C:/ClusterStorage\\VOLUME1',
    'C:\\ClusterStorage\\\\Volume1\\\\a\\b', 'D:\\ClusterStorage\\Volume1',
    '\\\\?\\C:\\ClusterStorage\\Volume1\\instances'])
def test_each_way_to_write_it_leads_to_the_volume(text):
    assert volume_paths.volume_of(text, VOLUMES) is VOLUME1


def test_a_path_is_compared_by_component():
    for path in ('C:\\ClusterStorage\\Volume10',
                 'C:\\ClusterStorage\\Volume10\\Volume1'):
        assert volume_paths.volume_of(path, VOLUMES) is VOLUME10
        assert volume_paths.volume_of(path, (VOLUME1,)) is Missing.UNKNOWN


def test_the_path_the_source_tells_is_what_counts():
    """A volume may be renamed without its folder, and the reverse."""
    moved = model.Volume(GUID_1, 'Gold',
                         path='C:\\ClusterStorage\\Volume7\\')
    assert volume_paths.volume_of(
        'c:/clusterstorage/volume7/instances', (moved, VOLUME10)) is moved
    assert volume_paths.volume_of(
        'C:\\ClusterStorage\\Gold', (moved, VOLUME10)) is Missing.UNKNOWN
    assert volume_paths.volume_of(
        'D:\\ClusterStorage\\Volume7', (moved,)) is Missing.UNKNOWN


def test_the_path_of_a_whole_drive_is_no_volumes_folder():
    odd = model.Volume(GUID_1, 'Volume1', path='C:\\')
    assert volume_paths.volume_of('C:\\instances', (odd,)) is (
        Missing.ELSEWHERE)


@pytest.mark.parametrize(('text', 'missing'), [
    ('D:\\OpenStack\\Instances', Missing.ELSEWHERE),
    ('C:\\ClusterStorage', Missing.ELSEWHERE), ('C:\\', Missing.ELSEWHERE),
    ('C:\\ClusterStorageX\\Volume1', Missing.ELSEWHERE),
    ('C:\\data\\ClusterStorage\\Volume1', Missing.ELSEWHERE),
    ('C:\\ClusterStorage\\Volume3\\instances', Missing.UNKNOWN),
    ('Volume3', Missing.UNKNOWN), (GUID_OTHER, Missing.UNKNOWN),
    (f'\\\\?\\Volume{{{GUID_OTHER}}}\\instances', Missing.UNKNOWN),
    ('\\\\files\\share\\instances', Missing.UNCLEAR),
    ('C:instances', Missing.UNCLEAR), ('ClusterStorage\\Volume1',
                                       Missing.UNCLEAR),
    ('%SystemDrive%\\ClusterStorage\\Volume1', Missing.UNCLEAR),
    ('C:\\x\\..\\ClusterStorage\\Volume1', Missing.UNCLEAR),
    ('', Missing.UNKNOWN)])
def test_what_leads_to_no_volume_says_why(text, missing):
    assert volume_paths.volume_of(text, VOLUMES) is missing


def test_a_name_that_is_another_volumes_guid_leads_to_neither():
    confusing = model.Volume(GUID_10, GUID_1)
    assert volume_paths.volume_of(GUID_1, (VOLUME1, confusing)) is Missing.TWO


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text):
    answer = volume_paths.volume_of(text, VOLUMES)
    assert isinstance(answer, Missing) or answer in VOLUMES


@given(st.sampled_from(VOLUMES), st.lists(st.sampled_from((
    'instances', 'Volume1', 'Volume10', 'a b')), max_size=3),
    st.sampled_from('\\/'), st.booleans())
def test_whatever_lies_below_a_volume_is_on_it(volume, below, slash, lower):
    path = slash.join(('C:', 'ClusterStorage', volume.name, *below))
    assert volume_paths.volume_of(
        path.lower() if lower else path, VOLUMES) is volume
