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

"""Who may read the status."""

import os

import pytest

from hv_sched import exception
from hv_sched.status import access


def token_file(tmp_path, content='a-token-of-some-length\n', mode=0o600):
    path = tmp_path / 'token'
    path.write_bytes(content.encode() if isinstance(content, str)
                     else content)
    os.chmod(path, mode)
    return str(path)


def test_the_token_is_read_from_a_file_of_its_owners(tmp_path):
    assert access.checked_token('0.0.0.0', token_file(tmp_path)) == (
        'a-token-of-some-length')


@pytest.mark.parametrize('mode', [0o640, 0o604, 0o644, 0o602])
def test_a_token_others_may_read_is_refused(tmp_path, mode):
    with pytest.raises(exception.InvalidConfig, match='chmod 0600'):
        access.read_token(token_file(tmp_path, mode=mode))


@pytest.mark.parametrize('content', [
    '', '\n', 'short', 'two words of a token', 'a\x1bb-token-of-length',
    b'\xff' * 20, 'x' * 5000], ids=range(7))
def test_what_is_no_token_is_refused_and_not_told(tmp_path, content):
    with pytest.raises(exception.InvalidConfig) as err:
        access.read_token(token_file(tmp_path, content))
    assert 'status_token_file' in str(err.value)
    assert 'two words' not in str(err.value)


def test_a_token_file_that_is_not_there(tmp_path):
    with pytest.raises(exception.InvalidConfig, match='No such file'):
        access.read_token(str(tmp_path / 'none'))


@pytest.mark.parametrize('address', ['127.0.0.1', '127.1.2.3', '::1'])
def test_loopback_needs_no_token(address):
    assert access.checked_token(address, None) == ''


@pytest.mark.parametrize('address', ['0.0.0.0', '192.0.2.1', '::'])
def test_any_other_address_needs_one(address):
    with pytest.raises(exception.InvalidConfig, match='status_token_file'):
        access.checked_token(address, None)
