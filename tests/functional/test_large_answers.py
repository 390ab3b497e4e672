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

"""Answers larger than any cluster's cost bounded time and memory.

Each is read in a process of its own, which tells what that took. A hostile
node may print what it likes; a file ends at 64 MiB.
"""

import json
import subprocess
import sys

import pytest

from hv_sched.demo.windows import simulated

SIZE = 18 * 1024 ** 2
GIB = simulated.GIB
# The machine may be busy: CPU seconds, and several times what was measured.
SECONDS, MEBIBYTES = 60, 1000
_READ = '''
import json, sys, time
from hv_sched import exception
from hv_sched import sources
def mebibytes():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status
                    if line.startswith('VmHWM')) / 1024
before, start = mebibytes(), time.process_time()
try:
    facts = sources.load(sys.argv[1])
    told = [[len(cluster.nodes), len(cluster.volumes), len(cluster.vms or ()),
             sorted(section.value for section, report
                    in cluster.sections.items() if report.error)]
            for cluster in facts.clusters]
    told = [told, sorted({problem.code for problem in facts.problems}),
            max((len(str(problem)) for problem in facts.problems), default=0)]
except exception.InvalidFacts as exc:
    told = [str(exc)]
print(json.dumps([time.process_time() - start, mebibytes() - before, told]))
'''


def large_cluster():
    """64 nodes, 16 volumes, 8,000 servers."""
    cluster = simulated.cluster('BIG', nodes=64, volumes=16, size_gb=65536)
    nodes, volumes = list(cluster.nodes), list(cluster.volumes)
    for number in range(8000):
        cluster.create(f'instance-{number:08x}', nodes[number % 64],
                       volumes[number % 16], 40 * GIB)
    return cluster


def read(folder, text):
    """CPU seconds and MiB it took to read an answer, and what it says."""
    (folder / 'facts.json').write_text(text)
    answer = subprocess.run(
        [sys.executable, '-c', _READ, str(folder)], check=True, timeout=600,
        capture_output=True, text=True)
    seconds, mebibytes, told = json.loads(answer.stdout)
    print(f'{len(text) / 1e6:.1f} MB: {seconds:.1f} s, {mebibytes:.0f} MiB')
    assert seconds < SECONDS and mebibytes < MEBIBYTES
    return told


def replaced(lines, section, content):
    """The lines, with other content in one section."""
    place = next(i for i, line in enumerate(lines)
                 if line.startswith(f'{{"section": "{section}"'))
    if not isinstance(content, str):
        content = json.dumps({'section': section, **content})
    return [*lines[:place], content, *lines[place + 1:]]


def rows(row, size):
    """Rows of one section, together of a size."""
    return {'rows': [row(number) for number in range(
        size // len(json.dumps(row(0))))]}


HUGE = {
    'error': ('nodes', {'error': {'text': 'x' * SIZE}}),
    'name': ('nodes', {'rows': [{'name': 'x' * SIZE, 'state': 'Up'}]}),
    'nodes': ('nodes', rows(lambda n: {
        'name': f'N{n:07}', 'state': 'Up', 'build': '17763'}, SIZE)),
    'volumes': ('volumes', rows(lambda n: {
        'resource': simulated.guid(n), 'name': f'D{n:07}',
        'state': 'Offline'}, SIZE)),
    'states': ('volume_states', rows(lambda n: {
        'node': f'N{n:07}', 'state': 'Direct', 'volume': (
            '\\\\?\\Volume{' + simulated.guid('BIG', 'volume', 'Volume1')
            + '}\\')}, SIZE)),
    'groups': ('groups', rows(lambda n: {
        'name': f'instance-{n:08x}', 'type': 'VirtualMachine',
        'owner': 'BIG-N01', 'state': 'Online'}, SIZE)),
    'cut off': ('volume_states', rows(lambda n: {
        'node': f'BIG-M{n:07}', 'state': 'Unavailable', 'volume': (
            '\\\\?\\Volume{' + simulated.guid('BIG', 'volume', 'Volume1')
            + '}\\')}, SIZE // 2)),
    'deep': ('nodes', '{"section":"nodes","rows":' + '[' * SIZE),
    'number': ('cluster', '{"section":"cluster","rows":[{"id":'
               + '9' * SIZE + '}]}'),
}


@pytest.mark.long
@pytest.mark.parametrize('kind', HUGE)
def test_18_megabytes_in_one_section_cost_that_section(tmp_path, kind):
    section, content = HUGE[kind]
    lines = large_cluster().cluster_answer('BIG-N01').splitlines()
    told = read(tmp_path, '\n'.join(replaced(lines, section, content)))
    if kind == 'number':
        assert 'no node says the GUID' in told[0]
        return
    [[cluster], _codes, longest] = told
    assert longest < 100_000
    others = {'nodes': 64, 'volumes': 16}
    for place, field in enumerate(others):
        if field != section:
            assert cluster[place] == others[field]


@pytest.mark.long
def test_millions_of_lines_that_are_nothing_cost_no_memory(tmp_path):
    begin, rest = large_cluster().cluster_answer('BIG-N01').split('\n', 1)
    [[cluster], _codes, _longest] = read(
        tmp_path, f'{begin}\n' + '{}\n' * 10 ** 7 + rest)
    assert cluster == [64, 16, 8000, []]


@pytest.mark.long
def test_8000_servers_on_64_nodes_are_read_in_seconds(tmp_path):
    """Once from one node, and as all of its nodes wrote it."""
    cluster = large_cluster()
    one = cluster.cluster_answer('BIG-N01') + ''.join(
        map(cluster.node_answer, cluster.up_nodes()))
    for text in (one, cluster.document()):
        assert read(tmp_path, text) == [[[64, 16, 8000, []]], [], 0]
