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

"""What the commands print fits the terminal, and the page shows it."""

import json

import pytest
import wcwidth

from tests.functional import measured_screens
from tests.functional.command_line import SOURCE

_NAMES = {'long': 'V' * 180, 'longer than Placement takes': 'V' * 255,
          'right to left': '\u05de\u05d0\u05d2\u05e8' * 9,
          'wide': '\u96f2\u5132\u5b58' * 20}


@pytest.fixture(scope='module')
def screens():
    return measured_screens.measured()


def too_wide(lines, width):
    return [line for line in lines if wcwidth.wcswidth(line) > width]


@pytest.mark.long
def test_every_screen_of_16_nodes_fits(screens):
    """At 100 columns, and at 80 with --max-width 80."""
    for title, by_width in screens.items():
        if title.startswith('csv '):  # not those of osc-placement
            for width, lines in by_width.items():
                assert too_wide(lines, int(width)) == [], title


@pytest.mark.long
def test_the_screens_of_the_page_are_current(screens):
    """``python -m tests.functional.measured_screens`` writes them."""
    recorded = json.loads(measured_screens.RECORD.read_text())
    for title, by_width in screens.items():
        if title.startswith('csv '):
            assert by_width == recorded[title], title
    assert screens.keys() == recorded.keys()


@pytest.mark.parametrize('name', _NAMES.values(), ids=_NAMES)
def test_screens_of_any_name_fit(csv, source, tmp_path, name):
    (tmp_path / 'hvc1.yaml').write_text(SOURCE.replace('Volume1', name))
    for command in ('plan', 'sync', 'list'):
        code, out, err = csv(command, '--source', source, '--max-width', '80')
        assert code in {0, 2, 4}, err
        assert too_wide(out.splitlines(), 80) == []
