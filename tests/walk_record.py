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

"""What long random walks came to, kept where one asks for it.

``WALKS_RECORD=doc/walks.json`` and ``pytest -m long`` of a file with walks;
reference/concurrency.rst shows the record.
"""

import collections.abc
import json
import os
import pathlib

from tests import records


def keep(walk: str, seed: int, examples: int, steps: int,
         counts: collections.abc.Mapping[str, int]) -> None:
    """Print it, and keep it beside those of other walks.

    :param steps: of one walk, at most
    :param counts: what happened in all of them
    """
    figures = {'seed': seed, 'examples': examples, 'steps a walk': steps,
               'counts': dict(sorted(counts.items()))}
    print(walk, json.dumps(figures), flush=True)
    if path := os.environ.get('WALKS_RECORD'):
        records.keep(pathlib.Path(path), (walk,), figures)
