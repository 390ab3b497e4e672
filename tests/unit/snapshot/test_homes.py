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

"""Volumes say which nodes use them, and everybody reads that alike."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from hv_sched import model
from hv_sched.placement import home_traits
from hv_sched.placement import names
from hv_sched.providers import layout as desired
from hv_sched.providers.settings import Settings
from hv_sched.snapshot import homes
from hv_sched.snapshot import volumes

NODES = [str(uuid.UUID(int=number)) for number in range(1, 13)]


def volume(number, nodes=(), *traits):
    return volumes.VolumeState(
        f'v{number}', f'csv:c1/CSV{number}', 500, 0,
        traits=frozenset({*home_traits.traits_of(nodes), *traits}))


def read(*known):
    return homes.read_homes({one.uuid: one for one in known})


@given(st.lists(st.sets(st.sampled_from(NODES)), max_size=40))
def test_every_node_has_exactly_the_volumes_that_name_it(users):
    found = read(*(volume(number, some)
                   for number, some in enumerate(users)))
    assert found == {
        node: {f'v{number}' for number, some in enumerate(users)
               if node in some}
        for node in set().union(*users)}


def test_a_trait_that_names_no_node_spoils_nothing():
    found = read(volume(1, NODES[:1], names.HOME_PREFIX + 'MINE',
                        names.VOLUME))
    assert found == {NODES[0]: {'v1'}}


def test_what_is_published_is_what_is_read():
    nodes = tuple(model.Node(name=f'hv{number}', home=f'g{number % 2}')
                  for number in range(4))
    layout = desired.layout_of(
        model.Cluster(guid='c', name='c', nodes=nodes, volumes=tuple(
            model.Volume(guid=f'g{number}', name=f'CSV{number}',
                         size_bytes=model.GIB,
                         cut_off_nodes=frozenset({'hv2'}))
            for number in range(2))),
        {node.name: uuid for node, uuid in zip(nodes, NODES, strict=False)})
    published = {uuid: volumes.VolumeState(
        uuid, uuid, 1, 0, traits=desired.volume_traits(
            layout, uuid, frozenset(), frozenset(), Settings()))
        for uuid in layout.volumes}
    assert homes.read_homes(published) == {
        node: {volume} for volume, members in layout.members.items()
        for node in members}
    assert NODES[2] not in homes.read_homes(published)
