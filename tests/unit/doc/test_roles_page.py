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
"""The page of what each set of roles is able to."""

import json

from doc import roles_page
from tests.cloud import roles


def test_each_command_has_a_row_with_a_cell_for_each_set_of_roles():
    record = json.loads(roles_page.RECORD.read_text())
    text = roles_page.page()
    sets = {tuple(came_of) for came_of in record.values()}
    assert len(sets) == 1 and len(record) >= 12
    for came_of in record.values():
        assert '\n     - '.join(came_of.values()) in text


def test_an_administrator_is_able_to_do_everything_and_a_reader_nothing():
    for command, came_of in json.loads(
            roles_page.RECORD.read_text()).items():
        assert came_of['admin'] == 'works', command
        assert came_of['reader'] != 'works', command


def test_a_row_is_called_what_was_typed():
    """A look at what adopt would do is no adopt."""
    titles = [attempt.title for attempt in roles.attempts(
        'of-the-administrator')]
    record = list(json.loads(roles_page.RECORD.read_text()))
    csv = ' '.join(roles.CSV)
    # The record is of a run before these two were tried.
    assert titles in (record, [*record, f'{csv} retire', f'{csv} adopt'])
    assert f'{" ".join(roles.CSV)} adopt --dry-run' in titles
