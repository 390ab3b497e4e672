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

"""Reading a file that somebody names: a regular one, up to a limit."""

import os
import socket
import tracemalloc

import pytest

from hv_sched import exception
from hv_sched import regular_file


def test_a_regular_file_is_read(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'abc')
    assert regular_file.read(str(path)) == b'abc'


def test_a_small_file_costs_little_memory_whatever_the_limit(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'abc')
    tracemalloc.start()
    try:
        regular_file.read(str(path), 1024 ** 3)
        assert tracemalloc.get_traced_memory()[1] < 1024 ** 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('size', [0, 65535, 65536, 65537, 200000])
def test_a_file_of_many_parts_is_read_whole_up_to_the_limit(tmp_path, size):
    path = tmp_path / 'a'
    path.write_bytes(os.urandom(size))
    assert regular_file.read(str(path), size) == path.read_bytes()
    if size:
        with pytest.raises(exception.InvalidFile, match='larger than'):
            regular_file.read(str(path), size - 1)


def test_a_link_to_a_regular_file_is_read(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    (tmp_path / 'b').symlink_to(tmp_path / 'a')
    assert regular_file.read(str(tmp_path / 'b')) == b'abc'


def _fifo(path):
    os.mkfifo(path)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


@pytest.mark.parametrize('make,kind', [
    (_fifo, 'a pipe'), (_socket, 'a socket'), (os.mkdir, 'a folder'),
    (lambda path: os.symlink('/dev/zero', path), 'a device'),
    (lambda path: os.symlink('/dev/tty', path), 'a device')])
def test_anything_else_is_refused_without_waiting(tmp_path, make, kind):
    path = str(tmp_path / 'a')
    make(path)
    with pytest.raises(exception.InvalidFile,
                       match=f'is {kind}, not a regular file'):
        regular_file.read(path)


def test_a_file_that_becomes_a_pipe_before_it_is_opened_is_refused(
        tmp_path, monkeypatch):
    path = tmp_path / 'a'
    path.write_bytes(b'')
    status = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(regular_file.os, 'stat', lambda _path: status)
    with pytest.raises(exception.InvalidFile, match='a pipe'):
        regular_file.read(str(path))


@pytest.mark.parametrize('name,reason', [
    ('absent', 'No such file or directory'), ('a\0b', 'null')])
def test_what_is_not_there_says_so(tmp_path, name, reason):
    with pytest.raises(exception.InvalidFile, match=reason):
        regular_file.read(str(tmp_path / name))


def test_a_file_up_to_the_limit_is_read_and_one_byte_more_is_not(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(bytes(1024 ** 2))
    assert len(regular_file.read(str(path), 1024 ** 2)) == 1024 ** 2
    path.write_bytes(bytes(1024 ** 2 + 1))
    with pytest.raises(exception.InvalidFile, match='larger than 1 MiB'):
        regular_file.read(str(path), 1024 ** 2)
