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

"""Headings and tables of the written pages, in reStructuredText."""

from collections.abc import Iterable


def title(text: str) -> tuple[str, ...]:
    """The lines of a section's heading."""
    return (text, '-' * len(text), '')


def table(heading: Iterable[str], body: Iterable[Iterable[str]]
          ) -> tuple[str, ...]:
    """The lines of a list-table."""
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for row in (heading, *body):
        for number, cell in enumerate(row):
            text = f'   {"-" if number else "* -"} {cell}'.rstrip()
            lines.append(text if not number else f'  {text}')
    return (*lines, '')
