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


"""What upkeep costs, by the size of the cloud and the workers on both sides.

    python -m benchmarks.upkeep [--nodes 100 1000] [--placement-workers 1 2 4]
                                [--workers 1 4 16] [--output FILE]

Clusters of 16 nodes with 4 volumes each; the nodes stand in a private
MariaDB as their nova-computes would have reported them, and, but for the
first sync, as one has left them. Placement answers in processes of its own,
and each story runs in a process of its own:

* ``first sync``: nothing of hv_sched stands in Placement;
* ``fresh no-op``: a sync with nothing to do, in a process that has read
  nothing before;
* ``one volume changed``: the same, a volume has grown;
* ``one cluster failed over``: the same, half of a cluster's nodes are down
  and its volumes are cut off from them;
* ``idle pass``: of a running agent, with recovery, nothing to do; and
* ``agent, one volume changed``: its pass when a volume has grown.

Prints JSON: requests, writes, seconds of the clock, of the processors of
Placement with its database (``server seconds``) and of the client (``client
seconds``), and the client's peak of resident memory.
"""

import argparse
import dataclasses
import itertools
import json
import pathlib
import tempfile
import typing

from benchmarks import circumstances
from benchmarks import own_process
from benchmarks import placement_rows
from benchmarks import reconcile
from hv_sched import model
from hv_sched.agent import cmd
from hv_sched.agent import syncing
from hv_sched.placement import client
from hv_sched.placement.observed import Provider
from hv_sched.providers import reconcile as reconciling
from hv_sched.providers.settings import Settings
from hv_sched.recovery import restore
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import mariadb
from tests.functional import nova_answers
from tests.functional import placement_process

CLUSTER_NODES, VOLUMES = 16, 4
FIRST = 'first sync'
STORIES = (FIRST, 'fresh no-op', 'idle pass',
           'agent, one volume changed', 'one volume changed',
           'one cluster failed over')
Figures = own_process.Figures


def facts_of(nodes: int) -> model.Facts:
    """A source of so many nodes."""
    return reconcile.source(-(-nodes // CLUSTER_NODES), CLUSTER_NODES,
                            VOLUMES, nodes)


def failed_over(facts: model.Facts) -> model.Facts:
    """The same, the upper half of the first cluster is down."""
    cluster = facts.clusters[0]
    lost = [node.name for node in cluster.nodes[len(cluster.nodes) // 2:]]
    return dataclasses.replace(facts, clusters=(dataclasses.replace(
        cluster, nodes=tuple(
            dataclasses.replace(node, state=model.NodeState.DOWN)
            if node.name in lost else node for node in cluster.nodes),
        volumes=tuple(
            dataclasses.replace(volume, cut_off_nodes=tuple(lost))
            for volume in cluster.volumes)), *facts.clusters[1:]))


SOURCES: dict[str, typing.Callable[[model.Facts], model.Facts]] = {
    FIRST: lambda facts: facts,
    'fresh no-op': lambda facts: facts,
    'one volume changed': reconcile.one_changed,
    'one cluster failed over': failed_over}


def sync_story(adapter: base.Adapter, facts: model.Facts, settings: Settings
               ) -> typing.Callable[[], None]:
    """A sync by somebody who has just come."""
    reconciler = reconciling.Reconciler(
        client.from_adapter(adapter), settings)

    def run() -> None:
        result = reconciler.sync(facts, full=False)
        assert not result.failures, result.failures
    return run


def agent_story(adapter: base.Adapter, facts: model.Facts,
                settings: Settings) -> typing.Callable[[model.Facts], None]:
    """The pass of an agent that has looked twice before."""
    api = client.from_adapter(adapter)
    options = cmd.configure([]).hv_sched
    options.workers = settings.workers
    loop = syncing.Syncing(reconciling.Reconciler(api, settings), options,
                           settings, 60)
    nodes = {node.name: clouds.node_uuid(node.name)
             for cluster in facts.clusters for node in cluster.nodes}
    restorer = restore.Restorer(
        api, nova_answers.Answers(nodes),
        restore.RestoreOptions(workers=settings.workers, settle_seconds=0))

    def run(now: model.Facts) -> None:
        code = loop.run(now, full=False)
        assert code == 0, code
        restorer.restore(full=False)
    run(facts)
    run(facts)
    return run


def story_of(adapter: base.Adapter, story: str, nodes: int,
             settings: Settings) -> typing.Callable[[], None]:
    """What a story measures, when all before it has been done."""
    facts = facts_of(nodes)
    if story in SOURCES:
        return sync_story(adapter, SOURCES[story](facts), settings)
    run = agent_story(adapter, facts, settings)
    now = facts if story == 'idle pass' else reconcile.one_changed(facts)
    return lambda: run(now)


def stories_of(database: placement_rows.Database, address: str, nodes: int,
               settings: Settings, stories: typing.Iterable[str]
               ) -> typing.Iterator[tuple[str, Figures]]:
    """The stories of a cloud of so many nodes, with these settings."""
    stock = placement_rows.stock(facts_of(nodes))
    published = placement_rows.published(facts_of(nodes), settings)
    for story in stories:
        _reset(database, stock if story == FIRST else published)
        yield story, own_process.run(
            story_of, address, story, nodes, settings)


def _reset(database: placement_rows.Database,
           providers: list[Provider]) -> None:
    database.empty()
    database.add(providers, placement_rows.known_traits(providers))
    database.analyze()


def run(args: argparse.Namespace) -> Figures:
    """Each size with each number of workers."""
    record: Figures = {**circumstances.of_this_run(), 'runs': []}
    for placement_workers in args.placement_workers:
        with tempfile.TemporaryDirectory() as folder, (
                placement_process.endpoint(
                    pathlib.Path(folder), mariadb, placement_workers)
                ) as (address, url):
            database = placement_rows.Database(url)
            for nodes, workers in itertools.product(args.nodes, args.workers):
                told: dict[str, Figures] = {}
                record['runs'].append({
                    'nodes': nodes, 'workers': workers,
                    'nodes per home trait': args.nodes_per_home_trait,
                    'Placement workers': placement_workers, 'stories': told})
                for story, figures in stories_of(
                        database, address, nodes, Settings(
                            workers=workers, nodes_per_home_trait=(
                                args.nodes_per_home_trait)), args.stories):
                    told[story] = figures
                    write(args.output, record)
            database.close()
    return record


def write(path: pathlib.Path | None, record: Figures) -> None:
    """After each story: one that is stopped has measured something."""
    if path is not None:
        path.write_text(json.dumps(record, indent=1) + '\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nodes', type=int, nargs='+', default=[100, 1000])
    parser.add_argument('--placement-workers', type=int, nargs='+',
                        default=[1, 2, 4])
    parser.add_argument('--workers', type=int, nargs='+', default=[1, 4, 16])
    parser.add_argument('--nodes-per-home-trait', type=int, default=1)
    parser.add_argument('--stories', nargs='+', default=STORIES)
    parser.add_argument('--output', type=pathlib.Path)
    print(json.dumps(run(parser.parse_args()), indent=1))


if __name__ == '__main__':
    main()
