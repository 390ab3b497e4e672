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

"""A cloud in use is taken over, used, damaged, healed and given back.

The tests are one story on one cloud, told in their order (``make
cloud-test``). Everything is typed at the real client; sums are read from
Placement's database.
"""

import json
import os
import signal
import subprocess
import time
import urllib.request

from tests.cloud import client
from tests.cloud import processes
from tests.cloud import servers
from tests.cloud import steps
from tests.cloud import topology

STOCK, HV_SCHED = 'stock', 'hv_sched'
SIZE = steps.CLUSTER.size_gb
OFFERED = 'GB that Placement offers on the volume of 500 GB'
BY_ZONE = 'fill the volume by availability zone'
NEXT_ON_NODE = 'one more server of 1 GB, az1:hv02'
NEXT_ON_HOST = 'one more server of 1 GB, --host hv03'
LIVE = 'live migration of a server of 10 GB'
COLD = 'cold migration, confirmed'
RESIZE = 'resize from 10 to 20 GB, reverted'
EVACUATE = 'evacuation, the source is still down'
SHELVE = 'shelve and unshelve'


def csv(story, *arguments, exit_codes=(0,)):
    """A command of hv_sched; what it prints."""
    source = story.home.folder.etc / 'hv_sched' / 'clusters.yaml'
    result = story.openstack.run(
        'resource', 'provider', 'csv', arguments[0], '--source', str(source),
        *arguments[1:])
    assert result.returncode in exit_codes, (
        f'csv {" ".join(arguments)}: exit code {result.returncode}\n'
        f'{result.stdout}\n{result.stderr}')
    assert 'Traceback' not in result.stderr
    return result


def moves(story, side):
    """The moves, on a volume that has room."""
    told = {}
    for step, move in {
            LIVE: lambda: story.steps.live_migrate('active-1'),
            COLD: lambda: story.steps.resize('active-1', None, confirm=True),
            RESIZE: lambda: story.steps.resize('active-1', 'disk20',
                                               confirm=False),
            SHELVE: lambda: story.steps.shelve('active-2'),
            EVACUATE: lambda: story.steps.evacuate('active-1')}.items():
        told[step] = move()
        story.tell(step, side, told[step])
    # Evacuated from Nova 2.95 on, a server stays stopped.
    story.openstack.do('server', 'start', 'active-1')
    story.openstack.wait({'active-1': 'ACTIVE'})
    return told


def memory(story, side):
    """Figures of what the cloud's processes hold."""
    held = story.home.processes.memory_mb()
    return {f'MiB of memory, {side}, sum of RSS': held.rss,
            f'MiB of memory, {side}, shared pages once (PSS)': held.pss}


def test_a_cloud_without_hv_sched_has_servers_in_every_state(story):
    assert story.steps.create('first', 10)
    story.figures['minutes to the first ACTIVE server'] = round(
        (time.time() - float(os.environ['CLOUD_STARTED'])) / 60, 1)
    story.figures.update(memory(story, STOCK))
    story.openstack.delete('first')
    servers.make(story.openstack, story.home)
    assert len(servers.STATUSES) >= 19


def test_stock_nova_offers_the_volume_once_for_each_node(story):
    story.tell(OFFERED, STOCK, story.steps.offered())
    assert story.steps.offered() == SIZE * len(steps.CLUSTER.nodes)


def test_stock_nova_accepts_more_than_the_volume_has(story):
    made = story.steps.fill('zone', '--availability-zone', 'az1',
                            sizes=(200,))
    accepted = 200 * len(made)
    story.tell(BY_ZONE, STOCK, f'{accepted} GB accepted beside the others: '
               f'{story.steps.on_cluster()} GB on {SIZE}')
    for step, where in ((NEXT_ON_NODE, ('--availability-zone', 'az1:hv02')),
                        (NEXT_ON_HOST, ('--host', 'hv03'))):
        extra = story.steps.create('extra', 1, *where)
        story.tell(step, STOCK, 'accepted' if extra else 'refused')
        assert extra
        story.openstack.delete('extra')
    assert story.steps.on_cluster() > SIZE
    story.openstack.delete(*made)


def test_stock_nova_charges_moves(story):
    told = moves(story, STOCK)
    assert all(outcome.accepted for outcome in told.values())


def test_the_agent_of_a_cloud_in_use_waits_for_adopt(story):
    story.openstack.wait(servers.STATUSES)
    story.before.clear()
    story.before.update(story.steps.shares().by_consumer())
    story.home.up()
    processes.wait('the agent asks for adopt', lambda: 'adopt' in
                   story.home.processes.tail('hv-sched-agent', 200),
                   client.DEADLINE_SECONDS)
    assert story.steps.shares().on_volumes() == 0
    assert story.steps.shares().by_consumer() == story.before


def test_adopt_shows_what_it_would_do_and_does_nothing(story):
    result = csv(story, 'adopt', '--dry-run', exit_codes=(2,))
    assert 'hvcluster01' in result.stdout
    assert story.steps.shares().by_consumer() == story.before
    assert story.steps.shares().on_volumes() == 0


def test_adopt_killed_in_the_middle_loses_and_doubles_nothing(story):
    source = story.home.folder.etc / 'hv_sched' / 'clusters.yaml'
    with story.openstack.popen(
            'resource', 'provider', 'csv', 'adopt', '--source', str(source),
            '--batch', '1') as adopt:
        processes.wait('the first share moved',
                       lambda: story.steps.shares().on_volumes() > 0, 120)
        adopt.send_signal(signal.SIGKILL)
        adopt.communicate()
    assert adopt.returncode == -signal.SIGKILL
    assert story.steps.shares().by_consumer() == story.before
    # Half moved: neither new servers nor a server without its share.
    assert 0 < story.steps.shares().on_volumes() < sum(story.before.values())


def test_adopt_finishes_what_was_interrupted(story):
    csv(story, 'adopt', '--wait', '60')
    shares = story.steps.shares()
    assert shares.by_consumer() == story.before
    assert shares.on_volumes() == sum(story.before.values())
    assert shares.held() == 0
    csv(story, 'audit')


def test_the_volume_is_offered_once(story):
    story.figures.update(memory(story, HV_SCHED))
    story.tell(OFFERED, HV_SCHED, story.steps.offered())
    assert story.steps.offered() == SIZE


def test_moves_are_charged_what_lies_on_the_volume(story):
    told = moves(story, HV_SCHED)
    assert {step: (outcome.accepted, outcome.during, outcome.after)
            for step, outcome in told.items()} == {
        LIVE: (True, None, 10), COLD: (True, 20, 10),
        RESIZE: (True, 30, 10), SHELVE: (True, 0, 10),
        EVACUATE: (True, None, 10)}
    story.steps.settle()


def test_the_volume_is_filled_to_the_last_gb_and_no_further(story):
    made = story.steps.fill('zone', '--availability-zone', 'az1')
    used = story.steps.on_cluster()
    story.tell(BY_ZONE, HV_SCHED, f'{used} GB on {SIZE}, then refused')
    assert used == SIZE
    for step, where in ((NEXT_ON_NODE, ('--availability-zone', 'az1:hv02')),
                        (NEXT_ON_HOST, ('--host', 'hv03'))):
        assert not story.steps.create('extra', 1, *where)
        story.tell(step, HV_SCHED, 'refused')
    # The last GB is taken in each way of naming a node.
    last, gb = made[-1], int(made[-1].rpartition('-')[2])
    for where in (('--availability-zone', 'az1:hv02'), ('--host', 'hv03')):
        story.openstack.delete(last)
        assert story.steps.on_cluster() == SIZE - gb
        last = f'zone-last-{gb}'
        assert story.steps.create(last, gb, *where)
        assert story.steps.on_cluster() == SIZE


def test_a_full_volume_does_not_stop_moves_that_copy_nothing(story):
    target = story.openstack.servers()['active-1'].host
    outcome = story.steps.live_migrate('active-1')
    assert outcome.accepted and outcome.after == 10
    outcome = story.steps.live_migrate('active-1', target)
    assert outcome.accepted and outcome.after == 10
    outcome = story.steps.evacuate('active-1')
    assert outcome.accepted and outcome.after == 10
    story.openstack.do('server', 'start', 'active-1')
    story.openstack.wait({'active-1': 'ACTIVE'})
    story.steps.settle()
    assert story.steps.on_cluster() == SIZE


def test_a_full_volume_refuses_the_second_copy_of_a_cold_migration(story):
    outcome = story.steps.resize('active-1', None, confirm=True)
    assert not outcome.accepted and outcome.after == 10
    assert story.steps.on_cluster() == SIZE


def test_explain_says_what_the_scheduler_does(story):
    for where in (['--availability-zone', 'az1'],
                  ['--availability-zone', 'az1:hv02'], ['--host', 'hv03'],
                  ['--availability-zone', 'az2']):
        explained = story.openstack.run(
            'resource', 'provider', 'csv', 'explain', '--flavor', 'disk10',
            '--image', 'tiny', *where, '--nova-conf',
            str(story.home.files.path('nova.conf')), '-f', 'json')
        assert explained.returncode in (0, 2), explained.stderr
        json.loads(explained.stdout)
        built = story.steps.create('explained', 10, *where)
        assert (explained.returncode == 0) == built, explained.stdout
        if built:
            story.openstack.delete('explained')


def test_doctor_finds_no_error(story):
    result = csv(story, 'doctor', '--nova-conf',
                 str(story.home.files.path('nova.conf')), '-f', 'json',
                 exit_codes=(0, 2, 4))
    rows = json.loads(result.stdout)
    errors = [row for row in rows if 'error' in map(
        str.lower, map(str, row.values()))]
    assert errors == []


def test_the_status_page_shows_the_cloud(story):
    def asked(path):
        with urllib.request.urlopen(
                story.home.files.status_url + path, timeout=60) as answer:
            return answer.read().decode()

    # The agent may be in the middle of a pass, or of a Doctor's first.
    processes.wait('hv-sched-agent', lambda: (
        'volume="Volume1"' in asked('metrics')), 120)
    page = asked('')
    for cluster in topology.CLUSTERS:
        assert cluster.name in page
    assert all(node in page for node in topology.NODES)
    assert asked('healthz') == 'ok\n'


def test_what_nova_manage_deletes_is_healed(story):
    full = story.steps.shares().by_consumer()
    subprocess.run(
        [story.home.folder.program('nova-manage'), '--config-file',
         str(story.home.files.path('nova.conf')), 'placement', 'audit',
         '--delete'], check=False, capture_output=True, env={
             'PATH': os.environ['PATH'],
             'HOME': str(story.home.folder.state)})
    assert story.steps.shares().on_volumes() < sum(full.values())
    csv(story, 'audit', exit_codes=(2,))
    # Of a resize that waits Nova does not tell the former size: one share is
    # left, and said, until the operator confirms.
    left = csv(story, 'heal', '--code', 'safe', exit_codes=(4,))
    assert 'confirm or revert the resize' in left.stdout
    healed = story.steps.shares().by_consumer()
    missing = {name: gb for name, gb in full.items() if name not in healed}
    assert list(missing.values()) == [10]
    assert healed == {name: gb for name, gb in full.items()
                      if name not in missing}
    story.openstack.do('server', 'resize', 'confirm', 'resized-within')
    story.openstack.wait({'resized-within': 'ACTIVE'})
    csv(story, 'audit')


def test_the_cloud_is_given_back_to_stock_nova(story):
    shares = story.steps.shares().by_consumer()
    story.home.processes.stop(['hv-sched-agent'])
    extra = [name for name in story.openstack.servers()
             if name.startswith('zone-')]
    story.openstack.delete(*extra)
    shares = story.steps.shares().by_consumer()
    csv(story, 'retire')
    after = story.steps.shares()
    assert after.on_volumes() == 0
    assert after.by_consumer() == shares
    story.home.up(stock=True)
    assert story.openstack.run('resource', 'provider', 'csv', 'list'
                               ).returncode != 0
    assert story.steps.offered() == SIZE * len(steps.CLUSTER.nodes)
    for cluster in topology.CLUSTERS:
        assert story.steps.create(f'stock-{cluster.zone}', 10,
                                  '--availability-zone', cluster.zone)
