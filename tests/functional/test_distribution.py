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

"""What is installed from a source tree without git, such as a tarball."""

import os
import pathlib
import shutil
import subprocess
import sys

from tests.cloud import installation
from tests.repository import EXAMPLES
from tests.repository import ROOT


def _built(folder, *command):
    """Every file of a build, by its path below ``folder/out``."""
    source, out = folder / 'source', folder / 'out'
    for path in installation.checkout_files():
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    subprocess.run(
        [sys.executable, '-W', 'ignore', 'setup.py', '--quiet', *command,
         str(out)],
        cwd=source, check=True, capture_output=True,
        env={**os.environ, 'PBR_VERSION': '0.0.1',
             # Nothing above the folder is looked at for a repository.
             'GIT_CEILING_DIRECTORIES': str(folder)})
    return {path.relative_to(out) for path in out.rglob('*')
            if path.is_file()}


def test_a_tree_without_git_installs_every_file_of_the_package(tmp_path):
    files = {path.relative_to(ROOT)
             for path in (ROOT / 'hv_sched').rglob('*')
             if path.is_file() and path.suffix != '.pyc'}
    assert pathlib.Path('hv_sched/sources/schema_v2.json') in files
    built = _built(tmp_path, 'build_py', '--build-lib')
    assert files - built == set()


def test_a_tree_without_git_installs_examples_and_contrib(tmp_path):
    """The unit, the alerts and the dashboard among them."""
    built = _built(tmp_path, 'install_data', '--install-dir')
    contrib = ROOT / 'contrib'
    expected = {
        pathlib.Path('share/hv_sched') / path.relative_to(top)
        for folder, top in ((EXAMPLES, ROOT), (contrib, contrib))
        for path in folder.rglob('*') if path.is_file()}
    assert len(expected) > 3
    assert expected - built == set()
