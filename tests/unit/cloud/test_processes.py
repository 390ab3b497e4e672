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

"""Processes of the cloud: started once, and nobody else's is stopped."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from tests.cloud import errors
from tests.cloud import processes

SLEEPER = (sys.executable, '-c', 'import signal; signal.pause()')
# Says that it hears no SIGTERM, then hears none.
DEAF = (sys.executable, '-c', 'import signal, sys; '
        'signal.signal(signal.SIGTERM, signal.SIG_IGN); '
        'print("deaf", flush=True); signal.pause()')

# Has a child in a session of its own, as a broker has, that outlives it.
PARENT = (sys.executable, '-c', 'import os, signal, subprocess, sys; '
          'child = subprocess.Popen([sys.executable, "-c", '
          '"import signal; signal.pause()"], start_new_session=True); '
          'print(child.pid, flush=True); signal.pause()')


def ensure_sleeper(cloud):
    """Start one, and wait until the kernel shows its environment."""
    cloud.ensure(processes.Program('sleeper', (
        sys.executable, '-c', 'import signal; '
        'print("asleep", flush=True); signal.pause()')))
    processes.wait('sleep', lambda: cloud.tail('sleeper'), 60)
    return cloud.running()['sleeper'].pid


@pytest.fixture
def cloud(tmp_path):
    running = processes.Processes(tmp_path, tmp_path)
    yield running
    running.stop(seconds=0)


@pytest.fixture
def stranger():
    with subprocess.Popen(SLEEPER, start_new_session=True) as process:
        yield process
        process.kill()


def test_a_program_is_started_once(cloud):
    program = processes.Program('sleeper', SLEEPER)
    assert cloud.ensure(program)
    pid = cloud.running()['sleeper'].pid
    assert not cloud.ensure(program)
    assert cloud.running()['sleeper'].pid == pid


def test_a_program_whose_file_changed_is_started_again(cloud, tmp_path):
    conf = tmp_path / 'service.conf'
    conf.write_text('workers = 1')
    program = processes.Program('sleeper', SLEEPER, inputs=(conf,))
    cloud.ensure(program)
    first = cloud.running()['sleeper']
    conf.write_text('workers = 2')
    assert cloud.ensure(program)
    assert not first.is_alive()
    assert cloud.running()['sleeper'].pid != first.pid


def test_a_program_that_died_is_started_again(cloud):
    program = processes.Program('sleeper', SLEEPER)
    cloud.ensure(program)
    first = cloud.running()['sleeper']
    os.kill(first.pid, signal.SIGKILL)
    os.waitpid(first.pid, 0)
    assert cloud.running() == {}
    assert cloud.ensure(program)


def test_stop_ends_the_process_and_forgets_it(cloud, tmp_path):
    cloud.ensure(processes.Program('sleeper', SLEEPER))
    record = cloud.running()['sleeper']
    assert cloud.stop() == []
    assert not record.is_alive()
    assert not list(tmp_path.glob('*.pid'))


def test_a_process_that_ignores_the_signal_is_killed(cloud):
    cloud.ensure(processes.Program('deaf', DEAF))
    record = cloud.running()['deaf']
    processes.wait('deaf', lambda: 'deaf' in cloud.tail('deaf'), 30)
    assert cloud.stop(seconds=0) == ['deaf']
    os.waitpid(record.pid, 0)
    assert not record.is_alive()


def test_a_process_of_the_same_id_that_started_later_is_not_stopped(
        cloud, tmp_path, stranger):
    cloud.ensure(processes.Program('sleeper', SLEEPER))
    boot, _tick = cloud.running()['sleeper'].started.split()
    # Both may have started in one tick of the kernel's clock.
    record = dataclasses.replace(cloud.running()['sleeper'],
                                 pid=stranger.pid, started=f'{boot} 1')
    cloud.stop()
    (tmp_path / 'sleeper.pid').write_text(
        json.dumps(dataclasses.asdict(record)))
    assert cloud.running() == {}
    assert cloud.stop(seconds=0) == []
    assert stranger.poll() is None


@pytest.mark.parametrize('text', ['', '4711', '{"pid": 4711}', 'null'])
def test_a_broken_record_is_named_and_stops_nothing(cloud, tmp_path, text):
    path = tmp_path / 'sleeper.pid'
    path.write_text(text)
    with pytest.raises(errors.CloudError, match='sleeper.pid is no record'):
        cloud.stop()
    path.unlink()


def test_a_dead_program_is_told_with_the_end_of_its_log(cloud):
    cloud.ensure(processes.Program('broken', (
        sys.executable, '-c', 'raise SystemExit("no such database")')))
    processes.wait('broken', lambda: not cloud.running(), 30)
    with pytest.raises(errors.CloudError, match='no such database'):
        cloud.check('broken')


def test_a_program_that_is_not_there_is_named(cloud):
    with pytest.raises(errors.CloudError, match='gone cannot be started'):
        cloud.ensure(processes.Program('gone', ('/no/such/program',)))


def test_waiting_ends_when_the_process_has_died(cloud):
    cloud.ensure(processes.Program('broken', (
        sys.executable, '-c', 'raise SystemExit("port taken")')))
    with pytest.raises(errors.CloudError, match='port taken'):
        processes.wait('broken', lambda: False, 30,
                       lambda: cloud.check('broken'))


def test_waiting_has_an_end():
    with pytest.raises(errors.CloudError, match='it: not ready after 0 sec'):
        processes.wait('it', lambda: False, 0)


def test_memory_is_that_of_the_processes_and_their_children(cloud):
    assert cloud.memory_mb() == processes.Memory(0, 0)
    cloud.ensure(processes.Program('hungry', (
        sys.executable, '-c', 'import os, signal; os.fork(); '
        'data = os.urandom(20_000_000); print("fed", flush=True); '
        'signal.pause()')))
    processes.wait('hungry', lambda: cloud.tail('hungry').count('fed') == 2,
                   60)
    held = cloud.memory_mb()
    assert 38 <= held.pss <= held.rss


def child_of(cloud):
    processes.wait('child', lambda: cloud.tail('parent'), 60)
    return int(cloud.tail('parent', 1))


def is_there(pid):
    path = pathlib.Path(f'/proc/{pid}/stat')
    return path.exists() and ') Z ' not in path.read_text()


def test_what_a_killed_process_left_is_ended(cloud):
    cloud.ensure(processes.Program('parent', PARENT))
    child = child_of(cloud)
    os.kill(cloud.running()['parent'].pid, signal.SIGKILL)
    processes.wait('death', lambda: not cloud.running(), 30)
    assert is_there(child)
    assert cloud.end_orphans() == [child]
    processes.wait('end', lambda: not is_there(child), 30)
    assert cloud.end_orphans() == []


def test_stop_leaves_no_child(cloud):
    cloud.ensure(processes.Program('parent', PARENT))
    child = child_of(cloud)
    cloud.stop()
    processes.wait('end', lambda: not is_there(child), 30)


def test_a_process_without_a_record_is_an_orphan(cloud, tmp_path):
    pid = ensure_sleeper(cloud)
    (tmp_path / 'sleeper.pid').unlink()
    assert cloud.end_orphans() == [pid]


def test_neither_what_runs_nor_a_stranger_is_an_orphan(cloud, stranger):
    cloud.ensure(processes.Program('parent', PARENT))
    child = child_of(cloud)
    assert cloud.end_orphans() == []
    assert is_there(child)
    assert stranger.poll() is None


def test_what_another_cloud_left_is_not_ended(cloud, tmp_path):
    other = tmp_path / 'other'
    other.mkdir()
    theirs = processes.Processes(other, other)
    pid = ensure_sleeper(theirs)
    (other / 'sleeper.pid').rename(other / 'kept')
    assert cloud.end_orphans() == []
    assert theirs.end_orphans() == [pid]


def test_a_process_that_gives_itself_a_title_keeps_the_mark(cloud, tmp_path):
    pytest.importorskip('setproctitle')
    cloud.ensure(processes.Program('titled', (
        sys.executable, '-c', 'import setproctitle, signal; '
        'setproctitle.setproctitle("t" * 2000); '
        'print("titled", flush=True); signal.pause()')))
    processes.wait('titled', lambda: cloud.tail('titled'), 60)
    pid = cloud.running()['titled'].pid
    (tmp_path / 'titled.pid').unlink()
    assert cloud.end_orphans() == [pid]
