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

"""The contracts of .importlinter break when they are broken.

Each test plants one import in a copy of the package and runs lint-imports.
"""

import configparser
import os
import pathlib
import shutil
import subprocess
import sys

import grimp
import pytest

from tests.repository import ROOT

LINT = pathlib.Path(sys.executable).with_name('lint-imports')
LAYERS = 'Rooms import downwards only'
NOVA = 'Only the plug-ins of nova-scheduler and nova-api load nova'
ESCROW = "nova-scheduler loads nothing of shares but the escrow's arithmetic"
PURE = 'Rules, plans and judgements know no HTTP'
EDGES = 'HTTP is spoken at the edges, by keystoneauth1 and openstacksdk'
NO_OTHER_HTTP = 'Nothing else speaks HTTP'
COMMANDS = 'Only the commands know the command line client'


@pytest.fixture(scope='module')
def copy(tmp_path_factory):
    """A copy of the package, whose analysis is cached between the tests."""
    folder = tmp_path_factory.mktemp('copy')
    shutil.copytree(ROOT / 'hv_sched', folder / 'hv_sched',
                    ignore=shutil.ignore_patterns('__pycache__'))
    shutil.copy(ROOT / '.importlinter', folder)
    return folder


def broken(folder):
    """The names of the contracts that lint-imports says are broken."""
    result = subprocess.run(
        [LINT], cwd=folder, check=False, capture_output=True, text=True,
        env={**os.environ, 'NO_COLOR': '1', 'PYTHONPATH': str(folder)})
    contracts = {line.partition(' BROKEN')[0]
                 for line in result.stdout.splitlines() if ' BROKEN' in line}
    assert (result.returncode == 0) == (not contracts), result.stdout
    return contracts


@pytest.fixture
def plant(copy):
    """Adds an import to a module of the copy, for the time of a test."""
    planted = []

    def add(module, statement):
        path = copy.joinpath(*module.split('.')).with_suffix('.py')
        if not path.exists() and path.with_suffix('').is_dir():
            path = path.with_suffix('') / '__init__.py'
        planted.append((path, path.read_text() if path.exists() else None))
        path.parent.mkdir(exist_ok=True)
        path.write_text((planted[-1][1] or '') + f'\n{statement}\n')
        return broken(copy)

    yield add
    for path, text in reversed(planted):
        if text is None:
            path.unlink()
        else:
            path.write_text(text)


def test_the_package_keeps_its_contracts(copy):
    assert broken(copy) == set()


@pytest.mark.parametrize(('module', 'statement', 'contracts'), [
    # nova
    ('hv_sched.model', 'import nova.conf', {NOVA, PURE}),
    ('hv_sched.placement.ids', 'from nova import objects', {NOVA, PURE}),
    ('hv_sched.snapshot.homes', 'import nova.conf', {NOVA, PURE}),
    ('hv_sched.compute.nova', 'from nova import exception', {NOVA}),
    ('hv_sched.osc.base', 'import nova', {NOVA}),
    # nova by way of a plug-in
    ('hv_sched.doctor.gather', 'from hv_sched.filters import shared_volume',
     {NOVA}),
    ('hv_sched.agent.passes', 'from hv_sched.snapshot import cache', {NOVA}),
    # HTTP in what decides
    ('hv_sched.audit.judge', 'from keystoneauth1 import adapter',
     {PURE, EDGES}),
    ('hv_sched.shares.escrow', 'import openstack', {PURE, EDGES}),
    ('hv_sched.requirements.limits', 'import requests', {NO_OTHER_HTTP}),
    # HTTP by way of another module
    ('hv_sched.providers.plan', 'from hv_sched.placement import client',
     {PURE}),
    ('hv_sched.features.catalogue', 'from hv_sched.placement import client',
     {PURE, LAYERS}),
    # HTTP beside its edges, also in a module that is not pure
    ('hv_sched.adopt.retire', 'from keystoneauth1 import adapter', {EDGES}),
    ('hv_sched.shares.mover', 'import urllib3', {NO_OTHER_HTTP}),
    # the command line client
    ('hv_sched.adopt.export', 'from osc_lib.command import command',
     {COMMANDS}),
    ('hv_sched.doctor.runner', 'from cliff import columns', {COMMANDS}),
    # upwards, and beside
    ('hv_sched.placement.names', 'from hv_sched.providers import changes',
     {LAYERS}),
    ('hv_sched.adopt.plan', 'from hv_sched.audit import findings', {LAYERS}),
    ('hv_sched.exception', 'from hv_sched import parallel', {LAYERS}),
    # more of shares than the escrow
    ('hv_sched.request_filters.specs', 'from hv_sched.shares import mover',
     {ESCROW}),
    # a room nobody placed
    ('hv_sched.leases', 'DAYS = 1', {LAYERS}),
    ('hv_sched.leases.__init__', 'DAYS = 1', {LAYERS})])
def test_a_planted_import_breaks_its_contract(plant, module, statement,
                                              contracts):
    assert plant(module, statement) == contracts


def test_every_module_that_reaches_no_http_is_named_pure():
    """A new rule has to be named, or it could begin to speak HTTP unseen."""
    graph = grimp.build_graph('hv_sched', include_external_packages=True)
    config = configparser.ConfigParser()
    config.read(ROOT / '.importlinter')
    contract = config['importlinter:contract:pure']
    listed = contract['source_modules'].split()
    libraries = [name for name in contract['forbidden_modules'].split()
                 if name in graph.modules]

    def is_listed(module):
        return any(module == name or module.startswith(f'{name}.')
                   for name in listed)

    unlisted = [
        module for module in graph.modules
        if module.startswith('hv_sched.')
        and not module.startswith('hv_sched.demo.')
        and not is_listed(module) and not graph.find_children(module)
        and not any(graph.find_shortest_chain(module, library)
                    for library in libraries)]
    assert unlisted == []
