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

"""Where the facts about the clusters come from."""

from oslo_config import cfg

from hv_sched.conf import choices

OPTS = [
    cfg.StrOpt(
        'source',
        help="""
The description of the Hyper-V clusters: a file, or a folder whose files are
read together. ``--source`` of the commands has precedence.
"""),
    cfg.StrOpt(
        'source_type',
        default=choices.AUTO,
        choices=[(choices.AUTO, 'by the extension of each file'),
                 *choices.SOURCE_TYPES.items()],
        help='The form of the source.'),
    cfg.ListOpt(
        'overrides',
        default=[],
        help="""
Decisions of the operator about the clusters: YAML files, or folders of such
files, that are read together. They have precedence over the source, and
``--overrides`` of the commands has precedence over this option. A file that is
missing or wrong leaves what stands in Placement as it is.
"""),
]
