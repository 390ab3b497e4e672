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

import collections.abc
import logging

import pytest

from tests.functional import base


@pytest.fixture
def placement() -> collections.abc.Iterator[base.Placement]:
    """An empty, real Placement as a keystoneauth1 Adapter."""
    with base.running_placement() as client:
        yield client


@pytest.fixture(autouse=True)
def _root_logger_as_it_was():
    """A command's handlers write to streams that end with its test."""
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = before
