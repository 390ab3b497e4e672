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

"""Every write of hv_sched's is compared with what it owns.

What stood before a write is read beside it, and everything that the write
changes must be ours by ``hv_sched.placement.ownership``. Tests that write in
another's place (Nova's, an operator's) use a client that is not watched.
"""

import collections.abc
import re
import typing
import uuid

import fixtures
from oslo_utils import importutils

from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement import transport

Body = dict[str, typing.Any]
_UUID = '([0-9a-f-]{36})'
_PART = re.compile(
    rf'/resource_providers/{_UUID}/(traits|inventories|aggregates)')
_PROVIDER = re.compile(rf'/resource_providers/{_UUID}')
_NAME = re.compile(r'/(traits|resource_classes)/(\w+)')
_GENERATION = 'resource_provider_generation'


class Watch(fixtures.Fixture):
    """Watches all transports for the time of a test.

    :param read: answers a GET of Placement, None for anything but 200; its
        requests must disturb nobody
    :param spares: whether a transport is that of somebody else
    :ivar violations: what changed that is not ours
    """

    def __init__(self, read: typing.Callable[[str], Body | None],
                 spares: typing.Callable[[typing.Any], bool] = (
                     lambda transport: False),
                 transports: collections.abc.Iterable[str] = (
                     'hv_sched.placement.keystone_transport.KeystoneTransport',)
                 ) -> None:
        super().__init__()
        self.violations: list[str] = []
        self._read = read
        self._spares = spares
        self._transports = tuple(transports)
        self._names: dict[str, str] = {}

    def _setUp(self) -> None:
        for path in self._transports:
            send = importutils.import_class(path).send
            self.useFixture(fixtures.MonkeyPatch(
                f'{path}.send', self._watched(send)))

    def _watched(self, send: typing.Callable[..., transport.Response]
                 ) -> typing.Callable[..., transport.Response]:
        def watched(sender: typing.Any, method: str, url: str,
                    body: typing.Any = None, *args: typing.Any,
                    **kwargs: typing.Any) -> transport.Response:
            if method == 'GET' or self._spares(sender):
                return send(sender, method, url, body, *args, **kwargs)
            before = self._before(method, url, body)
            response = send(sender, method, url, body, *args, **kwargs)
            if response.status < 300:
                self.violations += [
                    f'{method} {url}: {foreign} is not ours'
                    for foreign in self._foreign(method, url, body, before)]
            return response
        return watched

    def _before(self, method: str, url: str, body: typing.Any
                ) -> dict[str, Body | None]:
        """What stands under each URL that the write replaces."""
        if url == '/reshaper':
            urls = [f'/resource_providers/{uid}/inventories'
                    for uid in body['inventories']]
        elif _PART.fullmatch(url):
            urls = [url]
        else:
            if method == 'DELETE' and (match := _PROVIDER.fullmatch(url)):
                self._name(match[1])
            return {}
        for part in urls:
            self._name(part.split('/')[2])
        return {part: self._read(part) for part in urls}

    def _name(self, uid: str) -> str:
        if not self._names.get(uid):
            body = self._read(f'/resource_providers/{uid}')
            self._names[uid] = body['name'] if body else ''
        return self._names[uid]

    def _foreign(self, method: str, url: str, body: typing.Any,
                 before: dict[str, Body | None]
                 ) -> collections.abc.Iterator[str]:
        if match := _NAME.fullmatch(url):
            if not _ours_to_name(match[2]):
                yield match[2]
        elif url == '/resource_providers':
            self._names[body['uuid']] = body['name']
            yield from self._not_our_provider(body['uuid'])
        elif match := _PROVIDER.fullmatch(url):
            yield from self._not_our_provider(match[1])
        for part, there in before.items():
            _, _, uid, field = part.split('/')
            after = body['inventories'][uid] if url == '/reshaper' else body
            # Of another generation: somebody wrote between our two requests.
            if there and there[_GENERATION] == after[_GENERATION]:
                yield from self._changed(uid, field, there[field],
                                         after[field])

    def _not_our_provider(self, uid: str) -> collections.abc.Iterator[str]:
        if _kind(self._name(uid)) == 'node':
            yield f'provider {self._name(uid)}'

    def _changed(self, uid: str, field: str, before: typing.Any,
                 after: typing.Any) -> collections.abc.Iterator[str]:
        kind = _kind(self._name(uid))
        if field == 'traits':
            changed = set(before) ^ set(after)
            managed = names.CPU_MANAGED in {*before, *after}
            for trait in changed:
                if not _TRAITS[kind](trait, managed):
                    yield f'trait {trait} on a {kind}'
        elif field == 'aggregates':
            for aggregate in set(before) ^ set(after):
                if not _is_our_aggregate(kind, uid, aggregate):
                    yield f'aggregate {aggregate} of a {kind}'
        else:
            yield from _inventories(kind, before, after)


def _kind(name: str) -> str:
    if name.startswith(names.VOLUME_NAME_PREFIX):
        return 'volume'
    return 'child' if name.endswith(':remotefx') else 'node'


_TRAITS: dict[str, typing.Callable[[str, bool], bool]] = {
    'volume': lambda trait, managed: ownership.writable_on_volume(trait),
    'node': ownership.node_trait,
    'child': lambda trait, managed: ownership.child_trait(trait),
}


def _ours_to_name(name: str) -> bool:
    """Whether a trait or resource class may be made or unmade by us."""
    return (name in ownership.VOLUME_CLASSES | ownership.CHILD_CLASSES
            or any(owns(name, True) for owns in _TRAITS.values()))


def _is_our_aggregate(kind: str, uid: str, aggregate: str) -> bool:
    """Ours are derived (uuid5); a volume has its home's alone."""
    if kind == 'volume':
        return aggregate == ids.home_aggregate(uid)
    return uuid.UUID(aggregate).version == 5


def _inventories(kind: str, before: dict[str, Body], after: dict[str, Body]
                 ) -> collections.abc.Iterator[str]:
    classes = {'volume': ownership.VOLUME_CLASSES,
               'child': ownership.CHILD_CLASSES,
               'node': frozenset((names.DISK_GB,))}[kind]
    for resource_class in before.keys() | after.keys():
        old, new = (side.get(resource_class, {}) for side in (before, after))
        fields = {field for field in old.keys() | new.keys()
                  if old.get(field) != new.get(field)}
        if not fields:
            continue
        if resource_class not in classes or (
                kind == 'node' and fields != {'allocation_ratio'}):
            yield f'{resource_class} ({sorted(fields)}) of a {kind}'
