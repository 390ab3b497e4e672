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

"""Whatever bytes are in a file: facts or our own error, at bounded cost.

``corpus/<parser>/`` keeps what once failed; each is read on every run.
``pytest -m long tests/fuzz/test_files.py`` reads HV_SCHED_EXAMPLES (2000)
files of each kind, from a seed that it prints; HV_SCHED_SEED repeats them.
"""

import os
import random

import hypothesis
import pytest

from tests.fuzz import hostile
from tests.fuzz import parsers

each_parser = pytest.mark.parametrize(
    'parser', parsers.PARSERS, ids=lambda parser: parser.name)


@pytest.mark.parametrize('parser,path', [
    (parser, path) for parser in parsers.PARSERS
    for path in parser.corpus()], ids=lambda each: each.name)
def test_what_once_failed(parser, path):
    parsers.read(parser, path.read_bytes())


@each_parser
def test_a_file_that_is_whole_is_read(parser):
    for seed in parser.seeds:
        assert not any('is not valid' in text
                       for text in parsers.read(parser, seed))


@each_parser
def test_each_hostile_file(parser):
    for data in hostile.WHOLE:
        parsers.read(parser, data)


@each_parser
def test_each_hostile_value_in_the_first_places(parser):
    """Deterministic: the random ones may miss a place."""
    for data in hostile.spoilt(parser.seeds[-1], places=40):
        parsers.read(parser, data)


def _try(parser, settings, seed):
    @hypothesis.seed(seed)
    @settings
    @hypothesis.given(hostile.files(parser.seeds))
    def read(data):
        parsers.read(parser, data)
    read()


@each_parser
def test_spoilt_files(parser):
    _try(parser, hypothesis.settings(max_examples=50, database=None), 1)


@pytest.mark.long
@each_parser
def test_many_spoilt_files(parser):
    seed = int(os.environ.get('HV_SCHED_SEED')
               or random.getrandbits(32))
    examples = int(os.environ.get('HV_SCHED_EXAMPLES', '2000'))
    print(f'HV_SCHED_SEED={seed} HV_SCHED_EXAMPLES={examples}')
    _try(parser, hypothesis.settings(max_examples=examples, database=None),
         seed)
