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


"""An earlier release of hv_sched beside that of the checkout."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

from tests import repository
from tests.cloud import folder

CHECKOUT = 'checkout'


@dataclasses.dataclass(frozen=True)
class Earlier:
    """What comes before the installed packages by ``PYTHONPATH``.

    :param commit: of the release
    :param packages: the folder it is installed in, alone
    """

    commit: str
    packages: pathlib.Path


def install(commit: str, cloud: folder.Folder) -> Earlier:
    """Install a release beside what the cloud has.

    :param commit: or a tag
    :raises subprocess.CalledProcessError: there is no such commit, or pip
        failed
    """
    packages = cloud.root / 'earlier'
    shutil.rmtree(packages, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        source = pathlib.Path(name)
        subprocess.run(['git', '-C', repository.ROOT, 'archive', '--output',
                        source / 'source.tar', commit], check=True)
        with tarfile.open(source / 'source.tar') as archive:
            archive.extractall(source, filter='data')
        subprocess.run(
            [cloud.program('python'), '-m', 'pip', 'install', '--quiet',
             '--disable-pip-version-check', '--no-deps', '--target', packages,
             source], check=True, env={**os.environ, 'PBR_VERSION': '0.0.1'})
    return Earlier(commit, packages)
