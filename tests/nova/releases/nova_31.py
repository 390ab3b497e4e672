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

"""nova 31 (2025.1) validates its own answers."""

from typing import Any

from tests.nova import releases

VALIDATES_ANSWERS = releases.RELEASE >= 31


def let_half_answers_through(case: Any) -> None:
    """Nova does not take its own answer for a cell that is down.

    :param case: a test of Nova's harness
    """
    if VALIDATES_ANSWERS:
        case.flags(response_validation='warn', group='api')
