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

"""What is built of the project: every file of it, and the right version.

Nothing is fetched here; ``make dist`` builds the wheel as pip does.
"""

from importlib import metadata
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest
from setuptools.config import setupcfg

from tests.cloud import installation
from tests.repository import EXAMPLES
from tests.repository import ROOT

VERSION = setupcfg.read_configuration(ROOT / 'setup.cfg')[
    'metadata']['version']
# Nothing of this checkout's own environment, nor a repository above a folder.
GIT = {**os.environ, 'GIT_AUTHOR_NAME': 'n', 'GIT_AUTHOR_EMAIL': 'n@e',
       'GIT_COMMITTER_NAME': 'n', 'GIT_COMMITTER_EMAIL': 'n@e'}


def _git(folder, *arguments):
    subprocess.run(['git', *arguments], cwd=folder, check=True,
                   capture_output=True, env=GIT)


def _setup(folder, *command, **environment):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', 'setup.py', '--quiet', *command],
        cwd=folder, check=True, capture_output=True, text=True, env={
            **GIT, 'GIT_CEILING_DIRECTORIES': str(folder.parent),
            **environment}).stdout


@pytest.fixture(scope='module')
def bare_clone(tmp_path_factory):
    """The checkout's files in a repository of one commit without tags."""
    folder = tmp_path_factory.mktemp('clones') / 'clone'
    for path in installation.checkout_files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / path).read_bytes())
    _git(folder, 'init', '--quiet')
    _git(folder, 'add', '--all')
    _git(folder, 'commit', '--quiet', '--message', 'files')
    return folder


@pytest.fixture(scope='module')
def tarball(bare_clone, tmp_path_factory):
    """What the source tarball of the clone unpacks to."""
    return _tarball_of(bare_clone, tmp_path_factory.mktemp('tarballs'))


def _version(folder, **environment):
    return _setup(folder, '--version', **environment).split()[-1]


def test_a_clone_without_tags_is_a_development_version_of_the_next_release(
        bare_clone):
    assert _version(bare_clone).startswith(f'{VERSION}.dev')


def test_a_tag_is_the_version(bare_clone, tmp_path):
    tagged = tmp_path / 'tagged'
    _git(tmp_path, 'clone', '--quiet', str(bare_clone), str(tagged))
    _git(tagged, 'tag', '--annotate', '--message', VERSION, VERSION)
    assert _version(tagged) == VERSION


def test_an_unpacked_tarball_has_the_version_it_was_made_with(
        bare_clone, tarball):
    assert not (tarball / '.git').exists()
    assert _version(tarball) == _version(bare_clone)


def test_files_without_history_are_of_the_next_release(bare_clone, tmp_path):
    """Also those that lie in somebody else's repository."""
    archive = tmp_path / 'theirs' / 'archive'
    archive.mkdir(parents=True)
    _git(archive.parent, 'init', '--quiet')
    _git(archive.parent, 'commit', '--allow-empty', '--message', 'theirs')
    _git(archive.parent, 'tag', '7.0.0')
    _git(bare_clone, 'archive', '--output', str(tmp_path / 'a.tar'), 'HEAD')
    with tarfile.open(tmp_path / 'a.tar') as tar:
        tar.extractall(archive, filter='data')
    assert _version(archive) == f'{VERSION}.dev1'
    assert _version(archive, PBR_VERSION='0.0.1') == '0.0.1'


def _tarball_of(folder, out):
    """Unpacked, what a source tarball of the folder has."""
    _setup(folder, 'sdist', '--dist-dir', str(out))
    archive, = out.glob('*.tar.gz')
    with tarfile.open(archive) as tar:
        tar.extractall(out, filter='data')
    unpacked, = (path for path in out.iterdir() if path.is_dir())
    return unpacked


@pytest.mark.parametrize('made', ['tarball', 'archive'])
def test_a_tarball_made_without_git_has_all_files(
        made, bare_clone, tarball, tmp_path):
    """It would install without what hv_sched requires."""
    folder = tmp_path / 'from'
    if made == 'tarball':
        shutil.copytree(tarball, folder)
    else:
        folder.mkdir()
        _git(bare_clone, 'archive', '--output', str(tmp_path / 'a.tar'),
             'HEAD')
        with tarfile.open(tmp_path / 'a.tar') as tar:
            tar.extractall(folder, filter='data')
    again = _tarball_of(folder, tmp_path / 'out')
    assert {pathlib.Path(path) for path in installation.checkout_files()
            } - _files(again) == set()
    assert 'oslo.config' in (again / 'hv_sched.egg-info' / 'requires.txt'
                             ).read_text()


def test_the_completion_of_each_script_has_its_options():
    """bash-completion looks for a file of each script's own name."""
    for script, words, option in (
            ('hv-sched-agent', '', '--once'),
            ('hv-sched-status', '', '--nova-conf'),
            ('hv-sched-status', 'upgrade check', '--json')):
        line = [script, *words.split(), '--']
        offered = subprocess.run(
            ['bash', '-c', f'. contrib/bash-completion/{script}; '
             f'COMP_WORDS=({" ".join(line)}); COMP_CWORD={len(line) - 1}; '
             '_hv_sched; echo "${COMPREPLY[@]}"'], cwd=ROOT, check=True,
            capture_output=True, text=True).stdout.split()
        assert option in offered, (script, words)
        assert words == '' or '--nova-conf' not in offered


def _files(folder):
    return {path.relative_to(folder) for path in folder.rglob('*')
            if path.is_file()}


@pytest.mark.parametrize('made', ['bare_clone', 'tarball'])
def test_every_file_of_the_package_is_installed(made, request, tmp_path):
    files = {path.relative_to(ROOT)
             for path in (ROOT / 'hv_sched').rglob('*')
             if path.is_file() and path.suffix != '.pyc'}
    assert pathlib.Path('hv_sched/sources/schema_v2.json') in files
    _setup(request.getfixturevalue(made), 'build_py', '--build-lib',
           str(tmp_path))
    assert files - _files(tmp_path) == set()


@pytest.mark.parametrize('made', ['bare_clone', 'tarball'])
def test_examples_and_contrib_are_installed(made, request, tmp_path):
    """The unit, the alerts, the dashboard and the role among them."""
    _setup(request.getfixturevalue(made), 'install_data', '--install-dir',
           str(tmp_path))
    contrib = ROOT / 'contrib'
    completions = contrib / 'bash-completion'
    share = pathlib.Path('share')
    expected = {share / 'hv_sched' / path.relative_to(top)
                for folder, top in ((EXAMPLES, ROOT), (contrib, contrib))
                for path in folder.rglob('*')
                if path.is_file() and completions not in path.parents}
    expected |= {share / 'bash-completion' / 'completions' / path.name
                 for path in completions.iterdir()}
    assert len(expected) > 10
    assert expected - _files(tmp_path) == set()


def test_every_entry_point_is_there():
    """Also those that nova loads, which is installed with the tests."""
    points = metadata.distribution('hv_sched').entry_points
    assert {'hv-sched-agent', 'hv-sched-status'} <= {
        point.name for point in points}
    for point in points:
        assert callable(point.load()) or point.group.startswith('nova.'), point
