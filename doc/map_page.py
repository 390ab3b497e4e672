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

"""The map of the packages, from their docstrings and the layers."""

import configparser
import pathlib

from doc import rst

ROOT = pathlib.Path(__file__).parents[1]
PAGE = ROOT / 'doc/source/contributor/map.rst'
INTRODUCTION = """\
.. This page is written by python -m doc.generate.

Layers from the top. Packages of one layer import nothing of each other.
"""


def layers() -> list[list[str]]:
    """The names in each layer, from the top."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / '.importlinter')
    lines = contracts['importlinter:contract:layers']['layers'].split('\n')
    return [[name.strip() for name in line.split('|')]
            for line in lines if line.strip()]


def summary(name: str) -> str:
    """The first sentence of a package's or module's docstring."""
    source = ROOT / 'hv_sched' / name
    path = source / '__init__.py' if source.is_dir() else (
        source.with_suffix('.py'))
    text = path.read_text().split('"""')[1]
    return ' '.join(text.split('\n\n')[0].split())


def page() -> str:
    return '\n'.join((INTRODUCTION, *rst.table(
        ('Package', 'Layer', 'Purpose'),
        ((f'``{name}``', str(number), summary(name))
         for number, layer in enumerate(layers(), 1) for name in layer))))
