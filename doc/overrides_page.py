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

The source has the facts that Windows reports. Decisions that only an operator
can take are in files of their own, so that a collector can write the source.
``[hv_sched]overrides`` lists YAML files, or folders of such files;
``--overrides`` of the commands that take ``--source`` has precedence and may
be repeated. All files are read together.

.. literalinclude:: ../../../examples/overrides/production.yaml
   :language: yaml

An entry refers to something by ``name``, compared as Windows compares names,
or by ``guid``. ``cluster``, a name or GUID, says which cluster is meant where
two have the name.

Precedence
----------

Overrides have precedence over the source. A field that neither contains has
the default below: files that were read completely are the operator's complete
decision, so a line that is removed returns to its default. For health facts
(``maintenance``, ``state``), overrides can only narrow what Windows reports.

.. list-table::
   :header-rows: 1

   * - Situation
     - Effect
   * - a file is missing, empty, not YAML, of another version or has an
       unknown list
     - the operator's decisions are unknown. The other files apply, nothing
       returns to a default, nothing opens, and what stands in Placement is
       kept
   * - a field is wrong or unknown
     - the entry does not apply, and what stands for that thing is kept; the
       message has the most similar name
   * - two entries are about one thing, or a name is in two clusters
     - neither applies, and what stands for those things is kept
   * - a name or GUID matches nothing
     - the entry does not apply. For things of that kind without an entry, what
       it states is kept, because it may refer to one of them; the message has
       the most similar name
   * - ``maintenance: false`` or ``state: up`` beside a source that does not
       say so
     - the line does not apply
   * - an ``identity`` that another cluster or volume has
     - the line does not apply

Each of these is a ``!`` line of ``csv plan`` and ``csv sync``, which then end
with exit code 4; the agent logs it. ``csv show`` prints for each volume, node
and cluster where a decision comes from: ``source``, ``overrides``,
``default``, or ``Placement`` where what stands there is kept.

Homes
-----

``home`` is the node's ``instances_path`` as in its nova.conf, the path of a
volume, its name or its GUID; the kind of slashes, case and a slash at the end
do not matter. A path is compared by its components: ``Volume1`` is not the
beginning of ``Volume10``. A path on no volume of the cluster means that the
servers of the node are not on clustered storage: the node is left as it is and
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
