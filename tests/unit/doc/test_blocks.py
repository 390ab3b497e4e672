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

"""Blocks of README and documentation: run, tested elsewhere, or excerpts."""

import configparser
import re

import pytest
import yaml

from hv_sched.conf import list_opts
from tests import doc_blocks
from tests.repository import ROOT

BLOCKS = [block for page in doc_blocks.PAGES
          for block in doc_blocks.blocks(page)]
OPTIONS = {option.name for _group, options in list_opts()
           for option in options}


def _of(*languages):
    return [block for block in BLOCKS if block.language in languages]


@pytest.mark.parametrize('block', _of(*doc_blocks.COMMAND_LANGUAGES), ids=str)
def test_a_block_is_run_or_marked(block):
    assert block.kind, (
        f'{block}: put a comment above the block: ".. run: published", '
        '".. tested by: tests/...", or ".. excerpt: why it is not run"; '
        'see tests/doc_blocks.py')
    if block.kind == 'tested by':
        assert (ROOT / block.argument).is_file(), block.argument
    if block.kind == 'run':
        assert len(block.exit_codes) == len(block.commands), block


@pytest.mark.parametrize('block', _of('yaml'), ids=str)
def test_yaml_is_yaml(block):
    yaml.safe_load(block.text.replace('…', ''))


@pytest.mark.parametrize('block', _of('ini'), ids=str)
def test_options_exist(block):
    parser = configparser.RawConfigParser(
        strict=False, interpolation=None)
    text = block.text if block.text.lstrip().startswith(('[', '#')) else (
        f'[hv_sched]\n{block.text}')
    parser.read_string(text.replace('…', ''))
    assert parser.sections()
    if parser.has_section('hv_sched'):
        assert set(parser.options('hv_sched')) - OPTIONS == set()


def test_targets_of_make_exist():
    targets = set(re.findall(r'^([a-z0-9.-]+):', (
        ROOT / 'Makefile').read_text(), re.MULTILINE))
    targets |= {f'test-{path.stem}'
                for path in (ROOT / 'constraints').glob('2*.txt')}
    for page in doc_blocks.PAGES:
        # In a block, or as ``make demo``.
        named = re.findall(r'^ +make ([a-z][a-z0-9.-]+)|``make '
                           r'([a-z][a-z0-9.-]+)', page.read_text(), re.M)
        assert {a or b for a, b in named} - targets == set(), page


PAGE = '''
Text.

.. run: new, exit 2 0
.. code-block:: console

    $ openstack a \\
        b
    out
    $ openstack c

.. excerpt: why
   it is one

Last words::

    text

No marker::

    text
'''


def test_markers_commands_and_output_are_read(tmp_path):
    page = tmp_path / 'page.rst'
    page.write_text(PAGE)
    first, second, third = doc_blocks.blocks(page)
    assert (first.kind, first.scene, first.exit_codes) == (
        'run', 'new', (2, 0))
    assert first.commands == [['openstack', 'a', 'b'], ['openstack', 'c']]
    assert first.output == ['out']
    assert (second.kind, second.argument) == ('excerpt', 'why it is one')
    assert (third.kind, third.text) == ('', 'text')
    page.write_text(f'.. all blocks tested by: x\n{PAGE}')
    assert [block.kind for block in doc_blocks.blocks(page)] == [
        'run', 'excerpt', 'tested by']
