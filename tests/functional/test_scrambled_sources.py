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

"""A file that arrives damaged opens nothing, on a real Placement.

From any published state the file of a cluster loses fields, has failed
sections, ends in the middle, or has bytes that are somebody else's. Nothing
that was closed opens, no volume shrinks below its use or is withdrawn, and
the other cluster, whose file is sound, goes on. And the twin: two complete
answers later nothing is left of it.

Bytes may also tell something else that can be true, such as another free
space. That is a new fact and may open; it is counted apart, and is held to
what no fact may do.
"""

import collections
import contextlib
import copy
import dataclasses
import json
import pathlib
import tempfile
import uuid

import hypothesis
from hypothesis import Phase
from hypothesis import strategies as st
import pytest
import yaml

from doc import missing_facts
from hv_sched import model
from hv_sched import sources
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.sources import facts as source_facts
from tests import widening
from tests.chaos import placement_rows
from tests.functional import base
from tests.functional import cloud as clouds

GIB = model.GIB
OTHER = {
    'guid': '99999999-9999-4999-8999-999999999999', 'name': 'sound',
    'nodes': [{'name': 'omega9', 'build': 14393}],
    'volumes': [{'guid': '88888888-8888-4888-8888-888888888888',
                 'name': 'Apart', 'size_gb': 500, 'free_gb': 500}]}
OTHER_VOLUME = ids.volume_uuid(OTHER['guid'], OTHER['volumes'][0]['guid'])
# Damaged files for each published state.
DAMAGES = 4
COUNTS = collections.Counter()


# -- published states


def documents():
    """Complete files of the same cluster."""
    return st.builds(_document, st.tuples(NODE, NODE), st.tuples(
        VOLUME, VOLUME), st.sampled_from((8, 9, 10)))


# The first of each is what closes: a single example is one of a closed cloud.
NODE = st.fixed_dictionaries({
    'state': st.sampled_from(('paused', 'draining', 'up')),
    'build': st.sampled_from((14393, 17763)),
    **{field: st.booleans() for field in model.capability_fields()}})
VOLUME = st.fixed_dictionaries({
    'state': st.sampled_from(('failed', 'online')),
    'free_bytes': st.sampled_from((1, 200, 350)).map(lambda gb: gb * GIB),
    'reserve_gb': st.sampled_from((0, 20)),
    'medium': st.sampled_from(('ssd', 'hdd')),
    'maintenance': st.sampled_from((True, False)),
    'accepts_new_disks': st.booleans(),
    'cached_images': st.sampled_from(([], [missing_facts.IMAGE])),
    # The nodes by their place after the one whose home it is.
    'cut_off_nodes': st.sampled_from(([1], [])),
    'redirected_nodes': st.sampled_from(([0], [], [0, 1]))})


def _document(nodes, volumes, level):
    made = missing_facts.document(missing_facts.Start.HEALTHY)
    del made['collected_at']
    cluster, = made['clusters']
    for holder in (cluster, *cluster['nodes']):
        del holder['sections']
    cluster['functional_level'] = level
    for place, (node, volume) in enumerate(zip(nodes, volumes, strict=True)):
        cluster['nodes'][place] |= node
        cluster['volumes'][place] |= volume | {
            field: [missing_facts.NODES[(place + number) % 2]
                    for number in volume[field]]
            for field in ('cut_off_nodes', 'redirected_nodes')}
    return made


# -- damage


SECTIONS = sorted(model.Section, key=lambda section: (
    section is not model.Section.VOLUMES, section.value))
FORMS = {'.json': lambda document: json.dumps(document, indent=1),
         '.yaml': yaml.safe_dump}


def _paths(value, path=()):
    """The places of all fields and entries."""
    if path:
        yield path
    inside = (value.items() if isinstance(value, dict)
              else enumerate(value) if isinstance(value, list) else ())
    for step, inner in inside:
        yield from _paths(inner, (*path, step))


@st.composite
def damaged(draw, document, form):
    """The bytes of a file that had this document in it."""
    document = copy.deepcopy(document)
    kinds = draw(st.lists(st.sampled_from(
        ('fail', 'spoil', 'remove', 'bytes')), min_size=1, max_size=2))
    for kind in kinds:
        if kind == 'fail':
            _fail(draw, document)
        elif kind != 'bytes':
            _spoil(draw, document, kind)
    data = FORMS[form](document).encode()
    for _ in range(kinds.count('bytes')):
        data = draw(scrambled(data))
    return data


def _spoil(draw, document, kind):
    *parents, last = draw(st.sampled_from(list(_paths(document))))
    holder = document
    for step in parents:
        holder = holder[step]
    if kind == 'remove':
        del holder[last]
    else:
        holder[last] = draw(st.sampled_from(
            (None, '', '?', -1, {}, [None], {'odd': True})))


def _fail(draw, document):
    """A section that could not be collected, or was long ago."""
    clusters = document.get('clusters') if isinstance(document, dict) else ()
    if not isinstance(clusters, list) or not clusters or not isinstance(
            clusters[0], dict):
        return
    section = draw(st.sampled_from(SECTIONS))
    report = draw(st.sampled_from((
        {'error': 'access is denied'},
        {'collected_at': '2020-01-01T00:00:00Z'})))
    holders = [clusters[0]]
    if section in model.NODE_SECTIONS:
        nodes = clusters[0].get('nodes')
        holders = [node for node in nodes or () if isinstance(node, dict)
                   ] if isinstance(nodes, list) else []
    for holder in holders[:1]:
        holder['sections'] = {section.value: report}


@st.composite
def scrambled(draw, data):
    """The bytes, cut off or changed at any place."""
    start = draw(st.integers(0, len(data)))
    end = min(len(data), start + draw(st.integers(0, 12)))
    kind = draw(st.sampled_from(('truncate', 'replace', 'drop', 'repeat')))
    if kind == 'truncate':
        return data[:start]
    if kind == 'replace':
        return data[:start] + draw(st.binary(
            min_size=1, max_size=4)) + data[end:]
    if kind == 'drop':
        return data[:start] + data[end:]
    return data[:end] + data[start:]


# -- what may be left


def is_less(told, whole):
    """Whether a cluster says nothing that the whole one does not.

    Facts may be gone, failed or old; none is another.
    """
    return told == whole or told is None or (
        isinstance(told, tuple) and isinstance(whole, tuple)
        and all(any(is_less(item, other) for other in whole)
                for item in told)
        if not dataclasses.is_dataclass(told) else
        type(told) is type(whole) and all(
            _is_field_less(field.name, told, whole)
            for field in dataclasses.fields(told)))


def _is_field_less(name, told, whole):
    value, former = getattr(told, name), getattr(whole, name)
    if name in ('set_aside', 'incomplete_lists'):
        return True
    if name == 'sections':
        return all(report.error or report.collected_at
                   for report in value.values())
    if name in ('cut_off_nodes', 'redirected_nodes'):
        return value in (None, former) or name in told.incomplete_lists and (
            set(value) <= set(former or ()))
    if name == 'silent_nodes':
        return True
    if name in ('nodes', 'volumes', 'vms'):
        return is_less(value, former)
    return value in (None, former)


# -- the judge


def forbidden(before, after, is_nothing_new):
    """What must not have happened to the damaged cluster."""
    for provider, name in before.names.items():
        if provider == OTHER_VOLUME or name == 'omega9':
            continue
        if provider not in after.names:
            yield f'{name} is gone'
            continue
        yield from _taken_back(before, after, provider)
        if is_nothing_new:
            yield from _opened(before, after, provider)


def _taken_back(before, after, uuid):
    """No fact may do this."""
    name = before.names[uuid]
    for trait in (names.SHARING, names.VOLUME, names.CLUSTERED):
        if trait in before.traits[uuid] - after.traits[uuid]:
            yield f'{name} lost {trait}'
    home = ids.home_aggregate(uuid)
    if home in before.aggregates[uuid] - after.aggregates[uuid]:
        yield f'{name} is withdrawn'
    used = sum(amount for (_who, where, what), amount in after.used.items()
               if (where, what) == (uuid, names.DISK_GB))
    disk = after.inventories.get((uuid, names.DISK_GB))
    if disk and names.VOLUME in after.traits[uuid] and disk.capacity < used:
        yield f'{name} has {disk.capacity} GB for {used} GB'
    if disk and names.CLUSTERED in before.traits[uuid] and disk.capacity:
        yield f'the own disk of {name} is open'


def _opened(before, after, uuid):
    """Only a fact that is told may do this."""
    name = before.names[uuid]
    lost = before.traits[uuid] - after.traits[uuid]
    gained = after.traits[uuid] - before.traits[uuid]
    for trait in lost:
        if trait in widening.CLOSERS or trait.startswith(
                names.CUT_OFF_PREFIX):
            yield f'{name} lost {trait}'
    for trait in gained & set(widening.OFFERS):
        yield f'{name} gained {trait}'
    for aggregate in after.aggregates[uuid] - before.aggregates[uuid]:
        yield f'{name} joined {aggregate}'
    for (where, what), former in before.inventories.items():
        now = after.inventories.get((where, what))
        if where == uuid and now and (
                now.capacity > former.capacity
                or now.max_unit > former.max_unit
                or now.reserved < former.reserved):
            yield f'{name} has more {what}: {former}, then {now}'


# -- stories


class Files:
    """A folder with the file of each cluster."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)

    def write(self, data, form, is_other_open):
        """:param is_other_open: whether the sound cluster takes new disks"""
        for path in self._folder.iterdir():
            path.unlink()
        (self._folder / f'damaged{form}').write_bytes(data)
        other = copy.deepcopy(OTHER)
        other['volumes'][0]['maintenance'] = not is_other_open
        (self._folder / 'sound.json').write_text(json.dumps(
            {'version': 2, 'clusters': [other]}))

    def facts(self):
        return sources.load(str(self._folder))


@contextlib.contextmanager
def published(document):
    """A cloud with servers, after two syncs of a complete file."""
    with base.running_placement() as placement, (
            tempfile.TemporaryDirectory()) as folder:
        cloud = clouds.Cloud(placement)
        cloud.register(*missing_facts.NODES, 'omega9')
        files = Files(folder)
        good(cloud, files, _with_room(document), is_other_open=False)
        consumers = missing_facts.SERVER, str(uuid.UUID(int=9))
        for consumer, volume in zip(
                consumers, missing_facts.volumes(), strict=True):
            cloud.allocate(consumer, {
                volume: {'resources': {'DISK_GB': 100}}})
        good(cloud, files, document, is_other_open=False)
        yield cloud, files


def _with_room(document):
    document = copy.deepcopy(document)
    for volume in document['clusters'][0]['volumes']:
        volume['free_bytes'] = 350 * GIB
    return document


def good(cloud, files, document, *, is_other_open):
    """A sync of complete files."""
    files.write(FORMS['.json'](document).encode(), '.json', is_other_open)
    cloud.sync(files.facts())


def cluster_of(document):
    told, = source_facts.read([source_facts.Document(
        'whole', copy.deepcopy(document))]).clusters
    return told


def is_nothing_new(facts, whole):
    """Whether the damaged file tells nothing but what stands."""
    others = [cluster for cluster in facts.clusters
              if cluster.name != OTHER['name']]
    verdict = ('unreadable' if not others else
               'less' if all(is_less(told, whole) for told in others)
               else 'otherwise')
    COUNTS[verdict] += 1
    return verdict != 'otherwise'


def story(data):
    document = data.draw(documents(), label='published')
    whole = cluster_of(document)
    with published(document) as (cloud, files):
        stands = base.application().copy()
        for _ in range(DAMAGES):
            form = data.draw(st.sampled_from(sorted(FORMS)))
            spoilt = data.draw(damaged(document, form), label='damaged')
            base.application().restore(stands)
            damage(cloud, files, spoilt, form, whole)


def damage(cloud, files, spoilt, form, whole):
    """A sync of the damaged file."""
    before = placement_rows.read()
    files.write(spoilt, form, is_other_open=True)
    facts = files.facts()
    cloud.sync(facts, full=False)
    after = placement_rows.read()
    assert list(forbidden(before, after, is_nothing_new(facts, whole))) == []
    assert names.NO_NEW_DISKS in before.traits[OTHER_VOLUME]
    assert names.NO_NEW_DISKS not in after.traits[OTHER_VOLUME]
    COUNTS['damaged files'] += 1


def twin(data):
    former = data.draw(documents(), label='published')
    latter = data.draw(documents(), label='complete')
    with published(former) as (cloud, files):
        form = data.draw(st.sampled_from(sorted(FORMS)))
        files.write(data.draw(damaged(former, form), label='damaged'), form,
                    is_other_open=False)
        cloud.sync(files.facts())
        for _ in range(2):
            good(cloud, files, latter, is_other_open=False)
        led_to = cloud.state()
    with published(latter) as (cloud, _files):
        first = cloud.state()
    COUNTS['twins'] += 1
    assert _but_steps(led_to) == _but_steps(first)
    for name, (_uuid, inventories, *_rest) in first.items():
        if 'DISK_GB' in inventories:
            assert abs(inventories['DISK_GB'].reserved - led_to[name][1][
                'DISK_GB'].reserved) <= clouds.SETTINGS.reserved_step_gb


def _but_steps(state):
    """All that stands, but what moves by steps."""
    return {name: (provider, {
        rc: dataclasses.replace(inventory, reserved=0)
        for rc, inventory in inventories.items()}, *rest)
        for name, (provider, inventories, *rest) in state.items()}


def settings(examples):
    """The same examples each time; a story that fails is short as it is."""
    return hypothesis.settings(
        max_examples=examples, deadline=None, derandomize=True,
        report_multiple_bugs=False, database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck))


@pytest.fixture(autouse=True)
def _counted(capsys):
    COUNTS.clear()
    yield
    with capsys.disabled():
        print(f'\n{dict(COUNTS)}')


@settings(2)
@hypothesis.given(st.data())
def test_a_damaged_file_opens_nothing(data):
    story(data)


@settings(1)
@hypothesis.given(st.data())
def test_two_complete_answers_leave_nothing_of_a_damaged_one(data):
    twin(data)


@pytest.mark.long
@settings(100)
@hypothesis.given(st.data())
def test_many_damaged_files_open_nothing(data):
    story(data)


@pytest.mark.long
@settings(100)
@hypothesis.given(st.data())
def test_two_complete_answers_leave_nothing_of_many_damaged_ones(data):
    twin(data)
