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

"""What a stamp writes on an image, and what it takes back."""

from hypothesis import given
from hypothesis import strategies as st

from hv_sched.compatibility import stamp

TRAITS = st.sampled_from(['CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN2',
                          'CUSTOM_HYPERV_VTPM', 'CUSTOM_GOLD'])
WANTED = st.frozensets(TRAITS)
IMAGES = st.dictionaries(
    st.one_of(TRAITS.map('trait:{}'.format), st.just('os_vtpm')),
    st.sampled_from(['required', 'forbidden']))


def after(image, changes):
    """What Glance makes of the patch, RFC 6902."""
    found = dict(image)
    for change in changes:
        patch = change.patch
        key = patch['path'].removeprefix('/')
        assert (patch['op'] == 'add') == (key not in found), patch
        if patch['op'] == 'remove':
            del found[key]
        else:
            found[key] = patch['value']
    return found


@given(IMAGES, WANTED)
def test_a_stamp_taken_back_leaves_the_image_as_it_was(image, wanted):
    stamped = after(image, stamp.plan(image, wanted))
    assert after(stamped, stamp.plan(stamped, ())) == image


@given(IMAGES, WANTED, WANTED)
def test_a_later_stamp_is_as_if_it_were_the_first(image, first, second):
    once = after(image, stamp.plan(image, second))
    twice = after(image, stamp.plan(image, first))
    assert after(twice, stamp.plan(twice, second)) == once


@given(IMAGES, WANTED)
def test_stamping_again_writes_nothing(image, wanted):
    stamped = after(image, stamp.plan(image, wanted))
    assert stamp.plan(stamped, wanted) == []


@given(IMAGES, WANTED)
def test_all_that_is_wanted_is_said_unless_somebody_said_otherwise(
        image, wanted):
    stamped = after(image, stamp.plan(image, wanted))
    for trait in wanted:
        key = f'trait:{trait}'
        assert stamped[key] == image.get(key, 'required')


def test_what_somebody_changed_since_is_theirs():
    image = {'hv_sched_stamped': 'CUSTOM_A,CUSTOM_B',
             'trait:CUSTOM_A': 'required', 'trait:CUSTOM_B': 'forbidden'}
    assert after(image, stamp.plan(image, ())) == {
        'trait:CUSTOM_B': 'forbidden'}


def test_changes_read_as_they_are():
    changes = stamp.plan({'hv_sched_stamped': 'CUSTOM_A',
                          'trait:CUSTOM_A': 'required'}, ['CUSTOM_B'])
    assert list(map(str, changes)) == [
        '+ trait:CUSTOM_B=required', '- trait:CUSTOM_A',
        '+ hv_sched_stamped=CUSTOM_B']
