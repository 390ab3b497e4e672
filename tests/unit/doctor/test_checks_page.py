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

"""The page of the doctor's checks is current and complete."""

import importlib.util
import pathlib

from hv_sched.doctor import checks

ROOT = pathlib.Path(__file__).parents[3]


def test_the_page_is_current():
    """``python doc/generate_checks.py`` writes it anew."""
    spec = importlib.util.spec_from_file_location(
        'generate_checks', ROOT / 'doc/generate_checks.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.PAGE.read_text()
    assert text == module.page()
    for check in checks.CHECKS:
        assert check.code in text
