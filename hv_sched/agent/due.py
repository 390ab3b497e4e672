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


"""What only some passes of the agent do. Pure."""


class Due:
    """What only some passes do, and the next one after one that failed."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def is_due(self, name: str, now: bool) -> bool:
        """:param now: whether it is this pass's by its number"""
        if now:
            self._names.add(name)
        return name in self._names

    def done(self, name: str) -> None:
        """It did not fail."""
        self._names.discard(name)
