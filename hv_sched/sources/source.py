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

"""What a form of files is, and the registry of all there are.

A form is a module of this package with the members of ``Source``, named like
its ``source_type``; its line stands in ``hv_sched.conf.choices``.
"""

import importlib
from typing import Any
from typing import cast
from typing import Protocol

from hv_sched.conf import choices


class Source(Protocol):
    """A form in which the clusters may be described.

    :ivar ENDINGS: of the names of its files, lower case, such as ``.json``
    """

    ENDINGS: tuple[str, ...]

    def parse(self, text: str) -> Any:
        """The document in a text, None when it holds nothing.

        :raises InvalidFacts: the text is not of this form
        """


REGISTRY: dict[str, Source] = {
    name: cast(Source, importlib.import_module(f'hv_sched.sources.{name}'))
    for name in choices.FILE_TYPES}


def of_ending(ending: str) -> Source | None:
    """The source whose files end so; None when there is none."""
    return next((source for source in REGISTRY.values()
                 if ending in source.ENDINGS), None)


def all_endings() -> tuple[str, ...]:
    """Every ending a file of a source may have."""
    return tuple(ending for source in REGISTRY.values()
                 for ending in source.ENDINGS)
