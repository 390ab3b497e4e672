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

"""Whether each thing of a cluster can be told from all others.

What cannot is set aside. Where it is in doubt what belongs to the cluster,
all of it stays as it is.
"""

from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator

from hv_sched import drivers
from hv_sched import model
from hv_sched import windows_names
from hv_sched.drivers import Driver
from hv_sched.placement import names
from hv_sched.sources import naming
from hv_sched.sources import references
from hv_sched.sources import volume_sizes
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import NOT_ONLINE
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Cost
from hv_sched.sources.fault import Fault

Faults = Iterator[Fault]

_NIL_GUID = '00000000-0000-0000-0000-000000000000'
# Storage Spaces Direct keeps it for itself, on every cluster.
_NOBODYS = windows_names.key('ClusterPerformanceHistory')
NOBODYS_CODES = ('volume-too-small', 'volume-of-nobody')


def check(draft: Draft, resource_ids: frozenset[str]) -> Faults:
    """What is wrong with the identity of a cluster and its parts.

    :param resource_ids: of all volumes of the file, those that are GUIDs
    """
    yield from _cluster_guids(draft)
    yield from _nodes_once(draft)
    yield from _volume_guids(draft, resource_ids)
    yield from _volume_guids_once(draft)
    yield from _volume_names_once(draft)
    yield from _provider_names(draft)
    yield from _vms_once(draft)


def _cluster_guids(draft: Draft) -> Faults:
    for field in ('guid', 'identity'):
        if naming.normal_guid(draft.raw.get(field, '')) == _NIL_GUID:
            yield Fault((field,), _nil(draft.raw[field], _driver(draft)),
                        'guid-not-usable', Cost.CLUSTER)


def _nil(guid: str, driver: Driver) -> str:
    remedy = ('take the real one from Windows' if driver.has_windows_features
              else 'make one with uuidgen')
    return f'{guid!r} is nobody\'s GUID; {remedy}'


def _nodes_once(draft: Draft) -> Faults:
    nodes = dict(draft.items('nodes'))
    for i, first in _repeated((i, windows_names.key(node['name']))
                              for i, node in nodes.items()):
        yield Fault(
            ('nodes', i, 'name'),
            f'node {nodes[i]["name"]!r} is listed twice, first as '
            f'nodes[{first}] {nodes[first]["name"]!r}; '
            f'{_ignoring_case(draft)}: remove one', 'node-not-unique',
            Cost.CLUSTER)


def _volume_guids(draft: Draft, resource_ids: frozenset[str]) -> Faults:
    for i, volume in draft.items('volumes'):
        if 'guid' not in volume and volume.get('state') not in NOT_ONLINE:
            yield Fault(
                ('volumes', i), f'volume {volume["name"]!r} has no guid, and '
                'no state that says it is not online: '
                f'{_driver(draft).guid_remedy}', 'guid-not-usable', Cost.ITEM)
        for field in ('guid', 'identity'):
            guid = naming.normal_guid(volume.get(field, ''))
            reason = _why_unusable(volume, field, guid, resource_ids,
                                   _driver(draft))
            if reason:
                yield Fault(('volumes', i, field), reason, 'guid-not-usable',
                            Cost.ITEM)


def _why_unusable(volume: Raw, field: str, guid: str | None,
                  resource_ids: frozenset[str], driver: Driver) -> str:
    if guid == _NIL_GUID:
        return _nil(volume[field], driver)
    if guid in resource_ids:
        return (f'volume {volume["name"]!r} has as {field} the id of a '
                f'cluster resource, {guid}: take the GUID from '
                'Partition.Name, which is another one')
    return ''


def _volume_guids_once(draft: Draft) -> Faults:
    volumes = dict(draft.items('volumes'))
    for i, first in _repeated((i, guid) for i, volume in volumes.items()
                              if (guid := references.volume_guid(volume))):
        yield Fault(
            ('volumes', i, 'guid'),
            f'volume {volumes[i]["name"]!r} has the GUID of volumes[{first}] '
            f'{volumes[first]["name"]!r}: '
            f'{references.volume_guid(volumes[i])}; one volume is described '
            f'twice, or a GUID is copied: {_driver(draft).guid_remedy}',
            'guid-not-unique', Cost.CLUSTER)


def _volume_names_once(draft: Draft) -> Faults:
    volumes = dict(draft.items('volumes'))
    for i, first in _repeated((i, windows_names.key(volume['name']))
                              for i, volume in volumes.items()):
        message = (
            f'volume {volumes[i]["name"]!r} has the name of volumes[{first}] '
            f'{volumes[first]["name"]!r}; {_ignoring_case(draft)}: give '
            'each its own name')
        yield Fault(('volumes', i, 'name'), message, 'name-not-unique',
                    removes=(('volumes', i), ('volumes', first)))


def _driver(draft: Draft) -> Driver:
    return drivers.stated(draft.raw.get('driver')) or drivers.of(None)


def _ignoring_case(draft: Draft) -> str:
    """Why names that differ in case only are one.

    Placement's names are unique by its database's collation, and MariaDB's
    ignores case.
    """
    return ('Windows ignores case' if _driver(draft).ignores_case
            else 'Placement\'s database may ignore case')


def _provider_names(draft: Draft) -> Faults:
    for i, volume in draft.items('volumes'):
        name = names.volume_provider_name(draft.raw['name'], volume['name'])
        if len(name) > names.MAX_NAME_LENGTH:
            yield Fault(
                ('volumes', i, 'name'),
                f'volume {naming.shown(volume["name"])} would be called by '
                f'{len(name)} characters in Placement, which takes '
                f'{names.MAX_NAME_LENGTH}; shorten its name', 'name-too-long',
                Cost.ITEM)


def _vms_once(draft: Draft) -> Faults:
    vms = dict(draft.items('vms'))
    for field, form in (('instance_uuid', str.lower),
                        ('instance_name', windows_names.key)):
        for i, first in _repeated((i, form(vm[field]))
                                  for i, vm in vms.items() if field in vm):
            yield Fault(
                ('vms', i, field),
                f'vm {vms[i][field]} is listed twice, first as vms[{first}]; '
                'remove one', 'name-not-unique',
                removes=(('vms', i), ('vms', first)))


def _repeated(keys: Iterable[tuple[int, Hashable]]
              ) -> Iterator[tuple[int, int]]:
    """Places whose key was there before, and where."""
    first: dict[Hashable, int] = {}
    for i, key in keys:
        if first.setdefault(key, i) != i:
            yield i, first[key]


def check_unpublished(draft: Draft) -> Faults:
    """The volumes that are no place for servers: nothing is wrong there.

    A node whose home such a volume is contradicts that.
    """
    refs = references.References(draft)
    homes = {refs.home(node['home']) for _i, node in draft.items('nodes')
             if 'home' in node}
    is_only = len(draft.raw.get('volumes', ())) == 1
    for i, volume in draft.items('volumes'):
        is_home = is_only or references.volume_guid(volume) in homes
        fault = _too_small(i, volume, is_home) or (
            None if is_home else _of_nobody(i, volume))
        if fault:
            yield fault


def _too_small(i: int, volume: Raw, is_home: bool) -> Fault | None:
    size = volume_sizes.size_bytes(volume)
    if size is None or size >= model.GIB:
        return None
    message = (f'volume {volume["name"]!r} has {size} bytes, less than 1 GiB '
               f'({model.GIB} bytes), the least Placement counts')
    path = ('volumes', i)
    if is_home:
        return Fault(
            path, f'{message}, and is the home of a node: neither its size '
            'nor its free space is believed; check their unit',
            'size-not-believed', removes=tuple(
                (*path, field) for field in volume_sizes.FIELDS))
    return Fault(path, f'{message}: it is not published',
                 'volume-too-small', Cost.ITEM, is_note=True)


def _of_nobody(i: int, volume: Raw) -> Fault | None:
    if windows_names.key(volume['name']) != _NOBODYS:
        return None
    return Fault(
        ('volumes', i), f'volume {volume["name"]!r} is what Storage Spaces '
        'Direct keeps for itself, and no node\'s home: it is not published',
        'volume-of-nobody', Cost.ITEM, is_note=True)


