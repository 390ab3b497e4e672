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

"""Which compute-node provider is which node of a source.

Windows ignores case, and may tell a host's name with or without its domain
where Nova does the opposite. A match is only taken when it is the only one:
two nodes are never one provider, nor one node two.
"""

from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched import windows_names
from hv_sched.notices import Kind
from hv_sched.notices import Notice

# Longer names are cut: "NetBIOS name" in Microsoft's documentation.
_NETBIOS_LENGTH = 15


@dataclasses.dataclass(frozen=True)
class Matches:
    """:param uuids: provider uuid by the node's name in the source
    :param claimed: every provider that may be one of the nodes, also those
        that could not be told apart
    """

    uuids: Mapping[str, str]
    findings: tuple[Notice, ...]
    claimed: frozenset[str] = frozenset()


def match_nodes(clusters: Iterable[model.Cluster],
                providers: Mapping[str, str],
                standalone: Iterable[str] = ()) -> Matches:
    """Match the nodes of all clusters.

    :param providers: name by uuid, of the providers Nova's computes own
    :param standalone: names of nodes that are in no cluster on purpose: a
        near name makes none of them a node of a cluster
    """
    pairs = [(cluster.name, name) for cluster in clusters
             for name in _names(cluster)]
    index = _index(providers)
    candidates = {pair: _candidates(pair[1], index) for pair in pairs}
    takers: dict[str, list[str]] = {}
    for (_cluster, node), uuids in candidates.items():
        for uuid in uuids:
            takers.setdefault(uuid, []).append(node)
    claimed = frozenset(takers)
    apart = frozenset(map(windows_names.key, standalone))
    for uuid, name in providers.items():
        if windows_names.key(name) in apart:
            takers.setdefault(uuid, [])
    strays = _strays(providers, takers)
    uuids_by_node: dict[str, str] = {}
    findings = []
    for (cluster, node), uuids in candidates.items():
        reason, code = _why_not(node, uuids, takers, providers, strays)
        if reason:
            findings.append(Notice(cluster, node, Kind.SKIPPED, reason, code))
            continue
        uuids_by_node[node] = uuids[0]
        others = _similar(node, strays)
        if others:
            findings.append(Notice(
                cluster, node, Kind.NOTE,
                _also(providers[uuids[0]], others), 'node-similar-name'))
    return Matches(uuids_by_node, tuple(findings), claimed)


class SingleMatches:
    """Which provider a node of a source is, for many questions.

    :param providers: name by uuid
    """

    def __init__(self, providers: Mapping[str, str]) -> None:
        self._index = _index(providers)

    def provider_of(self, node: str) -> str | None:
        """The one provider a node can be, None when it is not one."""
        candidates = _candidates(node, self._index)
        return candidates[0] if len(candidates) == 1 else None


def _names(cluster: model.Cluster) -> Iterable[str]:
    """Of the nodes, those that are set aside, too."""
    yield from (node.name for node in cluster.nodes)
    yield from (item.name for item in cluster.set_aside
                if item.kind is model.ItemKind.NODE and item.name)


def _index(providers: Mapping[str, str]) -> dict[str, list[str]]:
    """Provider uuids by every name they may be called."""
    index: dict[str, list[str]] = {}
    for uuid, name in sorted(providers.items()):
        folded = windows_names.key(name)
        for key in {name, '=' + folded, '~' + windows_names.bare(folded)}:
            index.setdefault(key, []).append(uuid)
    return index


def _candidates(node: str, index: Mapping[str, list[str]]) -> list[str]:
    """Providers that may be meant, of the closest kind that has any.

    Two fully qualified names of different domains are different hosts.
    """
    folded = windows_names.key(node)
    for key in (node, '=' + folded):
        if key in index:
            return index[key]
    if '.' in node:
        return index.get('=' + windows_names.bare(folded), [])
    return index.get('~' + folded, [])


def _why_not(node: str, uuids: list[str],
             takers: Mapping[str, list[str]],
             providers: Mapping[str, str],
             strays: Mapping[str, list[str]]) -> tuple[str, str]:
    """Why a node cannot be matched, with its code; empty when it can."""
    if not uuids:
        others = _similar(node, strays)
        near = (f'. Nova has {", ".join(others)}: if that is this node, '
                'write its full name in the source' if others else '')
        return (f'Nova has no compute node of this name: it is left out until '
                f'its nova-compute has reported{near}', 'node-not-in-nova')
    if len(uuids) > 1:
        meant = ', '.join(sorted(providers[uuid] for uuid in uuids))
        return (f'Nova has several compute nodes it could be ({meant}): '
                f'write the full name in the source', 'node-ambiguous')
    rivals = [rival for rival in takers[uuids[0]] if rival != node]
    if rivals:
        return (f'it and {", ".join(sorted(rivals))} would both be Nova\'s '
                f'compute node {providers[uuids[0]]}: write the full names '
                f'in the source', 'node-ambiguous')
    return '', ''


def _strays(providers: Mapping[str, str], takers: Container[str]
            ) -> dict[str, list[str]]:
    """Names of compute nodes no node of the source is, by what a cluster
    tells of them: similar ones are told alike.
    """
    strays: dict[str, list[str]] = {}
    for uuid, name in providers.items():
        if uuid not in takers:
            strays.setdefault(_netbios(name), []).append(name)
    return strays


def _netbios(name: str) -> str:
    return windows_names.bare(windows_names.key(name))[:_NETBIOS_LENGTH]


def _similar(node: str, strays: Mapping[str, list[str]]) -> list[str]:
    """Those of the strays that may be a node of the source."""
    return sorted(name for name in strays.get(_netbios(node), ())
                  if are_similar(node, name))


def _also(matched: str, others: list[str]) -> str:
    return (f'it is taken for Nova\'s compute node {matched}, and '
            f'{", ".join(others)} may be the same host. Delete the compute '
            'service of the one that is gone; if it is another one that is '
            'meant, write its full name in the source')


def are_similar(name: str, other: str) -> bool:
    """Whether two different names may be of one host.

    With and without its domain, or cut at the 15 characters of a NetBIOS
    name, which is what a failover cluster tells of a node.
    """
    name, other = windows_names.key(name), windows_names.key(other)
    if name == other:
        return False
    if '.' in name and '.' in other and (
            name.partition('.')[2] != other.partition('.')[2]):
        return False
    short, longer = sorted(map(windows_names.bare, (name, other)), key=len)
    return short == longer or (
        len(short) == _NETBIOS_LENGTH and longer.startswith(short))
