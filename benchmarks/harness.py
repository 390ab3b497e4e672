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

"""Run a benchmark that is a test case of Nova's harness; say what it found."""

from collections.abc import Mapping
import json
from typing import Any
import unittest


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
