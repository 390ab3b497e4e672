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


"""Whatever is missing of an answer, nothing opens, shrinks or goes away.

The real planners on an imagined Placement, judged by an oracle that knows
nothing of the gate. And the twin: what complete answers lead to does not
hang on what was half known in between.
"""

import dataclasses
import datetime

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from doc import imagined_placement
from hv_sched import model
from hv_sched.model import Section
from hv_sched.model import SectionReport
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers.settings import Settings
from tests.widening import widens

NOW = imagined_placement.NOW
GIB = model.GIB
NODES = ('hv01', 'hv02', 'hv03')
SETTINGS = Settings(workers=1, reserved_step_gb=1)
CLUSTER = '11111111-1111-4111-8111-111111111111'
GUIDS = ('22222222-2222-4222-8222-000000000001',
         '22222222-2222-4222-8222-000000000002')
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'


def some(values):
    return st.sets(st.sampled_from(values)).map(lambda them: tuple(
        sorted(them)))


FRESH = SectionReport(NOW)


@st.composite
def nodes(draw, name):
    return model.Node(
        name, build=draw(st.sampled_from((14393, 17763))),
        state=draw(st.sampled_from(model.NodeState)),
        home=draw(st.sampled_from(GUIDS)),
        cpu_vendor=model.CpuVendor.INTEL,
        cpu_features=draw(some(('VMX', 'AVX'))),
        sections=dict.fromkeys(sorted(
            model.NODE_SECTIONS, key=lambda section: section.value), FRESH),
        **{field: draw(st.booleans())
           for field in model.capability_fields()}, gpus=())


@st.composite
def volumes(draw, number):
    return model.Volume(
        GUIDS[number], f'Volume{number}', 500 * GIB,
        state=draw(st.sampled_from(model.CsvState)),
        free_bytes=draw(st.sampled_from((1, 200, 400))) * GIB,
        resource_id=f'33333333-3333-4333-8333-00000000000{number}',
        file_system=draw(st.sampled_from(('ntfs', 'refs'))),
        medium=draw(st.sampled_from(('ssd', 'hdd'))),
        reserve_gb=draw(st.sampled_from((0, 20))),
        maintenance=draw(st.booleans()),
        accepts_new_disks=draw(st.booleans()),
        cut_off_nodes=draw(some(NODES[2:])),
        redirected_nodes=draw(some(NODES)),
        cached_images=draw(st.sampled_from(((), (IMAGE,)))),
        image_cache_bytes=draw(st.sampled_from((0, 5))) * GIB)


def _with_homes(listed):
    """Each volume is the home of a node that reaches it.

    One that is no node's home is not published, and stays if it was.
    """
    return tuple(dataclasses.replace(node, home=guid) for node, guid in zip(
        listed, (*GUIDS, listed[-1].home), strict=True))


@st.composite
def answers(draw):
    """A complete, fresh answer."""
    return model.Cluster(
        CLUSTER, 'hvc1', _with_homes([draw(nodes(name)) for name in NODES]),
        tuple(draw(volumes(number)) for number in range(2)),
        functional_level=draw(st.sampled_from((8, 9, 10))),
        placement_chooses_volume=False, collected_at=NOW,
        sections=dict.fromkeys(
            (Section.CLUSTER, Section.NODES, Section.VOLUMES,
             Section.VOLUME_STATES, Section.GROUPS), FRESH))


REPORTS = st.sampled_from((
    SectionReport(NOW, 'denied'), SectionReport(None, 'denied'),
    SectionReport(NOW - datetime.timedelta(days=1))))
NODE_FACTS = ('build', 'state', 'home', 'cpu_vendor', 'cpu_features', 'gpus',
              *model.capability_fields())
VOLUME_FACTS = tuple(
    field.name for field in dataclasses.fields(model.Volume)
    if field.name not in ('guid', 'name', 'incomplete_lists',
                          'silent_nodes'))


def silent(draw, item, facts):
    """The item with some of its facts gone."""
    gone = draw(st.sets(st.sampled_from(facts)))
    return dataclasses.replace(item, **dict.fromkeys(gone))


def unsound(draw, sections):
    """Some sections failed, are old, or were not delivered."""
    left = {}
    for section, report in sections.items():
        fate = draw(st.sampled_from(('sound', 'unsound', 'missing')))
        if fate != 'missing':
            left[section] = report if fate == 'sound' else draw(REPORTS)
    return left


def half_node(draw, node):
    return dataclasses.replace(silent(draw, node, NODE_FACTS),
                               sections=unsound(draw, node.sections))


def unspoken(draw, volume):
    """The volume, of which some nodes do not say how they reach it."""
    nodes = draw(some(NODES))
    lists = {field: tuple(name for name in getattr(volume, field)
                          if name not in nodes)
             for field in ('cut_off_nodes', 'redirected_nodes')
             if getattr(volume, field) is not None}
    return dataclasses.replace(volume, silent_nodes=nodes, **lists)


def half_volume(draw, volume):
    volume = unspoken(draw, silent(draw, volume, VOLUME_FACTS))
    if volume.state is not model.CsvState.ONLINE and draw(st.booleans()):
        return dataclasses.replace(volume, guid=None)
    return volume


def set_aside(kind, item):
    return model.SetAside(kind, item.name, getattr(item, 'guid', None),
                          'name-twice', 'it is there twice')


@st.composite
def half_answers(draw, whole):
    """The same cluster, of which less is told: some facts, items, sections.
    """
    listed = {'nodes': [], 'volumes': []}
    aside = []
    for field, kind, half in (
            ('nodes', model.ItemKind.NODE, half_node),
            ('volumes', model.ItemKind.VOLUME, half_volume)):
        for item in getattr(whole, field):
            fate = draw(st.sampled_from(('told', 'half', 'aside', 'gone')))
            if fate == 'aside':
                aside.append(set_aside(kind, item))
            elif fate != 'gone':
                listed[field].append(
                    item if fate == 'told' else half(draw, item))
    return dataclasses.replace(
        whole, nodes=tuple(listed['nodes']),
        volumes=tuple(listed['volumes']), set_aside=tuple(aside),
        functional_level=draw(st.sampled_from(
            (None, whole.functional_level))),
        placement_chooses_volume=draw(st.sampled_from((None, False))),
        sections=unsound(draw, whole.sections))


def placement():
    return imagined_placement.ImaginedPlacement(NODES, settings=SETTINGS)


def facts(cluster, *problems):
    return model.Facts((cluster,), problems)


def _of_published(change, stands):
    """The change without what is said of volumes that are not published."""
    if not isinstance(change, changes.SetTraits):
        return change
    lost = {trait for trait in change.before - change.after
            if trait.startswith(names.CUT_OFF_PREFIX)
            and names.volume_of(trait) not in stands.providers}
    return dataclasses.replace(change, before=change.before - lost)


@hypothesis.settings(max_examples=25, deadline=None)
@given(answers(), st.data())
def test_half_an_answer_widens_nothing(whole, data):
    stands = placement()
    stands.sync(facts(whole))
    plan = stands.sync(facts(data.draw(half_answers(whole))))
    wide = [(change.name, change.lines) for change in plan.changes
            if widens(_of_published(change, stands))]
    assert wide == [], str(wide)


def test_a_node_without_a_home_does_not_get_the_volume_that_is_left():
    """Cut off from its home, it stands in no home aggregate; what it is then
    not told to be stays unknown while Placement has two volumes.
    """
    first, second = (model.Volume(
        guid=guid, name=f'Volume{number}', size_bytes=500 * GIB,
        free_bytes=500 * GIB, cut_off_nodes=('hv03',) if not number else ())
        for number, guid in enumerate(GUIDS))
    members = tuple(model.Node(name, home=guid) for name, guid in zip(
        NODES, (*GUIDS, GUIDS[0]), strict=True))
    whole = model.Cluster(CLUSTER, 'hvc1', members, (first, second),
                          collected_at=NOW)
    stands = placement()
    stands.sync(facts(whole))
    stands.sync(facts(dataclasses.replace(
        whole, volumes=(second,), nodes=(*members[:2], model.Node('hv03')))))
    assert home_traits.nodes_of(stands.providers[
        ids.volume_uuid(CLUSTER, GUIDS[1])].traits) == {
            imagined_placement.node_uuid('hv02')}


@hypothesis.settings(max_examples=25, deadline=None)
@given(answers(), st.data())
def test_half_an_answer_shrinks_no_volume_and_withdraws_none(whole, data):
    stands = placement()
    stands.sync(facts(whole))
    published = {uuid for uuid, provider in stands.providers.items()
                 if names.VOLUME in provider.traits
                 and provider.inventories['DISK_GB'].capacity >= 100}
    for uuid in published:
        stands.allocate(uuid, 100)
    totals = {uuid: stands.providers[uuid].inventories['DISK_GB'].total
              for uuid in published}
    stands.sync(facts(data.draw(half_answers(whole))))
    for uuid in published:
        disk = stands.providers[uuid].inventories['DISK_GB']
        assert disk.total >= totals[uuid]
        assert disk.capacity >= 100
        assert names.SHARING in stands.providers[uuid].traits


def shown(stands):
    """All that stands, but what moves by steps."""
    return {(provider.name, *item) for provider in stands.providers.values()
            for item in (
                *((rc, dataclasses.replace(inventory, reserved=0))
                  for rc, inventory in provider.inventories.items()),
                *(('trait', trait) for trait in provider.traits),
                *(('aggregate', uuid) for uuid in provider.aggregates))}


@hypothesis.settings(max_examples=25, deadline=None)
@given(answers(), answers(), st.data())
def test_complete_answers_lead_to_what_a_first_sync_of_them_writes(
        former, whole, data):
    stands, first = placement(), placement()
    stands.sync(facts(former))
    stands.sync(facts(data.draw(half_answers(former))))
    for _number in range(2):
        stands.sync(facts(whole))
        first.sync(facts(whole))
    differing = shown(stands) ^ shown(first)
    assert differing == set(), str(differing)
    for uuid, provider in first.providers.items():
        reserved = provider.inventories['DISK_GB'].reserved
        assert abs(stands.providers[uuid].inventories['DISK_GB'].reserved
                   - reserved) <= SETTINGS.reserved_step_gb
