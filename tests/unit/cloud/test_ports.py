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

"""Ports of the cloud: free ones, kept, never somebody else's."""

import json
import socket

import pytest

from tests.cloud import errors
from tests.cloud import ports


def test_each_service_gets_a_port_of_its_own(tmp_path):
    chosen = ports.choose(['a', 'b', 'c'], tmp_path / 'ports.json')
    assert len(set(chosen.values())) == 3
    assert all(port in ports.RANGE for port in chosen.values())


def test_ports_are_kept_from_one_start_to_the_next(tmp_path):
    path = tmp_path / 'ports.json'
    first = ports.choose(['a', 'b'], path)
    assert ports.choose(['a', 'b'], path) == first


def test_a_port_that_somebody_took_meanwhile_is_replaced(tmp_path):
    path = tmp_path / 'ports.json'
    first = ports.choose(['a', 'b'], path)
    with socket.create_server(('127.0.0.1', first['a'])):
        second = ports.choose(['a', 'b'], path)
    assert second['a'] != first['a']
    assert second['b'] == first['b']


def test_the_port_of_a_service_that_runs_is_kept(tmp_path):
    path = tmp_path / 'ports.json'
    first = ports.choose(['a'], path)
    with socket.create_server(('127.0.0.1', first['a'])):
        assert ports.choose(['a'], path, in_use={'a'}) == first


def test_without_a_free_port_the_message_names_the_range(tmp_path,
                                                         monkeypatch):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(ports, 'RANGE', range(port, port + 1))
        with pytest.raises(errors.CloudError, match=f'from {port} to {port}'):
            ports.choose(['a'], tmp_path / 'ports.json')


@pytest.mark.parametrize('text', ['', '[1]', '{"a": null}', '{"a": "x"}',
                                  '{'])
def test_a_broken_file_of_ports_is_named(tmp_path, text):
    path = tmp_path / 'ports.json'
    path.write_text(text)
    with pytest.raises(errors.CloudError, match='remove the file'):
        ports.choose(['a'], path)
    assert path.read_text() == text


def test_a_service_answers_when_it_listens():
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        assert ports.answers(port) and not ports.is_free(port)
    assert not ports.answers(port)


def test_the_file_lists_what_was_chosen(tmp_path):
    path = tmp_path / 'ports.json'
    chosen = ports.choose(['a'], path)
    assert json.loads(path.read_text()) == chosen
