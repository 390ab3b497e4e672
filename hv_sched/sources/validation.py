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

"""What the form says of a file.

The envelope (version, collected_at) is checked for a whole file, each
cluster on its own, so that one bad cluster never takes others with it.
"""

from collections.abc import Iterator
import functools
import itertools
from typing import Any

import jsonschema

from hv_sched.sources import naming
from hv_sched.sources import powershell
from hv_sched.sources import schema
from hv_sched.sources import wording
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path

# More than this helps nobody to mend a cluster's description.
MAX_FAULTS = 20
# The form is six levels deep; the validator recurses as deep as the input.
MAX_DEPTH = 32
# What 16 clusters of 64 nodes and 8000 servers need, names counted; the time
# to check a file grows with what is in it.
MAX_VALUES = 2000000
MAX_CLUSTERS = 1000
# The largest mapping of the form has two dozen.
MAX_FIELDS = 1000
TOO_MANY_VALUES = ('has more than {} values; give each cluster a file of its '
                   'own in a folder')
TOO_MANY_FIELDS = 'has more than {} fields'
# No size, and no number of anything, needs more than 64 bits.
_MAX_NUMBER = 2 ** 63 - 1

Document = schema.Schema


@functools.cache
def _cluster_validator(version: int) -> Any:
    whole = schema.load(version)
    return jsonschema.Draft202012Validator(
        {'$ref': '#/$defs/cluster', '$defs': whole['$defs']})


@functools.cache
def _envelope_validator(version: int) -> Any:
    """The whole form, but with clusters that may be anything."""
    whole = schema.load(version)
    clusters = {name: value for name, value
                in whole['properties']['clusters'].items() if name != 'items'}
    return jsonschema.Draft202012Validator(
        {**whole, 'properties': {**whole['properties'],
                                 'clusters': clusters}})


def check_shape(document: Any) -> list[Fault]:
    """Why a document cannot even be looked into."""
    if document is None:
        return [Fault((), 'is empty')]
    refusal = powershell.refusal(document)
    if refusal:
        return [Fault((), refusal)]
    if not isinstance(document, dict):
        return [Fault((), f'is {naming.shown(document)}, but has to be a '
                      'mapping with version and clusters')]
    if _is_larger(document, MAX_VALUES):
        return [Fault((), TOO_MANY_VALUES.format(MAX_VALUES))]
    return []


def check_envelope(document: Document) -> list[Fault]:
    """What is wrong with a file apart from its clusters."""
    clusters = document.get('clusters')
    if isinstance(clusters, list) and len(clusters) > MAX_CLUSTERS:
        return [Fault(('clusters',), f'has more than {MAX_CLUSTERS} '
                      'clusters')]
    version = version_of(document)
    if 'version' in document and _known(document['version']) is None:
        return [Fault(
            ('version',), f'version {naming.shown(document["version"])} is '
            'not known; this release reads versions '
            f'{" and ".join(map(str, schema.VERSIONS))}')]
    shallow = {name: value for name, value in document.items()
               if name != 'clusters'}
    faults = list(itertools.islice(unusable(shallow), MAX_FAULTS))
    return faults or list(itertools.islice(_validate(
        _envelope_validator(version), document, 'file', version),
        MAX_FAULTS))


def version_of(document: Document) -> int:
    """The version of the form a document is in; the newest in doubt."""
    return _known(document.get('version')) or schema.VERSION


def _known(version: Any) -> int | None:
    """The version as a number; True equals 1 in Python, but is none."""
    return next((known for known in schema.VERSIONS
                 if known == version and version is not True), None)


def check_cluster(cluster: Any, version: int) -> Iterator[Fault]:
    """Everything that is wrong with the form of one cluster.

    :param cluster: nothing that ``unusable`` finds is left in it
    """
    return _validate(_cluster_validator(version), cluster, 'cluster', version)


def _validate(validator: Any, instance: Any, kind: str, version: int
              ) -> Iterator[Fault]:
    return (fault for error in validator.iter_errors(instance)
            for fault in wording.faults(error, instance, kind, version))


def _is_larger(document: Any, limit: int) -> bool:
    """Whether there are more values in a document than a limit."""
    todo, count = [document], 0
    while todo:
        value = todo.pop()
        if isinstance(value, dict | list):
            # Names count as values, as they do in YAML's events.
            count += len(value) * (2 if isinstance(value, dict) else 1)
            if count > limit:
                return True
            todo += value.values() if isinstance(value, dict) else value
    return False


def unusable(value: Any) -> Iterator[Fault]:
    """What the validator itself would stumble over."""
    todo: list[tuple[Path, Any]] = [((), value)]
    while todo:
        path, value = todo.pop()
        if len(path) > MAX_DEPTH:
            yield Fault(path[:3], 'is nested too deep')
        elif isinstance(value, dict) and len(value) > MAX_FIELDS:
            yield Fault(path, TOO_MANY_FIELDS.format(MAX_FIELDS))
        elif isinstance(value, dict):
            todo += [((*path, name), below) for name, below in value.items()
                     if isinstance(name, str)]
            yield from _odd_names(path, value)
        elif isinstance(value, list):
            todo += [((*path, i), below) for i, below in enumerate(value)]
        elif _is_huge(value):
            yield Fault(path, 'is a number of more than 64 bits',
                        wording.code_of(path))


def _odd_names(path: Path, value: dict[Any, Any]) -> Iterator[Fault]:
    for name in value:
        if not isinstance(name, str):
            yield Fault(path, 'has a field whose name is not text: '
                        f'{naming.shown(name)}', 'field-unknown')


def _is_huge(value: Any) -> bool:
    # NaN is not within any bounds, so it is refused here too.
    return (isinstance(value, int | float)
            and not -_MAX_NUMBER <= value <= _MAX_NUMBER)
