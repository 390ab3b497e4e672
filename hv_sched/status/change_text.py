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

"""A change that was written, as the status shows it. Pure."""

from hv_sched.providers import changes

# Of one change, such as the traits that a node gets.
_SHOWN_LINES = 3


def kind(change: changes.Change) -> str:
    """Such as ``SetTraits``: the change's own name."""
    return type(change).__name__


def line(change: changes.Change) -> str:
    """The change in the words of ``csv sync``, as far as one line holds."""
    texts = [' '.join(filter(None, (
        sign, change.name, label, before and f'{before} ->', after)))
        for sign, label, before, after in change.lines]
    omitted = len(texts) - _SHOWN_LINES
    return '; '.join(texts[:_SHOWN_LINES]) + (
        f'; and {omitted} more of {change.name}' if omitted > 0 else '')
