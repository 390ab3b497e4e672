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

import collections.abc
import functools
import logging
import pathlib

import pytest

from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import command_line
from tests.functional import unadopted_cloud

# Exit code, standard output and standard error of a command.
Csv = collections.abc.Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed stands in one line, unless a test says otherwise."""
    monkeypatch.setenv('COLUMNS', '4000')


@pytest.fixture(autouse=True)
def _who_is_no_nova_is_asked_again_at_once(monkeypatch: pytest.MonkeyPatch
                                           ) -> None:
    """Most clouds here have none, and Placement answers in its place."""
    monkeypatch.setattr(
        'hv_sched.compute.checked_session._FIRST_PAUSE_SECONDS', 0.01)


@pytest.fixture
def placement() -> collections.abc.Iterator[base.Placement]:
    """An empty, real Placement as a keystoneauth1 Adapter."""
    with base.running_placement() as client:
        yield client


@pytest.fixture(autouse=True)
def _root_logger_as_it_was():
    """A command's handlers write to streams that end with its test."""
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = before


@pytest.fixture
def cloud(placement: base.Placement) -> clouds.Cloud:
    """Two nodes with their own disks; many modules have another."""
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


@pytest.fixture
def asked_cloud(placement: base.Placement, monkeypatch: pytest.MonkeyPatch,
                tmp_path: pathlib.Path) -> unadopted_cloud.UnadoptedCloud:
    """A cloud with Nova's API for commands, which run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    return unadopted_cloud.asked_by_commands(placement)


@pytest.fixture
def source(tmp_path: pathlib.Path) -> str:
    """The path of a file that tells of the cluster of these nodes."""
    path = tmp_path / 'hvc1.yaml'
    path.write_text(command_line.SOURCE)
    return str(path)


@pytest.fixture
def csv_of(monkeypatch: pytest.MonkeyPatch
           ) -> collections.abc.Callable[[clouds.Cloud], Csv]:
    """Makes what ``csv`` is, of any cloud."""
    # osc_lib keeps each client as a class attribute for the one command a
    # process runs; here several run.
    monkeypatch.setattr('osc_lib.clientmanager.ClientCache.__get__',
                        lambda self, instance, owner: self.factory(instance))
    return lambda cloud: functools.partial(
        command_line.run_csv, cloud.placement.service.endpoint)


@pytest.fixture
def csv(cloud: clouds.Cloud, csv_of: collections.abc.Callable[
        [clouds.Cloud], Csv]) -> Csv:
    """Runs a command of ``openstack resource provider csv``."""
    return csv_of(cloud)
