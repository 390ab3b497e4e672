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

"""Time, requests and memory of passes over WinRM.

    python -m benchmarks.winrm [--nodes 1 16 64] [--servers 50] [--dead 20]

Simulated clusters behind a real endpoint on loopback (TLS, WS-Management,
PowerShell Remoting, client certificates), in a process of their own; another
process reads each as the agent does. The first pass asks for everything, the
second for what is asked each time. Of the largest cluster a part of the nodes
closes each connection then. PowerShell and the cluster service take no time
here: what is measured is hv_sched's part, pypsrp's and the network's. Prints
JSON.
"""

import argparse
from collections.abc import Iterator
import contextlib
import json
import multiprocessing
import pathlib
import resource
import tempfile
import time
import typing

from hv_sched import sources
from hv_sched.demo.windows import lab
from hv_sched.demo.windows import simulated

Pipe = typing.Any
_CONTEXT = multiprocessing.get_context('spawn')


def cluster_of(nodes: int, servers: int) -> simulated.SimulatedCluster:
    """:param servers: on each node"""
    made = simulated.cluster('HVBENCH', nodes, volumes=4, size_gb=100_000)
    names = list(made.nodes)
    for number in range(nodes * servers):
        made.create(f'instance-{number:08x}', names[number % nodes],
                    f'Volume{number % 4 + 1}', simulated.GIB)
    return made


def serve(nodes: int, servers: int, folder: str, pipe: Pipe) -> None:
    """Answer; says how many requests came when it is asked."""
    with lab.running([cluster_of(nodes, servers)], pathlib.Path(folder)
                     ) as running:
        pipe.send(running.access_file)
        while (dead := pipe.recv()) is not None:
            running.dead = set(list(running.clusters[0].nodes)[:dead])
            pipe.send(running.server.requests)
            running.server.requests = 0


def read(access_file: str, pipe: Pipe) -> None:
    """Pass after pass, each measured."""
    with lab.names_on_loopback():
        while pipe.recv() is not None:
            start = time.monotonic()
            [cluster] = sources.load(access_file, 'winrm').clusters
            told = sum(node.home is not None for node in cluster.nodes)
            pipe.send((time.monotonic() - start, told, resource.getrusage(
                resource.RUSAGE_SELF).ru_maxrss / 1024))


@contextlib.contextmanager
def process(function: typing.Callable[..., None], *arguments: typing.Any
            ) -> Iterator[Pipe]:
    ours, theirs = _CONTEXT.Pipe()
    one = _CONTEXT.Process(target=function, args=(*arguments, theirs),
                           daemon=True)
    one.start()
    try:
        yield ours
    finally:
        ours.send(None)
        one.join()


class Passes:
    """:param server: of the endpoint
    :param client: of the process that reads
    """

    def __init__(self, server: Pipe, client: Pipe, nodes: int) -> None:
        self._server = server
        self._client = client
        self._nodes = nodes

    def measured(self, dead: int = 0) -> dict[str, typing.Any]:
        self._requests(dead)
        self._client.send(True)
        seconds, told, resident = self._client.recv()
        return {'seconds': round(seconds, 2),
                'requests per node': round(
                    self._requests(dead) / self._nodes, 1),
                'nodes that told their home': told,
                'resident at most, MiB': round(resident)}

    def _requests(self, dead: int) -> int:
        """Since it was called last."""
        self._server.send(dead)
        return int(self._server.recv())


def measure(nodes: int, servers: int, dead: int) -> dict[str, typing.Any]:
    with tempfile.TemporaryDirectory() as folder, process(
            serve, nodes, servers, folder) as server:
        access_file = server.recv()
        with process(read, access_file) as client:
            passes = Passes(server, client, nodes)
            result = {'first pass': passes.measured(),
                      'second pass': passes.measured()}
        if dead:
            with process(read, access_file) as client:
                passes = Passes(server, client, nodes)
                result[f'first pass, {dead} dead'] = passes.measured(dead)
                result[f'second pass, {dead} dead'] = passes.measured(dead)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--nodes', type=int, nargs='+', default=[1, 16, 64])
    parser.add_argument('--servers', type=int, default=50,
                        help='on each node')
    parser.add_argument('--dead', type=int, default=20,
                        help='nodes of the largest cluster')
    parser.add_argument('--output', help='file for the result, as JSON')
    args = parser.parse_args()
    result: dict[str, typing.Any] = {'servers per node': args.servers}
    for nodes in args.nodes:
        dead = args.dead if nodes == max(args.nodes) > args.dead else 0
        result[f'{nodes} nodes'] = measure(nodes, args.servers, dead)
    text = json.dumps(result, indent=1)
    print(text)
    if args.output:
        pathlib.Path(args.output).write_text(text + '\n')


if __name__ == '__main__':
    main()
