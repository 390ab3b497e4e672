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

"""The cloud that doctor and explain look at: Placement, Nova and Glance."""

import collections.abc
import typing

from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import other_services


class Cloud(clouds.Cloud):
    """Four nodes and one KVM host; what they are on, a subclass builds.

    It is built once for all tests of the subclass.
    """

    NODES = ('hv01', 'hv02', 'hv03', 'hv04', 'kvm1')
    built: typing.Any = None

    def __init__(self, placement: base.Placement) -> None:
        super().__init__(placement)
        self.nodes = {name: clouds.node_uuid(name) for name in self.NODES}
        mine = type(self)
        if mine.built is None:
            self._build()
            mine.built = base.application().copy()
        base.application().restore(mine.built)
        self.nova = other_services.Nova()
        self.glance = other_services.Glance()

    def _build(self) -> None:
        self.register(*self.NODES)

    def uuid_of(self, name: str) -> str:
        return self.nodes.get(name, name)

    def change_traits(self, name: str,
                      add: collections.abc.Set[str] = frozenset(),
                      remove: collections.abc.Set[str] = frozenset()
                      ) -> None:
        generation, now = self.api.traits(self.uuid_of(name))
        self.api.set_traits(self.uuid_of(name), generation,
                            (now | add) - remove)

    def change_aggregates(self, name: str,
                          add: collections.abc.Set[str] = frozenset(),
                          remove: collections.abc.Set[str] = frozenset()
                          ) -> None:
        generation, now = self.api.aggregates(self.uuid_of(name))
        self.api.set_aggregates(self.uuid_of(name), generation,
                                (now | add) - remove)
