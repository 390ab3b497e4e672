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

"""What is wrong with the shares, and what would put it right. Pure.

One server, all it holds and what is known about its cluster go in, findings
come out. Audit, heal's second look and a dry run all ask the same function,
so what was shown is what is done.
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from hv_sched.audit import migration_shares
from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.held import as_text
from hv_sched.audit.held import copy_of
from hv_sched.audit.held import Held
from hv_sched.audit.held import without_disk
from hv_sched.compute.servers import BUILDING
from hv_sched.compute.servers import ERROR
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import OFFLOADED
from hv_sched.compute.servers import RESIZED
from hv_sched.compute.servers import Server
from hv_sched.placement import ids
from hv_sched.placement import names

_Changed = dict[str, dict[str, int]]
# Healing these takes nothing away, or Nova's migrations prove it.
_CERTAIN_IN_ERROR = (Code.MISSING, Code.LOST, Code.HELD, Code.CLOSED_NODE,
                     Code.EVACUATED, Code.OWNER_DIFFERS)


def healed(server: Server, held: Held, context: AuditContext,
           codes: Collection[Code]) -> Held:
    """What a server holds once its findings of these codes are healed."""
    for _step in Code:
        after = next((finding.after for finding in judge(
            server, held, context) if finding.code in codes
            and finding.consumer == server.uuid
            and finding.after is not None), None)
        if after is None or after == held:
            break
        held = after
    return held


def healed_migrations(server: Server, held: Held, context: AuditContext,
                      codes: Collection[Code]) -> dict[str, Held]:
    """What its open migrations hold then, as far as that is another thing.

    :param held: what the server holds once it is healed itself
    """
    return {finding.consumer: finding.after
            for finding in judge(server, held, context)
            if finding.code in codes and finding.server
            and finding.after is not None}


def judge(server: Server, held: Held, context: AuditContext
          ) -> Iterator[Finding]:
    """What is wrong with a server that stands still, and its migrations.

    :param held: all that it holds, or all of it in its cluster
    """
    if not server.known or server.vm_state == BUILDING:
        return
    findings = _findings(_Case(server, held, context))
    yield from (map(_cautious, findings) if server.vm_state == ERROR
                else findings)


def _cautious(finding: Finding) -> Finding:
    """Of a server in ERROR nobody knows where an operation ended.

    But where Nova's migrations say it.
    """
    if finding.code in _CERTAIN_IN_ERROR:
        return finding
    return dataclasses.replace(
        finding, after=None, remedy='nothing: the server is in ERROR, so '
        'where an operation ended is not known')


def _findings(case: '_Case') -> Iterator[Finding]:
    yield from case.elsewhere()
    if case.escrow:
        yield case.held_over()
    elif case.server.vm_state == RESIZED:
        # Sizes of both flavors, on both nodes, are right until confirmed.
        if not case.shares:
            yield from case.missing()
    elif not case.held:
        yield from case.lost()
    else:
        yield from case.node_part()
        yield from case.disk_part()
    yield from migration_shares.findings(
        case.server, case.shares, case.context)


class _Case:
    """One server; see judge."""

    def __init__(self, server: Server, held: Held, context: AuditContext
                 ) -> None:
        self.server = server
        self.context = context
        self.held = held
        self.node = context.node_of(server)
        self.owner = context.owner_of(server)
        self.shares = self._amounts(names.DISK_GB, context.volumes)
        self.on_nodes = self._amounts(names.DISK_GB, context.nodes)
        self.escrow = self._amounts(names.HELD_DISK_GB, context.volumes)

    def _amounts(self, resource_class: str, among: Collection[str]
                 ) -> dict[str, int]:
        return {provider: resources[resource_class]
                for provider, resources in self.held.items()
                if provider in among and resources.get(resource_class)}

    @property
    def needs(self) -> Needs:
        if self.server.vm_state == OFFLOADED:
            return Needs(0, {})
        return self.server.needs

    def held_over(self) -> Finding:
        return self._given_back(
            self.escrow, 'a move ended without giving the share back')

    def _given_back(self, escrow: Mapping[str, int], evidence: str
                    ) -> Finding:
        """A share and its escrow on one volume are one copy."""
        volume, gb = next(iter(sorted(escrow.items())))
        return self._finding(
            Code.HELD, volume, gb, evidence, 'it becomes the share again',
            self._with({v: max(escrow.get(v, 0), self.shares.get(v, 0))
                        for v in {**escrow, **self.shares}}))

    # -- nothing there

    def lost(self) -> Iterator[Finding]:
        gb, compute = self.needs.disk_gb, self.needs.compute
        # Needs that are not known are not known to be none.
        if not self._has_files() or gb == 0 and compute == {}:
            return
        volume = self._volume()
        after: _Changed | None = None
        remedy = (f'restore {gb} GB, and {as_text(compute or {})} on '
                  f'{self.server.node}')
        if self.node is None:
            remedy = 'nothing: its node is not in Placement; start '\
                     'nova-compute there and run "csv sync"'
        elif gb is None or compute is None:
            remedy = ('nothing: its flavor is not known, or asks for more '
                      'than processors, memory and disk')
        elif gb and volume is None:
            remedy = f'nothing: {_UNCERTAIN}'
        else:
            after = {self.node: dict(compute)}
            if gb and volume:
                after[volume] = {names.DISK_GB: gb}
        yield self._finding(
            Code.LOST, volume, gb or 0, f'it is on {self.server.node} and '
            'holds nothing', remedy, after)

    def missing(self) -> Iterator[Finding]:
        gb = self.needs.disk_gb
        if self._has_disk_anywhere():
            return
        escrow = migration_shares.escrow_of(self.server, gb, self.context)
        if escrow:
            yield self._given_back(
                escrow, 'only its migration shows what it holds')
            return
        if not self._has_files() or gb == 0:
            return
        volume = self._volume()
        after, remedy = None, f'restore {gb} GB'
        if gb is None:
            remedy = 'nothing: its flavor is not known, nor therefore its size'
        elif volume is None:
            remedy = f'nothing: {_UNCERTAIN}'
        else:
            after = self._with({volume: gb})
        yield self._finding(
            Code.MISSING, volume, gb or 0,
            f'it is on {self.server.node} and holds no share', remedy, after)

    def _volume(self) -> str | None:
        """The volume with its files, None when it is not certain."""
        return (migration_shares.volume_of(self.server, self.context)
                or self.context.volume_of(self.server, self.node))

    def _has_disk_anywhere(self) -> bool:
        return any(resources.get(names.DISK_GB)
                   for resources in self.held.values())

    def _has_files(self) -> bool:
        return self.server.node is not None and self.server.launched

    # -- the node's part

    def elsewhere(self) -> Iterator[Finding]:
        """Its cluster runs it on another node than Nova has it on."""
        if self.owner in (None, self.node) or not self._has_files():
            return
        yield self._finding(
            Code.OWNER_DIFFERS, self.owner, 0,
            f'its cluster runs it on {self.context.title(self.owner or "")}, '
            f'Nova has it on {self.server.node}',
            'nothing: nova-compute updates the host after a failover',
            None)

    def _unconfirmed(self) -> str:
        """Why the node's part may not follow it; empty when it may."""
        if self.owner is None:
            return ('nothing: the source does not state which node runs it '
                    'now; "csv heal --code wrong-node" goes by Nova alone'
                    if self.context.needs_owner else '')
        return '' if self.owner == self.node else (
            f'nothing: its cluster runs it on '
            f'{self.context.title(self.owner)}, and Nova has it on '
            f'{self.server.node}')

    def node_part(self) -> Iterator[Finding]:
        """Processors and memory on other nodes of the cluster."""
        parts = {node: without_disk(self.held[node])
                 for node in self.held if node in self.context.nodes}
        parts = {node: part for node, part in parts.items() if part}
        other_nodes = sorted(parts.keys() - {self.node})
        if (not other_nodes or self.node is None
                or self.server.uuid in self.context.waiting):
            return
        node_names = ', '.join(map(self.context.title, other_nodes))
        host = self.server.node
        doubt = self._unconfirmed()
        if self.node in parts:
            yield self._finding(
                Code.WRONG_NODE, other_nodes[0], 0,
                f'it is on {host} and also charged on {node_names}',
                doubt or f'release what it holds on {node_names}',
                None if doubt else self._moved(other_nodes, None))
            return
        if doubt:
            yield self._finding(
                Code.WRONG_NODE, other_nodes[0], 0,
                f'it is on {host} and charged on {node_names}', doubt, None)
            return
        certain = self._is_same_on(other_nodes)
        yield self._finding(
            Code.WRONG_NODE, other_nodes[0], 0,
            f'it is on {host} and charged on {node_names}',
            f'move {as_text(parts[other_nodes[0]])} to {host}' if certain else
            'nothing: it holds different amounts on several nodes, or its '
            'owner node is not known, or it holds something on providers '
            'that are not known to move along',
            self._moved(other_nodes, self.node) if certain else None)

    def _is_same_on(self, nodes: Collection[str]) -> bool:
        """Whether these nodes show all that has to move, and the same.

        On several of them, Nova alone is no proof: a failover that it missed
        is how they came to be several.
        """
        children = {ids.remotefx_uuid(node) for node in nodes}
        if self.held.keys() - self.context.volumes.keys() - children - set(
                nodes):
            return False  # they may be children of a node it left
        parts = [(without_disk(self.held[node]),
                  self.held.get(ids.remotefx_uuid(node))) for node in nodes]
        return len(parts) == 1 or (
            self.owner == self.node and parts.count(parts[0]) == len(parts))

    def _moved(self, other_nodes: list[str], to: str | None) -> _Changed:
        after = copy_of(self.held)
        for node in other_nodes:
            child = after.pop(ids.remotefx_uuid(node), {})
            part = after.pop(node)
            disk = part.pop(names.DISK_GB, 0)
            if disk:
                after[node] = {names.DISK_GB: disk}
            if to is not None:
                after.setdefault(to, {}).update(part)
                if child:
                    after[ids.remotefx_uuid(to)] = child
        return after

    # -- the disk's part

    def disk_part(self) -> Iterator[Finding]:
        if self.on_nodes:
            yield self._on_closed_node()
        elif not self.shares:
            yield from self.missing()
        elif len(self.shares) > 1:
            yield from self._several()
        else:
            yield from self._single_share()

    def _on_closed_node(self) -> Finding:
        node, gb = next(iter(sorted(self.on_nodes.items())))
        volume = (next(iter(self.shares)) if len(self.shares) == 1
                  else self.context.volume_of(self.server, node))
        after, remedy = None, f'nothing: {_UNCERTAIN}'
        if volume is not None and len(self.shares) <= 1:
            # One copy: what it holds on both is counted once.
            amount = max(*self.on_nodes.values(), 0,
                         self.shares.get(volume, 0))
            after = self._with({volume: amount})
            remedy = f'move it to {self.context.title(volume)}'
        return self._finding(
            Code.CLOSED_NODE, node, gb, "it is on the node's own disk",
            remedy, after)

    def _several(self) -> Iterator[Finding]:
        if self.server.uuid in self.context.waiting:
            return  # two copies until the former node has cleaned up
        shares = ', '.join(f'{self.shares[volume]} GB on '
                           f'{self.context.title(volume)}' for volume in
                           sorted(self.shares, key=self.context.title))
        by_moves = self.context.volume_by_moves(self.server.uuid, self.shares)
        keep = self.context.known_on.get(self.server.uuid, '')
        if isinstance(by_moves, str) and keep in ('', by_moves):
            yield self._evacuated(shares, by_moves, keep == by_moves)
            return
        proved = keep in self.shares
        volume = sorted(self.shares.keys() - {keep})[0]
        yield self._finding(
            Code.DOUBLED, volume, self.shares[volume], f'it holds {shares}',
            f'keep {self.context.title(keep)}, release the others'
            if proved else f'nothing: {_UNCERTAIN}',
            self._only({keep}) if proved else None)

    def _evacuated(self, shares: str, by_moves: str, is_listed: bool
                   ) -> Finding:
        """A share goes with its files; some drivers leave them for good.

        :param is_listed: the source lists all its files where moves say
        """
        title = self.context.title
        others = sorted(self.shares.keys() - {by_moves})
        left = [volume for volume in others
                if self.context.evacuation_leaves_disk(volume)]
        after: Held | None = self._only({by_moves})
        remedy = f'keep {title(by_moves)}, release the others'
        if left and not is_listed:
            after = None
            remedy = (f'nothing: Nova leaves the old disk on {title(left[0])} '
                      'for good; delete it there, and let the source list '
                      'the disks of the servers (vms)')
        return self._finding(
            Code.EVACUATED, others[0], self.shares[others[0]],
            f'it holds {shares}; its migrations say that its files are on '
            f'{title(by_moves)}', remedy, after)

    def _single_share(self) -> Iterator[Finding]:
        (volume, gb), = self.shares.items()
        flavor_gb = self.needs.disk_gb
        if flavor_gb is not None and gb != flavor_gb:
            yield self._finding(
                Code.WRONG_AMOUNT, volume, gb,
                f'its flavor takes {flavor_gb} GB' if flavor_gb else
                'it should hold no disk at all',
                f'make it {flavor_gb} GB' if flavor_gb else 'release it',
                self._with({volume: flavor_gb}))
        volume_of_files = self.context.known_on.get(self.server.uuid, volume)
        if (volume_of_files in self.context.volumes
                and volume_of_files != volume):
            yield self._finding(
                Code.WRONG_VOLUME, volume, gb, 'the source lists its files '
                f'on {self.context.title(volume_of_files)}',
                f'move it to {self.context.title(volume_of_files)}',
                self._with({volume_of_files: gb}))

    # -- values

    def _only(self, volumes: Collection[str]) -> _Changed:
        return self._with({volume: self.shares[volume]
                           for volume in volumes})

    def _with(self, shares: Mapping[str, int]) -> _Changed:
        """All it holds, with exactly these shares and no escrow."""
        after: _Changed = {
            provider: dict(resources)
            if not self._is_ours(provider) else without_disk(resources)
            for provider, resources in self.held.items()}
        for volume, gb in shares.items():
            if gb:
                after.setdefault(volume, {})[names.DISK_GB] = gb
        return {provider: part for provider, part in after.items() if part}

    def _is_ours(self, provider: str) -> bool:
        return (provider in self.context.volumes
                or provider in self.context.nodes)

    def _finding(self, code: Code, provider: str | None, gb: int,
                 evidence: str, remedy: str, after: Held | None) -> Finding:
        return Finding(code, self.server.uuid,
                       self.context.title(provider) if provider else '', gb,
                       evidence, remedy, after)


_UNCERTAIN = ('which volume has its files is not certain; a source that '
              'lists vms would tell')
