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

"""The folder of a cloud is its own or is left alone."""

import pytest

from tests.cloud import cloud
from tests.cloud import errors
from tests.cloud import folder
from tests.cloud import templates


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / 'letters.txt').write_text('mine')
    with pytest.raises(errors.CloudError, match='not the folder of a cloud'):
        folder.Folder(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ['letters.txt']


def test_down_leaves_a_folder_with_something_else_in_it_alone(tmp_path):
    (tmp_path / 'state').mkdir()
    cloud.Cloud(folder.Folder(tmp_path)).down(purge=True)
    assert (tmp_path / 'state').is_dir()


def test_half_a_former_run_is_completed(tmp_path):
    home = folder.Folder(tmp_path / 'cloud')
    home.prepare()
    password = home.password()
    home.log.rmdir()
    home.prepare()
    assert home.log.is_dir()
    assert home.password() == password


def test_only_the_owner_reads_the_password(tmp_path):
    home = folder.Folder(tmp_path / 'cloud')
    home.prepare()
    home.password()
    assert (home.etc / 'password').stat().st_mode & 0o077 == 0
    assert home.root.stat().st_mode & 0o077 == 0


def test_a_value_that_a_template_lacks_is_an_error(tmp_path):
    with pytest.raises(KeyError, match='password'):
        templates.write(tmp_path / 'rabbitmq.conf', 'rabbitmq.conf',
                        {'port': '1'})
    assert not (tmp_path / 'rabbitmq.conf').exists()


def test_two_commands_at_once_do_not_work_on_one_cloud(tmp_path):
    home = folder.Folder(tmp_path / 'cloud')
    home.prepare()
    with home.alone():
        with pytest.raises(errors.CloudError, match='wait for its end'):
            cloud.Cloud(home).down()
    with home.alone():
        pass
