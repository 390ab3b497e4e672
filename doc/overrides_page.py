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

"""The page of the overrides file: every field, and its default."""

from collections.abc import Iterator
import pathlib

from doc import rst
from hv_sched.sources.overrides import fields

PAGE = pathlib.Path(__file__).parent / 'source/reference/overrides.rst'

INTRODUCTION = """\
=========
Overrides
=========

.. This page is written by python -m doc.generate.

What Windows knows, a source tells; what only an operator decides stands in
files of its own, so that a collector can write the source. ``[hv_sched]
overrides`` names YAML files, or folders of such files; ``--overrides`` of the
commands that take ``--source`` goes before it and may be repeated. All of them
are read together.

.. literalinclude:: ../../../examples/overrides/production.yaml
   :language: yaml

A thing is meant by ``name``, compared as Windows compares names, or by
``guid``; ``cluster``, a name or GUID, says in which cluster it is where two
have the name.

Who decides
-----------

Overrides go before the source. What neither says is the default below, because
files that are read whole are the operator's complete word: a line taken out
returns to its default. Of a thing's health (``maintenance``, ``state``)
overrides only narrow what Windows tells.

.. list-table::
   :header-rows: 1

   * - Situation
     - What holds
   * - a file is missing, empty, not YAML, of another version or has an
       unknown list
     - it is not known what the operator says. What the other files say is in
       force, nothing returns to a default, nothing opens, and what stands in
       Placement is kept
   * - a field is wrong or unknown
     - the entry is not in force, and what stands for that thing is kept; the
       message has the near name
   * - two entries are about one thing, or a name is in two clusters
     - neither is in force, and what stands for those things is kept
   * - a name or GUID is nobody's
     - the entry is not in force, and of things of that kind without an entry
       what it states is kept, for it may be meant for one of them; the
       message has the near name
   * - ``maintenance: false`` or ``state: up`` beside a source that does not
       say so
     - the line is not in force
   * - an ``identity`` another cluster or volume has
     - the line is not in force

Each of these is a ``!`` line of ``csv plan`` and ``csv sync`` and ends them
with exit code 4; the agent logs it on every pass. ``csv show`` says of each
volume, node and cluster who decided what: ``source``, ``overrides``,
``default``, or ``Placement`` where what stands there is kept.

Homes
-----

``home`` takes the node's ``instances_path`` as it stands in its nova.conf, the
path of a volume, its name or its GUID; slashes, case and a slash at the end
do not matter. A path is compared by its components: ``Volume1`` is not the
beginning of ``Volume10``. A path on no volume of the cluster means that the
node's servers are not on clustered storage: the node is left as it stands and
joins nothing.
"""


def page() -> str:
    return '\n'.join((INTRODUCTION, *_tables())).rstrip() + '\n'


def _tables() -> Iterator[str]:
    for kind, rows in fields.FIELDS.items():
        yield from rst.title(f'Fields of {kind.value}')
        yield from rst.table(
            ('Field', 'Form', 'Meaning', 'Without it'),
            ((f'``{field.name}``', field.type, field.description,
              field.default) for field in rows))
    yield from rst.title('Standalone nodes')
    yield ('``standalone`` lists the names of Hyper-V nodes that are in no '
           'cluster on purpose.')
