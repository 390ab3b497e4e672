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

"""``make demo`` tells the truth, and leaves nothing behind."""

import collections.abc
import dataclasses
import functools
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from hv_sched import drivers
from hv_sched import model
from hv_sched.demo import nodes
from hv_sched.demo import service
from hv_sched.demo import story
from hv_sched.demo.windows import events
from tests.functional import base
from tests.repository import EXAMPLES

SOURCE = str(EXAMPLES / 'spec.yaml')
CLUSTER = model.Cluster(
    '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01', 'c1',
    tuple(model.Node(f'hv{number:02}') for number in range(1, 5)),
    (model.Volume('a1d0c3b2-4e5f-4a6b-8c7d-100000000001', 'Volume1',
                  500 * model.GIB),))


def _demo(*words: str, cwd: pathlib.Path) -> subprocess.Popen[str]:
    # A shell's background jobs ignore Ctrl-C, and so would what they start.
    return subprocess.Popen(
        [sys.executable, '-m', 'hv_sched.demo', *words], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=functools.partial(  # noqa: PLW1509
            signal.signal, signal.SIGINT, signal.SIG_DFL))


def _done(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture
def folder(tmp_path: pathlib.Path
           ) -> collections.abc.Iterator[pathlib.Path]:
    """Where the demo keeps its state; nothing runs there afterwards."""
    yield tmp_path
    service.down(tmp_path / '.demo')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


def test_the_story_holds_with_the_real_command(tmp_path: pathlib.Path
                                               ) -> None:
    code, out, err = _done(_demo('run', '--source', SOURCE, cwd=tmp_path))
    assert code == 0, out + err
    assert 'ACCEPTED on 3 of 4 nodes (hv02, hv03, hv04)' in out
    assert 'refused on all 4 nodes' in out
    first, _second, third = (line for line in out.splitlines()
                             if line.startswith('OK: '))
    assert first.startswith('OK: 2000 GB offered for 500 GB')
    assert third == out.splitlines()[-1]
    assert 'a shielded server: on hv11, hv12, hv13, hv14' in out
    assert 'a server with RemoteFX: on hv03, hv04' in out
    assert _followed(out) == [
        ('as it is', '500 GB offered', 'on hv01, hv02, hv03, hv04'),
        ('hv01 is drained', '500 GB offered', 'on hv02, hv03, hv04'),
        ('Volume1 has 100 GB free left', '100 GB offered',
         'refused on all 4 nodes'),
        ('Volume1 goes offline', '0 GB offered', 'refused on all 4 nodes'),
        ('all of it is put right', '500 GB offered',
         'on hv01, hv02, hv03, hv04')]


def _followed(out: str) -> list[tuple[str, ...]]:
    """What happened, what was offered then, and where a server went."""
    lines = re.findall(
        r'^  (\S.*?): +(\d+ GB offered); a server of 200 GB: (.*)$', out,
        re.MULTILINE)
    return [tuple(line) for line in lines]


def test_up_twice_is_one_placement_and_down_ends_it(folder: pathlib.Path
                                                    ) -> None:
    up = ('up', '--source', SOURCE, '--port', str(_free_port()))
    assert _done(_demo(*up, cwd=folder))[0] == 0
    known = service.running(folder / '.demo')
    assert known is not None
    code, out, _err = _done(_demo(*up, cwd=folder))
    assert code == 0 and known[1] in out
    assert service.running(folder / '.demo') == known
    assert _done(_demo('down', cwd=folder))[1] == 'Placement is stopped.\n'
    assert not service.answers(known[1])
    assert list(folder.iterdir()) == []
    code, out, _err = _done(_demo('down', cwd=folder))
    assert (code, out) == (0, 'No Placement was running.\n')


def test_a_taken_port_is_said_in_one_line(folder: pathlib.Path) -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _out, err = _done(_demo(
            'up', '--source', SOURCE, '--port', str(port), cwd=folder))
    assert code == 1
    assert f'Port {port} of 127.0.0.1 is taken' in err
    assert 'Traceback' not in err


def test_a_source_that_cannot_be_read_is_said_in_one_line(
        tmp_path: pathlib.Path) -> None:
    code, _out, err = _done(_demo('run', '--source', 'no-such.yaml',
                                  cwd=tmp_path))
    assert code == 1
    assert 'no-such.yaml' in err and 'Traceback' not in err


def test_ctrl_c_stops_placement(tmp_path: pathlib.Path) -> None:
    process = _demo('run', '--source', SOURCE, cwd=tmp_path)
    assert process.stdout is not None
    shown = ''
    while '--os-endpoint' not in shown:
        shown = process.stdout.readline()
        assert shown, process.communicate()
    endpoint = shown.partition('--os-endpoint ')[2].split()[0]
    process.send_signal(signal.SIGINT)
    assert _done(process)[0] == 130
    for _attempt in range(3000):
        if not service.answers(endpoint):
            break
        time.sleep(0.1)
    assert not service.answers(endpoint)


def test_a_stale_state_file_ends_nobody(tmp_path: pathlib.Path) -> None:
    bystander = subprocess.Popen([sys.executable, '-c', 'input()'],
                                 stdin=subprocess.PIPE)
    try:
        (tmp_path / 'placement.json').write_text(json.dumps(
            {'pid': bystander.pid, 'endpoint': 'http://127.0.0.1:1'}))
        assert service.down(tmp_path) is False
        assert bystander.poll() is None
    finally:
        bystander.communicate(b'\n')


def test_stock_nova_counts_the_volume_once_per_node(
        placement: base.Placement) -> None:
    names = nodes.register(placement, model.Facts((CLUSTER,)))
    offering = story.tell(placement)
    assert offering.total_gb == 2000
    assert offering.accepting == ('hv02', 'hv03', 'hv04')
    assert story.wrong_before(offering, names, 500) == []


def test_nodes_with_their_disks_in_ceph_report_raw_bytes() -> None:
    pools = dataclasses.replace(
        CLUSTER, driver=drivers.of('libvirt-rbd'), volumes=(
            *CLUSTER.volumes, *CLUSTER.volumes))
    assert nodes.seen_disk_gb(pools, pools.nodes[0]) == 3 * 2 * 500


def test_the_demo_notices_that_nothing_was_published(
        placement: base.Placement) -> None:
    nodes.register(placement, model.Facts((CLUSTER,)))
    wrong = story.wrong_after(story.tell(placement), 500)
    assert [each.partition(',')[0] for each in wrong] == [
        'after: 2000 GB are offered of 500 GB',
        'after: server 1 got its disk from the node',
        'after: server 2 got its disk from the node',
        'after: the third server was accepted on hv02']


ALL = ('hv01', 'hv02')


@pytest.mark.parametrize('number, nodes_then, offered_gb', (
    (0, ('hv01',), 500), (1, ALL, 500), (2, ALL, 500), (2, (), 500),
    (3, ALL, 500), (3, (), 100), (4, (), 0)), ids=str)
def test_the_demo_notices_that_placement_did_not_follow(
        number: int, nodes_then: tuple[str, ...], offered_gb: int) -> None:
    outcome = events.Outcome(nodes_then, offered_gb)
    assert not events.EVENTS[number].is_right(outcome, ALL)


def test_a_source_without_room_for_the_events_is_passed_over() -> None:
    assert events.can_be_told(CLUSTER)
    assert not events.can_be_told(dataclasses.replace(CLUSTER, volumes=()))
    small = dataclasses.replace(CLUSTER.volumes[0], size_bytes=model.GIB)
    assert not events.can_be_told(
        dataclasses.replace(CLUSTER, volumes=(small,)))


def test_the_story_takes_its_servers_away_again(placement: base.Placement
                                                ) -> None:
    nodes.register(placement, model.Facts((CLUSTER,)))
    assert story.tell(placement) == story.tell(placement)
