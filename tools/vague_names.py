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

"""How many variables and parameters have a name that says nothing.

``python tools/vague_names.py`` counts, on the syntax tree, every stored name
and every argument of the package and tells the share whose name stands in
``vague_names.txt``. ``--list`` shows each with its file and line;
``--at-most PERCENT`` makes a larger share an error.
"""

import argparse
import ast
from collections.abc import Iterator
import pathlib
import sys

TOOLS = pathlib.Path(__file__).parent
PACKAGE = TOOLS.parent / 'hv_sched'


def vague_words() -> frozenset[str]:
    """The word list, without its comments."""
    lines = (TOOLS / 'vague_names.txt').read_text().splitlines()
    return frozenset(line for line in lines if line and line[0] != '#')


def names_in(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, line) of all variables and parameters but self and cls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg) and node.arg not in ('self', 'cls'):
            yield node.arg, node.lineno


def main(arguments: list[str] | None = None) -> int:
    """Print the share; 1 when it is larger than allowed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('folder', nargs='?', type=pathlib.Path,
                        default=PACKAGE)
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--at-most', type=float, metavar='PERCENT')
    options = parser.parse_args(arguments)
    words = vague_words()
    count = 0
    vague = []
    for path in sorted(options.folder.rglob('*.py')):
        for name, line in names_in(ast.parse(path.read_text())):
            count += 1
            if name.strip('_') in words:
                vague.append(f'{path}:{line}: {name}')
    if options.list:
        print('\n'.join(vague))
    percent = 100 * len(vague) / max(count, 1)
    print(f'{len(vague)} of {count} variables and parameters '
          f'({percent:.1f} %) have a name that says nothing')
    return int(options.at_most is not None and percent > options.at_most)


if __name__ == '__main__':
    sys.exit(main())
