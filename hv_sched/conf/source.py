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

OPTS = [
    cfg.StrOpt(
        'source',
        help="""
The description of the Hyper-V clusters: a file, or a folder whose files are
read together. ``--source`` of the commands goes before it.
"""),
    cfg.StrOpt(
        'source_type',
        default='auto',
        choices=[('auto', 'by the ending of each file'),
                 ('static', 'YAML written by hand'),
                 ('json', 'JSON written by a collector')],
        help='The form of the source.'),
]
