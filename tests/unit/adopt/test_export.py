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

"""What an export must be before a retire believes it."""

import json
import os

import pytest

from hv_sched import exception
from hv_sched.adopt import export

NODE = '11111111-2222-4333-8444-555555555555'
WHERE = f'providers.{NODE}.inventories.DISK_GB.allocation_ratio'


def document(ratio=1.5, **fields):
    return {'hv_sched_export': 1, 'providers': {NODE: {
        'name': 'hv01', 'inventories': {
            'DISK_GB': {'total': 500, 'allocation_ratio': ratio}}}},
        **fields}


def refusal(tmp_path, content):
    path = tmp_path / 'export.json'
    path.write_text(content if isinstance(content, str)
                    else json.dumps(content))
    with pytest.raises(exception.InvalidConfig) as caught:
        export.load(str(path))
    told = str(caught.value)
    assert told.startswith(str(path)) and len(told) < 400
    return told


@pytest.mark.parametrize('ratio', [1e-7, 0.5, 1, 16.0, 10000])
def test_a_ratio_that_a_node_may_have_is_read(tmp_path, ratio):
    path = tmp_path / 'export.json'
    path.write_text(json.dumps(document(ratio)))
    assert export.load(str(path)).ratios == {NODE: ratio}


@pytest.mark.parametrize('ratio,shown', [
    (float('nan'), 'nan'), (float('inf'), 'inf'), (-1, '-1'), (0, '0'),
    (-float('inf'), '-inf'), (10001, '10001'), (True, 'true'),
    ('1.5', "'1.5'"), (None, 'empty'), ([1.5], 'a list'),
    (10 ** 400, 'a number of more than 30 digits')])
def test_any_other_ratio_is_refused_with_its_place(tmp_path, ratio, shown):
    told = refusal(tmp_path, document(ratio))
    assert (f'{WHERE} is {shown}, but has to be a number above 0 and at '
            'most 10000') in told


@pytest.mark.parametrize('content,words', [
    ('', 'is not valid JSON'),
    ('null', 'is not an export'),
    ('[]', 'is not an export'),
    ('{}', 'is not an export'),
    ('{"hv_sched_export": 1', 'is not valid JSON'),
    ('[' * 100000, 'is nested too deep'),
    ('{"a":' * 100000, 'is nested too deep'),
    ('{"hv_sched_export": 1, "hv_sched_export": 1}', 'twice'),
    (document(hv_sched_export=2), 'an export of version 2, not 1'),
    (document(hv_sched_export=True), 'an export of version true, not 1'),
    (document(providers=[]), 'providers is a list, but has to be a mapping'),
    (document(providers={NODE: 1}),
     f'providers.{NODE} is 1, but has to be a mapping'),
    (document(providers={NODE: {}}),
     f'providers.{NODE}.inventories is empty, but has to be a mapping'),
    (document(providers={NODE: {'inventories': {'DISK_GB': []}}}),
     f'providers.{NODE}.inventories.DISK_GB is a list, but has'),
])
def test_what_is_no_export_is_refused_with_the_reason(tmp_path, content,
                                                      words):
    assert words in refusal(tmp_path, content)


def test_a_provider_without_a_disk_has_no_ratio(tmp_path):
    path = tmp_path / 'export.json'
    path.write_text(json.dumps(document(providers={
        NODE: {'inventories': {}}})))
    assert export.load(str(path)).ratios == {}


def test_a_pipe_is_refused_without_waiting(tmp_path):
    path = str(tmp_path / 'pipe')
    os.mkfifo(path)
    with pytest.raises(exception.InvalidConfig, match='is a pipe, not a'):
        export.load(path)
