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

"""What the machine lacks is told at once, with the packages' names."""

import pytest

from tests.cloud import errors
from tests.cloud import machine


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine with nothing of it; a folder where programs may be put."""
    monkeypatch.setattr(machine, 'FOLDERS', ())
    monkeypatch.setenv('PATH', str(tmp_path))
    return tmp_path


def install(folder, *names):
    for name in names:
        (folder / name).write_text('#!/bin/sh\n')
        (folder / name).chmod(0o755)


def test_a_bare_machine_is_told_all_packages_at_once(bare):
    with pytest.raises(errors.CloudError) as raised:
        machine.check()
    assert str(raised.value).endswith(
        'apt-get install --no-install-recommends erlang-base mariadb-client '
        'mariadb-server rabbitmq-server')


def test_without_a_broker_only_its_package_is_named(bare):
    install(bare, *(name for name, package in machine.PACKAGES.items()
                    if package != 'rabbitmq-server'))
    with pytest.raises(errors.CloudError) as raised:
        machine.check()
    assert str(raised.value) == (
        'rabbitmq-server: not installed. On Debian or Ubuntu, as '
        'root: apt-get install --no-install-recommends rabbitmq-server')


def test_a_whole_machine_is_fine(bare):
    install(bare, *machine.PACKAGES)
    machine.check()
    assert machine.program('erl') == str(bare / 'erl')


def test_another_system_than_linux_is_refused(bare, monkeypatch):
    monkeypatch.setattr(machine.sys, 'platform', 'darwin')
    with pytest.raises(errors.CloudError, match='this is darwin'):
        machine.check()
