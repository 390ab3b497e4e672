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

"""Public class names that are defined more than once.

``python tools/class_names.py`` lists each name that stands for several
classes of the package, and fails when there are any. Exempt are cliff's
commands and columns (``hv_sched/osc``), which are named after what they show.
Filters and weighers are not: Nova itself wants their names unique.
"""

import argparse
import ast
import collections
import pathlib
import sys

PACKAGE = pathlib.Path(__file__).parents[1] / 'hv_sched'
EXEMPT_ROOMS = frozenset(('osc',))


def public_classes(path: pathlib.Path) -> list[ast.ClassDef]:
    """The classes of a module whose name has no leading underscore."""
    return [node for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ClassDef) and node.name[0] != '_']


def duplicates(package: pathlib.Path) -> dict[str, list[str]]:
    """Where each name that is defined more than once is defined."""
    places = collections.defaultdict(list)
    for path in sorted(package.rglob('*.py')):
        if path.relative_to(package).parts[0] in EXEMPT_ROOMS:
            continue
        for node in public_classes(path):
            places[node.name].append(f'{path}:{node.lineno}')
    return {name: lines for name, lines in sorted(places.items())
            if len(lines) > 1}


def main(arguments: list[str] | None = None) -> int:
    """Print the names; 1 when there are any."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('package', nargs='?', type=pathlib.Path,
                        default=PACKAGE)
    names = duplicates(parser.parse_args(arguments).package)
    for name, lines in names.items():
        print(f'{name}: {", ".join(lines)}')
    print(f'{len(names)} public class names are defined more than once')
    return int(bool(names))


if __name__ == '__main__':
    sys.exit(main())
