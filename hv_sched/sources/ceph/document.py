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
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any
from typing import TypeAlias
import uuid

from hv_sched import exception
from hv_sched.sources import json
from hv_sched.sources import naming
from hv_sched.sources.ceph import exports
from hv_sched.sources.ceph import forms
from hv_sched.sources.ceph import images
from hv_sched.sources.ceph import pools

Raw: TypeAlias = dict[str, Any]
# The pools of the source, by the fsid of their Ceph cluster.
Published: TypeAlias = Mapping[str, Collection[str]]

_LISTS = ('cut_off_nodes', 'silent_nodes')

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
    published = _published(clusters)
    return {**content, 'clusters': [
        _cluster(cluster, f'clusters[{i}]', read, published)
        for i, cluster in enumerate(clusters)]}


def _published(clusters: list[Any]) -> Published:
    published: dict[str, set[str]] = {}
    for cluster in clusters:
        for volume in forms.volumes(cluster):
            if forms.is_pool(volume):
                published.setdefault(_fsid(volume), set()).add(
                    volume['pool'])
    return published


def _fsid(volume: Raw) -> str:
    return str(volume['fsid']).strip('{}').lower()


def _cluster(cluster: Any, path: str, read: Read, published: Published
             ) -> Any:
    volumes = cluster.get('volumes') if isinstance(cluster, dict) else None
    if not isinstance(volumes, list) or not any(map(forms.is_ours, volumes)):
        return cluster
    sections = cluster.get('sections')
    reports = dict(sections) if isinstance(sections, dict) else {}
    try:
        numbers = _volumes(cluster, volumes, path, read, published)
    except exception.InvalidFacts as exc:
        return {**cluster, 'volumes': [], 'sections': {
            **reports, 'volumes': {'error': str(exc)}}}
    described = {**cluster, 'volumes': numbers.volumes,
                 'sections': {**reports, 'volumes': numbers.report()}}
    return _with_vms(described, volumes, path, read)


def _volumes(cluster: Raw, volumes: list[Any], path: str, read: Read,
             published: Published) -> _Numbers:
    numbers = _Numbers()
    for i, volume in enumerate(volumes):
        if not forms.is_ours(volume):
            numbers.volumes.append(volume)
            continue
        place = f'{path}.volumes[{i}]'
        forms.check(volume, cluster, place)
        plain = {field: value for field, value in volume.items()
                 if field not in forms.FIELDS}
        facts, age = (
            _pool(volume, place, read, published[_fsid(volume)])
            if 'pool' in volume else _export(volume, cluster, place, read))
        numbers.volumes.append({
            **facts, **plain, **_united(facts, plain)})
        numbers.ages.append(age)
    return numbers


def _united(facts: Raw, plain: Raw) -> Raw:
    """Lists of nodes of which the files and the source each have some."""
    stated = {field: [plain[field]] if isinstance(plain[field], str)
              else plain[field] or [] for field in _LISTS
              if field in facts and field in plain}
    return {field: [*facts[field], *nodes] for field, nodes in stated.items()
            if isinstance(nodes, list)}


def volume_guid(fsid: str, pool: str) -> str:
    """What a pool is known by: the cluster it is in, and its name."""
    return str(uuid.uuid5(uuid.UUID(fsid.strip('{}')), pool))


def _pool(volume: Raw, place: str, read: Read, published: Collection[str]
          ) -> tuple[Raw, datetime.datetime]:
    pool = volume['pool']
    output = _file(volume, 'df', place, read)
    limit = _quota(volume, place, read) if 'quota' in volume else 0
    space = _placed(f'{place}.df: {volume["df"]}', lambda: pools.space(
        json.parse(output.text), pool, limit, published))
    former = {'identity': _guid(volume, volume['formerly'], place)} if (
        'formerly' in volume) else {}
    return {'guid': _guid(volume, pool, place), 'name': pool, **former,
            'size_bytes': space.size_bytes, 'free_bytes': space.free_bytes
            }, output.written_at


def _quota(volume: Raw, place: str, read: Read) -> int:
    output = _file(volume, 'quota', place, read)
    limit: int = _placed(
        f'{place}.quota: {volume["quota"]}', lambda: pools.quota_bytes(
            json.parse(output.text), volume['pool']))
    return limit


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
