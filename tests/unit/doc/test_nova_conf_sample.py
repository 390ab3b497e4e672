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

"""The one sample of nova.conf, and what the package installs."""

import configparser
import typing

from hv_sched.conf import nova_conf
from hv_sched.doctor import runner
from hv_sched.doctor.checks import scheduler
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.evidence import NovaState
from hv_sched.snapshot.placement_state import PlacementState
from tests import doc_blocks
from tests.repository import EXAMPLES
from tests.repository import ROOT

SAMPLE = EXAMPLES / 'nova.conf.sample'


def _evidence(*paths):
    placement = typing.cast(PlacementState, None)
    return DoctorEvidence(placement, nova_conf=nova_conf.read_nova(
        [str(path) for path in paths]), nova=NovaState((2, 104), {}, ('c',)))


def test_the_doctor_finds_nothing_in_the_sample():
    diagnoses, skipped = runner.run(scheduler.CHECKS, _evidence(SAMPLE))
    assert diagnoses == [] and skipped == []


def test_the_doctor_finds_what_the_sample_sets(tmp_path):
    """Each line of it is there for a check."""
    found, _skipped = runner.run(scheduler.CHECKS, _evidence())
    assert {one.check.code for one in found} == {
        'filter-missing', 'feature-filter-missing', 'weighers-missing',
        'disk-weigher', 'placement-timeout'}


def test_nova_conf_is_shown_from_the_sample_only():
    settings = '\n'.join(
        line for line in SAMPLE.read_text().splitlines()
        if line and not line.startswith('#'))
    for page in doc_blocks.PAGES:
        for block in doc_blocks.blocks(page):
            if 'enabled_filters' in block.text:
                shown = '\n'.join(filter(None, block.text.splitlines()))
                assert settings.startswith(shown), block


def test_the_wheel_brings_every_example():
    """``make dist`` builds it; pbr reads this list."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    listed = dict(
        (part.strip() for part in line.split('='))
        for line in setup['files']['data_files'].strip().splitlines())
    assert listed['share/hv_sched/examples'] == 'examples/*'
    for source in listed.values():
        assert list(ROOT.glob(source)), source
