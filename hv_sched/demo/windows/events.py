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

"""What happens to a cluster on Windows, and what Placement makes of it.

The cluster of a source is simulated, hv_sched reads it over WinRM, and one
pass of what the agent does follows each event.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import pathlib

from keystoneauth1 import adapter
from oslo_config import cfg

from hv_sched import conf as options
from hv_sched import model
from hv_sched import sources
from hv_sched.demo import nodes
from hv_sched.demo.windows import lab
from hv_sched.demo.windows import simulated
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.providers import reconcile
from hv_sched.providers import settings

SERVER_GB = 200
FILLED_GB = 100
# What the request filters forbid to every new server.
_CLOSED = f'!{names.NO_NEW_DISKS},!{names.PAUSED}'
_SERVER_2019 = 17763


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What Placement answers after a pass.

    :param nodes: those that take a server of SERVER_GB with its disk on the
        volume
    :param failures: of the pass, by cluster
    """

    nodes: tuple[str, ...]
    offered_gb: int
    failures: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Event:
    """:param title: what is done, of a node or volume by its name
    :param happen: does it to a cluster's node and volume
    :param is_right: whether an outcome is, by the nodes of the cluster
    """

    title: str
    happen: Callable[[simulated.SimulatedCluster, str, str], None]
    is_right: Callable[[Outcome, tuple[str, ...]], bool]


def _nothing(cluster: simulated.SimulatedCluster, node: str, volume: str
             ) -> None:
    """Everything is as it was made."""


def _drain(cluster: simulated.SimulatedCluster, node: str, volume: str
           ) -> None:
    cluster.drain(node)


def _fill(cluster: simulated.SimulatedCluster, node: str, volume: str
          ) -> None:
    cluster.fill(volume, FILLED_GB * model.GIB)


def _take_offline(cluster: simulated.SimulatedCluster, node: str, volume: str
                  ) -> None:
    cluster.take_offline(volume)


def _put_right(cluster: simulated.SimulatedCluster, node: str, volume: str
               ) -> None:
    cluster.resume(node)
    cluster.bring_online(volume)
    cluster.fill(volume, cluster.volumes[volume].size_bytes)


EVENTS = (
    Event('as it is', _nothing,
          lambda outcome, all_nodes: outcome.nodes == all_nodes),
    Event('{node} is drained', _drain,
          lambda outcome, all_nodes: outcome.nodes == all_nodes[1:]),
    Event('{volume} has {filled} GB free left', _fill,
          lambda outcome, _: not outcome.nodes
          and 0 < outcome.offered_gb <= FILLED_GB),
    Event('{volume} goes offline', _take_offline,
          lambda outcome, _: not outcome.nodes and not outcome.offered_gb),
    Event('all of it is put right', _put_right,
          lambda outcome, all_nodes: outcome.nodes == all_nodes),
)


def as_simulated(cluster: model.Cluster) -> simulated.SimulatedCluster:
    """The cluster of a source, healthy and empty."""
    volumes = {volume.name: simulated.SimulatedVolume(
        volume.name, str(volume.guid),
        simulated.guid(cluster.guid, volume.guid), cluster.nodes[0].name,
        volume.size_bytes or 0, f'Cluster Disk {number}')
        for number, volume in enumerate(cluster.volumes, start=1)}
    homes = {volume.guid: volumes[volume.name].path
             for volume in cluster.volumes}
    first = next(iter(volumes.values())).path
    return simulated.SimulatedCluster(
        cluster.name, cluster.guid, {
            node.name: simulated.SimulatedNode(
                node.name, node.build or _SERVER_2019,
                instances_path=homes.get(node.home, first) + '\\instances')
            for node in cluster.nodes},
        volumes, functional_level=cluster.functional_level or 10)


def can_be_told(cluster: model.Cluster) -> bool:
    """Whether the events make sense: a volume that takes two servers."""
    return bool(cluster.nodes and cluster.volumes and all(
        volume.guid and volume.total_gb and volume.total_gb >= 2 * SERVER_GB
        for volume in cluster.volumes))


def outcomes(placement: adapter.Adapter, cluster: model.Cluster,
             folder: pathlib.Path) -> Iterator[tuple[str, Outcome, bool]]:
    """Each event as it happens, what came of it, and whether that is right.

    :param folder: for what the endpoint needs
    """
    made = as_simulated(cluster)
    node, volume = cluster.nodes[0].name, cluster.volumes[0]
    all_nodes = tuple(sorted(made.nodes))
    with lab.running([made], folder) as running:
        for event in EVENTS:
            event.happen(made, node, volume.name)
            outcome = _outcome(placement, running.access_file,
                               names.volume_provider_name(
                                   cluster.name, volume.name))
            title = event.title.format(node=node, volume=volume.name,
                                       filled=FILLED_GB)
            yield title, outcome, (not outcome.failures and event.is_right(
                outcome, all_nodes))


def _outcome(placement: adapter.Adapter, access_file: str, volume: str
             ) -> Outcome:
    """One pass, as the agent makes it, and what Placement answers then."""
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[], default_config_dirs=[])
    facts = sources.load(access_file, 'winrm')
    result = reconcile.Reconciler(
        client.from_adapter(placement), settings.from_conf(conf)).sync(facts)
    able = {each.node for each in nodes.candidates(
        placement, SERVER_GB, _CLOSED) if each.disk_provider == volume}
    offered = nodes.offered_gb(placement, _CLOSED).get(volume, 0)
    return Outcome(tuple(sorted(able)), offered, (
        *map(str, result.failures.values()),
        *(str(each) for each in facts.problems if each.freezes)))


def report(title: str, outcome: Outcome, names_of_all: list[str]) -> str:
    """The line of an event."""
    if not outcome.nodes:
        able = f'refused on all {len(names_of_all)} nodes'
    else:
        able = f'on {", ".join(outcome.nodes)}'
    return (f'  {title + ":":<34} {outcome.offered_gb:>4} GB offered; '
            f'a server of {SERVER_GB} GB: {able}')
