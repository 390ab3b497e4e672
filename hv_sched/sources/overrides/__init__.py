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


"""What only an operator decides, in files of its own.

Beside a source that a collector writes: homes, reserves, what is closed on
purpose. ``read`` loads the files, ``apply`` puts them on a source's facts.
"""

from collections.abc import Iterable

from hv_sched import exception
from hv_sched.sources import files
from hv_sched.sources import static
from hv_sched.sources.overrides.form import Overrides
from hv_sched.sources.overrides.form import read as read_document
from hv_sched.sources.overrides.form import unreadable
from hv_sched.sources.overrides.merge import apply

__all__ = ('Overrides', 'apply', 'read')


def read(paths: Iterable[str]) -> Overrides:
    """The overrides in files, and in all YAML files of folders, together.

    Raises nothing: a file that cannot be read makes them incomplete.
    """
    overrides = Overrides()
    for path in paths:
        for part in _of_path(path):
            overrides += part
    return overrides


def _of_path(path: str) -> list[Overrides]:
    try:
        names = files.of(path, static.ENDINGS)
    except exception.InvalidFacts as exc:
        return [unreadable(path, str(exc))]
    return list(map(_of_file, names))


def _of_file(name: str) -> Overrides:
    try:
        return read_document(name, static.parse(files.text(name)))
    except exception.InvalidFacts as exc:
        return unreadable(name, str(exc))
