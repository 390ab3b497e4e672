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

"""The commands of README and documentation, on a real Placement.

A block that is marked ``.. run: SCENE`` is run here, with the other blocks of
its page that are run on the same cloud, in their order. A scene is a cloud as
the reader has it at that point; the source is examples/spec.yaml.
"""

import itertools
import shutil

import pytest

from hv_sched import sources
from hv_sched.agent import cmd
from hv_sched.osc import base
from hv_sched.osc import check
from tests import doc_blocks
from tests.functional import agent_conf
from tests.functional import nova_answers
from tests.functional import nova_api
from tests.functional import other_services
from tests.functional import unadopted_cloud
from tests.repository import EXAMPLES

NODES = ('hv01', 'hv02', 'hv03', 'hv04')
SOURCE = EXAMPLES / 'spec.yaml'
RUN = {f'{scene} {page.name}': list(blocks)
       for page in doc_blocks.PAGES
       for scene, blocks in itertools.groupby(
           sorted((block for block in doc_blocks.blocks(page)
                   if block.kind == 'run'),
                  key=lambda block: (block.scene, block.line)),
           key=lambda block: block.scene)}


class Cloud(unadopted_cloud.UnadoptedCloud):
    """The nodes of examples/spec.yaml, with a Nova and a Glance.

    :ivar others: what doctor, explain and check read
    """

    def __init__(self, placement):
        super().__init__(placement, NODES)
        self.nova = nova_answers.Answers(self.nodes)
        answers = nova_api.AuditedNovaApi(self)
        answers.tells_versions = True
        placement.service.before = answers
        self.others = other_services.Nova(), other_services.Glance()
        self.others[0].flavor('m1.large')
        self.others[1].image('win2022', img_hv_type='hyperv')

    def publish(self):
        self.sync(sources.load(str(SOURCE)))

    def running(self):
        """A server whose disk is on the volume."""
        self.nova.add(self.create(50, 'hv01'), node='hv01', disk_gb=50)


def new(cloud):
    """Nodes as nova-compute registers them; nothing is published."""


def servers(cloud):
    """As new, with servers on the nodes' own disks."""
    for node in NODES[:2]:
        cloud.server(node, 100)


def published(cloud):
    """The volume is published and a server runs on it."""
    cloud.publish()
    cloud.running()


SCENES = {scene.__name__: scene for scene in (new, servers, published)}


@pytest.fixture
def cloud(placement, monkeypatch, tmp_path):
    made = Cloud(placement)
    nova, glance = made.others
    adapters = {'compute': nova.adapter('compute'),
                'image': glance.adapter('image'),
                'placement': placement.another()}
    monkeypatch.setattr(base.LookingCommand, 'adapter_of',
                        lambda self, service_type: adapters[service_type])
    for command in (base.LookingCommand, check.CheckImage, check.CheckFlavor):
        monkeypatch.setattr(
            command, 'connection_of', lambda self, service, conf: {
                'Nova': nova, 'Glance': glance}[service.name].connection(
                    service))
    monkeypatch.chdir(tmp_path)
    shutil.copy(SOURCE, 'clusters.yaml')
    shutil.copy(EXAMPLES / 'nova.conf.sample', 'nova.conf')
    with other_services.running(nova, glance):
        yield made


def _run(command, csv, placement, folder):
    """The exit code and what is printed."""
    program, *arguments = command
    if program == 'hv-sched-agent':
        path = agent_conf.write(folder, placement, source='clusters.yaml')
        return cmd.main(['--config-file', path, *arguments]), ''
    assert command[:4] == ['openstack', 'resource', 'provider', 'csv'], (
        f'{command}: mark the block as an excerpt')
    code, out, err = csv(*arguments[3:])
    return code, out + err


@pytest.mark.parametrize('name', RUN)
def test_the_commands_of_a_page_do_what_it_says(
        name, cloud, csv, placement, tmp_path):
    SCENES[name.partition(' ')[0]](cloud)
    for block in RUN[name]:
        printed = []
        for command, expected in zip(block.commands, block.exit_codes,
                                     strict=True):
            code, out = _run(command, csv, placement, tmp_path)
            printed.append(out)
            assert 'Traceback' not in out, (str(block), out)
            assert code == expected if expected is not None else (
                code != 1), (str(block), command, code, out)
        told = ' '.join('\n'.join(printed).split())
        for line in block.output:
            for part in line.split('…'):
                assert ' '.join(part.split()) in told, (str(block), line,
                                                        printed)
