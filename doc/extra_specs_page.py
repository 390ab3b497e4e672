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

"""The page of extra specs, from the validators; imports nova."""

from collections.abc import Iterator
import pathlib
import textwrap

from nova.api.validation.extra_specs import base

from hv_sched import extra_specs

PAGE = pathlib.Path(__file__).parent / 'source/reference/extra-specs.rst'

INTRODUCTION = """\
==================
Flavor extra specs
==================

.. This page is written by python -m doc.generate.

Nova's API refuses extra specs without a validator (microversion 2.86 and
newer), and since 2024.1 it has none for those of Hyper-V. hv_sched, installed
beside nova-api, provides them and checks the values. No configuration is
needed; restart nova-api. :doc:`asks` describes the effect of each key. Nova
itself has ``os:secure_boot``, which compute-hyperv reads too.
"""


def page() -> str:
    return INTRODUCTION + '\n'.join(
        line for validator in extra_specs.register()
        for line in _lines(validator))


def _lines(validator: base.ExtraSpecValidator) -> Iterator[str]:
    """One extra spec, as Nova's own documentation shows it."""
    yield f'.. describe:: {validator.name}'
    yield ''
    yield f'    :Type: {validator.value["type"].__name__}'
    for bound in ('min', 'max'):
        if bound in validator.value:
            yield f'    :{bound.capitalize()}: {validator.value[bound]}'
    yield ''
    yield from textwrap.wrap(validator.description, 79,
                             initial_indent='    ', subsequent_indent='    ')
    yield ''

