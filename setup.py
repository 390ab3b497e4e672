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

"""pbr builds the package; the version is setup.cfg's where git has none."""

import configparser
import functools
import os
import subprocess

import setuptools

HERE = os.path.dirname(os.path.abspath(__file__))


def git(*arguments: str) -> str:
    """What git prints; nothing where it fails."""
    try:
        return subprocess.run(
            ['git', *arguments], cwd=HERE, check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ''


@functools.cache
def is_a_checkout() -> bool:
    """Whether this is the root of a repository of git."""
    return os.path.realpath(git('rev-parse', '--show-toplevel') or '/') == (
        os.path.realpath(HERE))


def has_history() -> bool:
    """Whether pbr can tell the version.

    It calls a clone of one commit (``git clone --depth 1``) 0.0.0, and takes
    the history of a repository that an unpacked archive lies in for its own.
    """
    if os.path.exists(os.path.join(HERE, 'PKG-INFO')):
        return True
    if not is_a_checkout():
        return False
    return bool(git('describe', '--exact-match')
                or git('rev-list', '--count', 'HEAD') != '1')


def next_version() -> str:
    """A development version of the next release."""
    metadata = configparser.ConfigParser()
    metadata.read(os.path.join(HERE, 'setup.cfg'))
    return metadata['metadata']['version'] + '.dev1'


if not is_a_checkout():
    # reno reads the notes from git, and ends the build where there is none.
    os.environ.setdefault('SKIP_GENERATE_RENO', '1')
if 'PBR_VERSION' not in os.environ and not has_history():
    os.environ['PBR_VERSION'] = next_version()
setuptools.setup(setup_requires=['pbr>=5.8.0'], pbr=True)
