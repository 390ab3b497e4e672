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

"""What a command says of itself is read as sentences.

argparse joins the paragraphs of a description.
"""

import argparse
from importlib import metadata

import pytest

COMMANDS = {entry.name: entry for entry in metadata.entry_points(
    group='openstack.placement.v1') if entry.value.startswith('hv_sched.')}


@pytest.mark.parametrize('name', sorted(COMMANDS))
def test_the_first_line_of_a_help_is_a_sentence(name):
    command = COMMANDS[name].load()
    first, *others = command.__doc__.strip().split('\n\n')
    parser = command(argparse.Namespace(), None).get_parser(name)
    text = ' '.join(parser.format_help().split())
    if others:
        assert f'{" ".join(first.split())}. {others[0].split()[0]}' in text


def test_all_commands_are_asked():
    assert len(COMMANDS) > 10
