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

"""A source whose volumes name files -> a source with their numbers. Pure.

What is wrong with a number makes its section fail: the volumes of that
cluster stay as they are, and close when that lasts. Everything else is left
to the checks of any source.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any
from typing import TypeAlias
import uuid

import jsonschema

from hv_sched import exception
from hv_sched.sources import json
from hv_sched.sources import naming
from hv_sched.sources.ceph import exports
from hv_sched.sources.ceph import images
from hv_sched.sources.ceph import pools

Raw: TypeAlias = dict[str, Any]

_TEXT = {'type': 'string', 'minLength': 1, 'maxLength': 1024}
_GUID = {'type': 'string', 'pattern': r'^\{?[0-9A-Fa-f-]{36}\}?\Z'}
_NONE: Raw = {'not': {}}
# Where the numbers of a pool, or of a shared directory, are.
_POOL = {'pool': _TEXT, 'fsid': _GUID, 'df': _TEXT, 'du': _TEXT,
         'quota': _TEXT, 'formerly': _TEXT}
_EXPORT = {'statvfs': _TEXT}
_FORMS = {
    'pool': {'type': 'object', 'required': ['pool', 'fsid', 'df'],
             'properties': {**_POOL, **dict.fromkeys(_EXPORT, _NONE)}},
    'statvfs': {'type': 'object', 'required': ['guid', 'name', 'statvfs'],
                'properties': {'guid': _GUID, 'name': _TEXT, **_EXPORT,
                               **dict.fromkeys(_POOL, _NONE)}}}
_OURS = frozenset((*_POOL, *_EXPORT))


@dataclasses.dataclass(frozen=True)
class Output:
    """:param written_at: when the file was written"""

    text: str
    written_at: datetime.datetime


Read: TypeAlias = Callable[[str], Output]


@dataclasses.dataclass
class _Numbers:
    """:param ages: of the files they are from"""

    volumes: list[Raw] = dataclasses.field(default_factory=list)
    ages: list[datetime.datetime] = dataclasses.field(default_factory=list)

    def report(self) -> Raw:
        return {'collected_at': min(self.ages).isoformat()} if (
            self.ages) else {}


def expanded(content: Any, read: Read) -> Any:
    """The source with numbers instead of the names of files.

    :param content: of any type; what is no source stays as it is
    :param read: a file that is named; raises InvalidFacts
    """
    clusters = content.get('clusters') if isinstance(content, dict) else None
    if not isinstance(clusters, list):
        return content
    return {**content, 'clusters': [
        _cluster(cluster, f'clusters[{i}]', read)
        for i, cluster in enumerate(clusters)]}


def _cluster(cluster: Any, path: str, read: Read) -> Any:
    volumes = cluster.get('volumes') if isinstance(cluster, dict) else None
    if not isinstance(volumes, list) or not any(map(_is_ours, volumes)):
        return cluster
    sections = cluster.get('sections')
    reports = dict(sections) if isinstance(sections, dict) else {}
    try:
        numbers = _volumes(cluster, volumes, path, read)
    except exception.InvalidFacts as exc:
        return {**cluster, 'volumes': [], 'sections': {
            **reports, 'volumes': {'error': str(exc)}}}
    described = {**cluster, 'volumes': numbers.volumes,
                 'sections': {**reports, 'volumes': numbers.report()}}
    return _with_vms(described, volumes, path, read)


def _is_ours(volume: Any) -> bool:
    return isinstance(volume, dict) and not _OURS.isdisjoint(volume)


def _volumes(cluster: Raw, volumes: list[Any], path: str, read: Read
             ) -> _Numbers:
    numbers = _Numbers()
    for i, volume in enumerate(volumes):
        if not _is_ours(volume):
            numbers.volumes.append(volume)
            continue
        place = f'{path}.volumes[{i}]'
        _check_form(volume, place)
        plain = {field: value for field, value in volume.items()
                 if field not in _OURS}
        expand = _pool if 'pool' in volume else _export
        facts, age = expand(volume, cluster, place, read)
        numbers.volumes.append({**facts, **plain})
        numbers.ages.append(age)
    return numbers


def _check_form(volume: Raw, place: str) -> None:
    form = _FORMS['pool' if 'pool' in volume or 'statvfs' not in volume
                  else 'statvfs']
    faults = [f'{_where(place, error)}: {_words(error)}' for error in
              jsonschema.Draft202012Validator(form).iter_errors(volume)]
    if faults:
        raise exception.InvalidFacts('; '.join(sorted(faults)))


def _where(place: str, error: jsonschema.ValidationError) -> str:
    return place + ''.join(f'.{step}' for step in error.absolute_path)


def _words(error: jsonschema.ValidationError) -> str:
    if error.validator == 'required':
        return str(error.message)
    if error.validator == 'not':
        return 'a pool has no statvfs, and a shared directory no pool'
    return f'{naming.shown(error.instance)} is not what this field takes'


def volume_guid(fsid: str, pool: str) -> str:
    """What a pool is known by: the cluster it is in, and its name."""
    return str(uuid.uuid5(uuid.UUID(fsid.strip('{}')), pool))


def _pool(volume: Raw, cluster: Raw, place: str, read: Read
          ) -> tuple[Raw, datetime.datetime]:
    pool = volume['pool']
    output = _file(volume, 'df', place, read)
    quota = (_file(volume, 'quota', place, read) if 'quota' in volume
             else None)
    space = _placed(f'{place}.df: {volume["df"]}', lambda: pools.space(
        json.parse(output.text), pool,
        json.parse(quota.text) if quota else None))
    former = {'identity': _guid(volume, volume['formerly'], place)} if (
        'formerly' in volume) else {}
    return {'guid': _guid(volume, pool, place), 'name': pool, **former,
            'size_bytes': space.size_bytes, 'free_bytes': space.free_bytes
            }, output.written_at


def _guid(volume: Raw, pool: str, place: str) -> str:
    return str(_placed(f'{place}.fsid', lambda: volume_guid(
        volume['fsid'], pool)))


def _export(volume: Raw, cluster: Raw, place: str, read: Read
            ) -> tuple[Raw, datetime.datetime]:
    output = _file(volume, 'statvfs', place, read)
    space = _placed(f'{place}.statvfs: {volume["statvfs"]}',
                 lambda: exports.directory(
                     output.text, naming.normal_guid(volume['guid']) or '',
                     _users(cluster, volume)))
    return {'size_bytes': space.size_bytes, 'free_bytes': space.free_bytes,
            'cut_off_nodes': list(space.cut_off),
            'silent_nodes': list(space.silent)}, space.collected_at


def _users(cluster: Raw, volume: Raw) -> list[str]:
    """The nodes whose home a directory is, or may be."""
    nodes = cluster.get('nodes')
    return [node['name'] for node in (
        nodes if isinstance(nodes, list) else ())
        if isinstance(node, dict) and isinstance(node.get('name'), str)
        and node.get('home', volume['name']) in (
            volume['name'], volume['guid'])]


def _with_vms(cluster: Raw, volumes: list[Any], path: str, read: Read
              ) -> Raw:
    """What servers keep in the pools, where every pool says so."""
    listed = [isinstance(volume, dict) and 'du' in volume
              for volume in volumes]
    if not any(listed):
        return cluster
    try:
        if not all(listed):
            raise exception.InvalidFacts(
                f'{path}.volumes[{listed.index(False)}] has no du, and '
                'others have: give it for each pool of the cluster, or none')
        numbers = _Numbers()
        vms = _vms(volumes, path, read, numbers)
    except exception.InvalidFacts as exc:
        return {**cluster, 'sections': {
            **cluster['sections'], 'groups': {'error': str(exc)}}}
    return {**cluster, 'vms': vms, 'sections': {
        **cluster['sections'], 'groups': numbers.report()}}


def _vms(volumes: list[Raw], path: str, read: Read, numbers: _Numbers
         ) -> list[Raw]:
    disks: dict[str, list[Raw]] = {}
    for i, volume in enumerate(volumes):
        place = f'{path}.volumes[{i}]'
        output = _file(volume, 'du', place, read)
        used = _usage(output, f'{place}.du: {volume["du"]}')
        numbers.ages.append(output.written_at)
        for server, usage in used.items():
            disks.setdefault(server, []).append({
                'volume': volume.get('name', volume['pool']),
                'provisioned_bytes': usage.provisioned_bytes,
                'actual_bytes': usage.actual_bytes})
    return [{'instance_uuid': server, 'disks': on_pools}
            for server, on_pools in sorted(disks.items())]


def _usage(output: Output, place: str) -> Mapping[str, images.Usage]:
    usage: Mapping[str, images.Usage] = _placed(
        place, lambda: images.usage(json.parse(output.text)))
    return usage


def _file(volume: Raw, field: str, place: str, read: Read) -> Output:
    output: Output = _placed(f'{place}.{field}: {volume[field]}',
                           lambda: read(volume[field]))
    return output


def _placed(place: str, work: Callable[[], Any]) -> Any:
    """:raises InvalidFacts: with the place before what is wrong there"""
    try:
        return work()
    except (exception.InvalidFacts, ValueError) as exc:
        raise exception.InvalidFacts(f'{place}: {exc}') from exc
