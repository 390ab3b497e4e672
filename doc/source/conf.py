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

"""Sphinx configuration."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / '_ext'))

project = 'hv_sched'
copyright = 'the hv_sched authors'
highlight_language = 'none'
extensions = ['cliff.sphinxext', 'oslo_config.sphinxext', 'reno.sphinxext',
              'source_fields']
html_theme = 'alabaster'
html_static_path = ['_static']
html_theme_options = {'description': 'One shared volume, counted once',
                      'page_width': '1200px', 'sidebar_width': '260px'}
# Options are written with two hyphens, and are copied.
smartquotes = False
# Parts of audit.rst and of architecture.rst.
exclude_patterns = ['reference/findings.rst', 'contributor/map.rst']
nitpicky = True
