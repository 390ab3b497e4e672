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

"""The licences of what hv_sched requires, against a list.

``python tools/licences.py`` follows the requirements of the installed
hv_sched, and of its extras that a service needs, and fails where one has a
licence that ``tools/licences.txt`` does not list, or none at all.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from importlib import metadata
import pathlib
import re
import sys

from packaging import requirements
from packaging import utils

PRODUCT = 'hv_sched'
# Those of a service; kerberos builds C modules where it is installed.
EXTRAS = ('agent', 'status', 'winrm')
ALLOWED = pathlib.Path(__file__).with_name('licences.txt')
_OF_NOBODY = 'OSI Approved'  # a group of classifiers, and no licence
_OPERATORS = re.compile(r'\s+(?:AND|OR|WITH)\s+|[()]')


def allowed() -> frozenset[str]:
    return frozenset(
        line for line in map(str.strip, ALLOWED.read_text().splitlines())
        if line and not line.startswith('#'))


def closure(product: str = PRODUCT, extras: Iterable[str] = EXTRAS
            ) -> Iterator[metadata.Distribution]:
    """What is installed of a product's requirements, and of theirs, sorted.

    :raises PackageNotFoundError: one of them is not installed
    """
    distributions: dict[str, metadata.Distribution] = {}
    done = set()
    remaining = [(product, tuple(extras))]
    while remaining:
        name, chosen_extras = remaining.pop()
        if (utils.canonicalize_name(name), chosen_extras) in done:
            continue
        done.add((utils.canonicalize_name(name), chosen_extras))
        distribution = metadata.distribution(name)
        distributions[utils.canonicalize_name(name)] = distribution
        remaining += _requirements(distribution, chosen_extras)
    return iter(distributions[name] for name in sorted(distributions))


def _requirements(distribution: metadata.Distribution,
                  extras: Iterable[str]
                  ) -> Iterator[tuple[str, tuple[str, ...]]]:
    for text in distribution.requires or ():
        required = requirements.Requirement(text)
        if required.marker is None or any(
                required.marker.evaluate({'extra': extra})
                for extra in ('', *extras)):
            yield required.name, tuple(sorted(required.extras))


def licences(distribution: metadata.Distribution) -> list[str]:
    """What its metadata says: the expression, else classifiers, else text."""
    fields = distribution.metadata
    expression = fields.get('License-Expression')
    if expression:
        return _parts(expression)
    classifiers = [line.rpartition(' :: ')[2]
                   for line in fields.get_all('Classifier') or ()
                   if line.startswith('License :: ')]
    listed = [name for name in classifiers if name != _OF_NOBODY]
    text = (fields.get('License') or '').strip()
    return listed or _parts(text.partition('\n')[0])


def _parts(expression: str) -> list[str]:
    return [part.strip() for part in _OPERATORS.split(expression)
            if part.strip()]


def refused(distributions: Iterable[metadata.Distribution]) -> list[str]:
    """Lines about those whose licences are not all allowed."""
    permitted = allowed()
    lines = []
    for distribution in distributions:
        said = licences(distribution)
        unknown = [name for name in said if name not in permitted]
        if unknown or not said:
            lines.append(f'{distribution.metadata["Name"]} '
                         f'{distribution.version}: '
                         + ('; '.join(unknown) or 'says no licence'))
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Print what is not allowed; 1 when there is anything."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--all', action='store_true',
                        help='print the licences of every dependency')
    shows_all = parser.parse_args(arguments).all
    distributions = list(closure())
    if shows_all:
        for distribution in distributions:
            print(f'{distribution.metadata["Name"]} {distribution.version}: '
                  + '; '.join(licences(distribution)))
    lines = refused(distributions)
    for line in lines:
        print(line)
    print(f'{len(distributions)} packages, {len(lines)} with a licence that '
          f'{ALLOWED.name} does not list')
    return 1 if lines else 0


if __name__ == '__main__':
    sys.exit(main())
