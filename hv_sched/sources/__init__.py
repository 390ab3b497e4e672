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

"""Where the facts about the clusters come from: files and folders."""

from collections.abc import Callable
import os
from typing import Any

from hv_sched import exception
from hv_sched import model
from hv_sched.sources import facts
from hv_sched.sources import files
from hv_sched.sources import json as json_source
from hv_sched.sources import static

_ENDINGS: dict[str, Callable[[str], Any]] = {
    '.yaml': static.parse,
    '.yml': static.parse,
    '.json': json_source.parse,
}
_TYPES: dict[str, tuple[str, ...]] = {
    'auto': tuple(_ENDINGS),
    'static': ('.yaml', '.yml'),
    'json': ('.json',),
}


def load(path: str, source_type: str = 'auto') -> model.Facts:
    """The facts in a file, or in all the files of a folder together.

    :param source_type: ``static`` (YAML) or ``json``, whatever a single
        file is called; ``auto`` goes by the ending of each file
    :raises InvalidFacts: nothing there can be used
    :raises InvalidConfig: there is no such type of source
    """
    if source_type not in _TYPES:
        raise exception.InvalidConfig(
            f'source_type {source_type!r} is not known; it is one of '
            f'{", ".join(_TYPES)}')
    documents: list[facts.Document] = []
    problems: list[model.Problem] = []
    for name in files.of(path, _TYPES[source_type]):
        try:
            documents.append(_document(name, source_type))
        except exception.InvalidFacts as exc:
            problems.append(model.Problem(None, name, str(exc)))
    return facts.read(documents, problems)


def _document(name: str, source_type: str) -> facts.Document:
    ending = os.path.splitext(name)[1].lower()
    if source_type != 'auto':
        ending = _TYPES[source_type][0]
    if ending not in _ENDINGS:
        raise exception.InvalidFacts(
            f'ends in none of {", ".join(_ENDINGS)}; say what it is with '
            'source_type')
    return facts.Document(name, _ENDINGS[ending](files.text(name)))
