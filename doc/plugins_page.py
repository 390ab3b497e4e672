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


"""The page of filters and weighers, from their registry and options."""

import pathlib

from doc import rst
from hv_sched.conf import plugins
from hv_sched.conf import scheduler

PAGE = pathlib.Path(__file__).parent / 'source/reference/plugins.rst'

INTRODUCTION = f"""\
====================
Filters and weighers
====================

.. This page is written by python -m doc.generate.

The plug-ins in ``{plugins.ALL_FILTERS}`` and ``{plugins.ALL_WEIGHERS}``;
:doc:`../scheduler` describes how they are enabled. A multiplier is an option
of ``[hv_sched]``; aggregate metadata of the same name has precedence, as with
Nova's own weighers.
"""


def page() -> str:
    defaults = {option.name: option.default for option in scheduler.OPTS}
    options = {plugin.name: plugins.multiplier_of(plugin.name)
               for plugin in plugins.WEIGHERS}
    return '\n'.join((
        INTRODUCTION,
        *rst.title('Filters'), *rst.table(
            ('Class', 'What it does'),
            ((plugin.name, plugin.effect) for plugin in plugins.FILTERS)),
        *rst.title('Weighers'), *rst.table(
            ('Class', 'Multiplier', 'Default', 'What it does'),
            ((plugin.name, f'``{options[plugin.name]}``',
              str(defaults[options[plugin.name]]), plugin.effect)
             for plugin in plugins.WEIGHERS))))
