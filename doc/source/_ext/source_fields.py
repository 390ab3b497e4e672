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

"""The directive ``source-fields``: the form of a source as a table.

It reads the schema itself, so the page cannot fall behind.
"""

import csv
import io
import re

from docutils import nodes
from docutils import statemachine
from sphinx import application
from sphinx.util import docutils

from hv_sched.sources import reference

HEADER = ('Field', 'Form', 'Unit', 'Meaning', 'On Windows',
          'What absence does')


def _literal(text: str) -> str:
    return f'``{text}``'


def _plain(text: str) -> str:
    # Windows paths and HW_CPU_X86_ would be markup.
    return re.sub(r'([\\*_`|])', r'\\\1', text)


def _row(field: reference.Field) -> tuple[str, ...]:
    form = field.type + (', required' if field.required else '')
    return (_literal(field.path), form, field.unit,
            _plain(field.description), _plain(field.windows),
            _plain(field.absent))


class SourceFields(docutils.SphinxDirective):
    """Every field a source may have."""

    def run(self) -> list[nodes.Node]:
        """Build the table by way of docutils' own csv-table."""
        text = io.StringIO()
        csv.writer(text).writerows([HEADER, *map(_row, reference.fields())])
        lines = ['.. csv-table::', '   :header-rows: 1',
                 '   :widths: 20 10 5 30 15 20', '']
        lines += [f'   {line}' for line in text.getvalue().splitlines()]
        parent = nodes.container()
        self.state.nested_parse(
            statemachine.StringList(lines, source='source-fields'), 0, parent)
        return parent.children


def setup(app: application.Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive('source-fields', SourceFields)
    return {'parallel_read_safe': True}
