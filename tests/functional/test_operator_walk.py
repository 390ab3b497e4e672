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

"""Commands in any order, killed anywhere, beside moves in flight.

``pytest -m long`` of this file walks HV_SCHED_EXAMPLES (100) longer ones from
a seed that it prints, and HV_SCHED_SEED walks them again.
"""

import os
import random

import pytest

from tests.functional import operator_walk


def test_walks():
    operator_walk.walk(seed=1, steps=12, examples=2)


@pytest.mark.long
def test_many_walks():
    seed = int(os.environ.get('HV_SCHED_SEED') or random.getrandbits(32))
    examples = int(os.environ.get('HV_SCHED_EXAMPLES', '100'))
    operator_walk.COUNTS.clear()
    print(f'HV_SCHED_SEED={seed} HV_SCHED_EXAMPLES={examples}')
    operator_walk.walk(seed, steps=40, examples=examples)
    print(dict(operator_walk.COUNTS))
