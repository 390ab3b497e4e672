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

"""Writes the pages of doc/source that are made of the code.

``python -m doc.generate`` writes all of them, with names only those (``traits
asks``); a unit test says when one is due.
"""

import argparse
import pathlib
from typing import Protocol

from doc import accidents_page
from doc import asks_page
from doc import checks_page
from doc import cloud_page
from doc import concurrency_page
from doc import drivers_page
from doc import extra_specs_page
from doc import faults_page
from doc import findings_page
from doc import installs_page
from doc import limits_page
from doc import map_page
from doc import matrix_page
from doc import metrics_page
from doc import missing_facts_page
from doc import mixed_page
from doc import moves_page
from doc import overrides_page
from doc import plugins_page
from doc import quality_page
from doc import roles_page
from doc import scheduling_cost_page
from doc import screens_page
from doc import storm_page
from doc import targets_page
from doc import traits_page
from doc import upkeep_page


class Page(Protocol):
    """A module that makes one page."""

    PAGE: pathlib.Path

    def page(self) -> str:
        """The text that PAGE should have."""


PAGES: dict[str, Page] = {
    module.PAGE.stem: module for module in (
        accidents_page, asks_page, checks_page, cloud_page,
        concurrency_page, drivers_page, extra_specs_page, faults_page,
        findings_page, installs_page, limits_page, map_page,
        matrix_page, metrics_page, missing_facts_page, mixed_page, moves_page,
        overrides_page, plugins_page, quality_page, roles_page,
        scheduling_cost_page, screens_page, storm_page, targets_page,
        traits_page, upkeep_page)}


def main(arguments: list[str] | None = None) -> None:
    """Write the pages named, or all."""
    parser = argparse.ArgumentParser(
        prog='python -m doc.generate',
        description='Write the pages that are made of the code.')
    parser.add_argument('pages', nargs='*', metavar='PAGE',
                        help=', '.join(PAGES))
    names = parser.parse_args(arguments).pages
    unknown = set(names) - PAGES.keys()
    if unknown:
        parser.error(f'no such page: {", ".join(sorted(unknown))}')
    for name in names or PAGES:
        PAGES[name].PAGE.write_text(PAGES[name].page())


if __name__ == '__main__':
    main()
