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

"""Compare two ways on a Placement in a process of its own, on MariaDB."""

import argparse
from collections.abc import Callable
import json
import pathlib
import tempfile
from typing import Any

from tests.functional import base
from tests.functional import mariadb
from tests.functional import placement_process

Compare = Callable[[base.Adapter, argparse.Namespace], dict[str, Any]]


def run(compare: Compare, args: argparse.Namespace) -> None:
    """Print what a comparison found, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        with placement_process.placement(pathlib.Path(folder),
                                         mariadb) as adapter:
            print(json.dumps(compare(adapter, args), indent=1))
