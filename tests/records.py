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

"""Keeps results in the JSON records that pages of doc/ are made of."""

import datetime
import fcntl
import json
import pathlib
from typing import Any


def today() -> str:
    """The date, for a result."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def read(path: pathlib.Path) -> dict[str, Any]:
    """What a record has; nothing when there is none yet."""
    return json.loads(path.read_text()) if path.exists() else {}


def keep(path: pathlib.Path, names: tuple[str, ...], result: Any) -> None:
    """Add a result to what others may have written meanwhile.

    :param names: where in the record, the outer name first
    """
    with open(path.with_suffix('.lock'), 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = place = read(path)
        for name in names[:-1]:
            place = place.setdefault(name, {})
        place[names[-1]] = result
        path.write_text(json.dumps(record, indent=1, sort_keys=True) + '\n')
