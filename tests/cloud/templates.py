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

"""Configuration files from the templates in ``files/``."""

import pathlib
import string

FILES = pathlib.Path(__file__).parent / 'files'


def write(path: pathlib.Path, template: str, values: dict[str, str],
          addition: str = '') -> None:
    """Write a file that only its owner may read.

    :param addition: more of the template, at its end
    :raises KeyError: the template asks for a value that is not given
    """
    text = string.Template((FILES / template).read_text() + addition
                           ).substitute(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    if path.read_text() != text:
        path.write_text(text)
