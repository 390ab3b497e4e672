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

"""JSON schemas that were sound once are not looked at again.

Placement calls ``jsonschema.validate``, which checks the schema itself
before each request's body or query: a sixth of the time of the functional
tests, for schemas that are constants.
"""

import functools
import json
from typing import Any

from jsonschema import validators

_MAX_SCHEMAS = 1000


def share() -> None:
    """Check each schema once in this process."""
    latest = validators.validator_for({})
    check = latest.check_schema

    @functools.lru_cache(_MAX_SCHEMAS)
    def check_text(text: str) -> None:
        check(json.loads(text))

    def check_schema(schema: Any, *arguments: Any, **options: Any) -> None:
        if arguments or options:
            return check(schema, *arguments, **options)
        return check_text(json.dumps(schema, sort_keys=True))

    latest.check_schema = staticmethod(check_schema)

