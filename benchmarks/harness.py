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

"""Run a benchmark that is a test case of Nova's harness; say what it found.

Its settings are options of the command line.
"""

import argparse
from collections.abc import Callable
from collections.abc import Mapping
import json
from typing import Any
import unittest


def parser(doc: str, settings: Mapping[str, Any], *numbers: str
           ) -> argparse.ArgumentParser:
    """A parser of a benchmark's settings.

    :param numbers: the settings that need no words to say what they are
    """
    made = argparse.ArgumentParser(description=doc.partition('\n')[0])
    for name in numbers:
        made.add_argument(f'--{name}', type=int, default=settings[name])
    return made


def main(made: argparse.ArgumentParser, case: Callable[[], unittest.TestCase],
         settings: dict[str, Any], result: Mapping[str, Any]) -> int:
    """Run a case with the settings of the command line.

    :param case: makes it, once the settings are what was asked for
    """
    made.add_argument('--output', help='file for the result, as JSON')
    arguments = vars(made.parse_args())
    output = arguments.pop('output')
    settings.update(arguments)
    return run(case(), result, output)


def run(case: unittest.TestCase, result: Mapping[str, Any],
        output: str | None) -> int:
    """Run a case that fills the result, print it, and write it to a file.

    :param output: the file's path, None for none; it holds every single
        measurement, which the print leaves out
    :returns: the exit code
    """
    done = unittest.TextTestRunner(verbosity=0).run(case)
    if output and result:
        with open(output, 'w', encoding='utf-8') as file:
            json.dump(result, file, indent=2)
            file.write('\n')
    print(json.dumps({key: value for key, value in result.items()
                      if key != 'seconds'}, indent=2))
    return 0 if done.wasSuccessful() else 1
