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

"""Makes reference/cloud.rst of what the acceptance tests saw.

``make cloud-test`` writes ``.cloud-test/steps.json``; copied to
``doc/cloud.json`` it is what the page is made of.
"""

from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/cloud.rst'
RECORD = HERE / 'cloud.json'
SIDES = {'stock': 'Nova as it comes', 'hv_sched': 'with hv_sched'}

INTRODUCTION = """\
============================================
The same cloud, without hv_sched and with it
============================================

.. This page is written by python -m doc.generate.

Keystone, Glance, Placement, Nova's services and four nova-computes as separate
processes, on MariaDB and RabbitMQ (``make cloud``). Three of the nodes are a
cluster with one volume of 500 GB; only the hypervisor is a fake. About twenty
servers in every state exist when the steps begin. Each step is a command of
the ``openstack`` client, first without hv_sched, then on the same servers
after ``csv adopt``; the sums are read from Placement's database. ``make
cloud-test`` measures all of it.

The agent of the cloud shows its status (:doc:`../status`) at an address that
``make cloud`` prints, and ``python3 -m tests.cloud status`` beside those of
the other services.

"""
FIGURES = """

What it takes
-------------

``make cloud-test`` from an empty clone, on a machine with {processors}
processors that had other work. *Load* is the load average over five minutes at
the end of the phase, including the cloud's own work.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Any]) -> str:
    """The page for these steps and figures."""
    return INTRODUCTION + '\n'.join(rst.table(
        ('Step', *SIDES.values()),
        ((step, *(told.get(side, '–') for side in SIDES))
         for step, told in record['steps'].items()))) + _figures(record)


def _figures(record: Mapping[str, Any]) -> str:
    phases = record['phases']
    minutes = sum(phase['minutes'] for phase in phases.values())
    return FIGURES.format(**record['machine']) + '\n'.join((
        *rst.table(('Figure', 'Measured'), (
            *((name, str(figure))
              for name, figure in record['figures'].items()),
            ('minutes, all phases', f'{minutes:.0f}'))),
        *rst.table(('Phase', 'Minutes', 'Load'), (
            (name, f'{phase["minutes"]:.1f}', f'{phase["load"]:.1f}')
            for name, phase in phases.items()))))
