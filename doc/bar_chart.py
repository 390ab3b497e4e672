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

"""Bar charts of the written pages, as SVG inside them."""

from collections.abc import Mapping
from xml.sax import saxutils

_LABEL, _BAR, _ROW, _VALUE = 220, 360, 22, 120


def bars(title: str, values: Mapping[str, float], shown: Mapping[str, str]
         ) -> tuple[str, ...]:
    """The lines of a raw block with one horizontal bar a value.

    :param shown: the text beside each bar
    """
    largest = max(values.values(), default=0) or 1
    height = _ROW * (len(values) + 1)
    lines = [
        '.. raw:: html', '',
        f'   <svg role="img" viewBox="0 0 {_LABEL + _BAR + _VALUE} {height}" '
        f'width="{_LABEL + _BAR + _VALUE}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'   <title>{_text(title)}</title>',
        f'   <text x="0" y="15" font-weight="bold">{_text(title)}</text>']
    for number, (name, value) in enumerate(values.items(), 1):
        top = number * _ROW
        width = max(1, round(_BAR * value / largest))
        lines += [
            f'   <text x="0" y="{top + 15}">{_text(name)}</text>',
            f'   <rect x="{_LABEL}" y="{top + 3}" width="{width}" '
            f'height="{_ROW - 6}" fill="#4477aa"/>',
            f'   <text x="{_LABEL + width + 6}" y="{top + 15}">'
            f'{_text(shown[name])}</text>']
    return (*lines, '   </svg>', '')


def _text(text: str) -> str:
    return saxutils.escape(text)
