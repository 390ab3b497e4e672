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


"""A plot as SVG in a page: lines over two logarithmic axes. Pure."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import html
import math

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 210, 12, 44
_COLORS = ('#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#8c564b',
           '#17becf')


def lines(x_label: str, y_label: str, series: Mapping[str, Points]) -> str:
    """A block of a page with the series, named in the order given.

    :param series: points by name; 0 is drawn as 1, which an axis ends with
    """
    plotted = {name: [(max(x, 1), max(y, 1)) for x, y in points]
               for name, points in series.items()}
    axes = _Axes([point for points in plotted.values() for point in points])
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} '
        f'{_HEIGHT}" width="{_WIDTH}" role="img" font-size="12" '
        'font-family="sans-serif" fill="currentColor">',
        *axes.grid(x_label, y_label)]
    for number, (name, points) in enumerate(plotted.items()):
        drawn += _line(axes, name, points, number)
    return '.. raw:: html\n\n' + '\n'.join(
        f'   {line}' for line in (*drawn, '</svg>')) + '\n'


class _Axes:
    """From values to places, by whole powers of ten."""

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        columns = list(zip(*points, strict=True)) or [(1.0,), (1.0,)]
        self._x, self._y = (
            (math.floor(math.log10(min(values))),
             max(math.ceil(math.log10(max(values))),
                 math.floor(math.log10(min(values))) + 1))
            for values in columns)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is."""
        return (
            round(_LEFT + _share(x, self._x) * (_WIDTH - _LEFT - _RIGHT), 1),
            round(_HEIGHT - _BOTTOM - _share(y, self._y) * (
                _HEIGHT - _TOP - _BOTTOM), 1))

    def grid(self, x_label: str, y_label: str) -> Iterator[str]:
        """Lines at the powers of ten, with what they are."""
        low, high = 10.0 ** self._x[0], 10.0 ** self._y[0]
        for power in range(self._x[0], self._x[1] + 1):
            at, _y = self.place(10.0 ** power, high)
            yield _stroke((at, _TOP), (at, _HEIGHT - _BOTTOM))
            yield _text(at, _HEIGHT - _BOTTOM + 16, f'{10 ** power:,}',
                        'middle')
        for power in range(self._y[0], self._y[1] + 1):
            _x, at = self.place(low, 10.0 ** power)
            yield _stroke((_LEFT, at), (_WIDTH - _RIGHT, at))
            yield _text(_LEFT - 6, at + 4, f'{10 ** power:,}', 'end')
        yield _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, x_label,
                    'middle')
        yield _text(_WIDTH - _RIGHT + 8, _TOP + 10, y_label, 'start')


def _share(value: float, powers: tuple[int, int]) -> float:
    return (math.log10(value) - powers[0]) / (powers[1] - powers[0])


def _line(axes: _Axes, name: str, points: Points, number: int
          ) -> Iterator[str]:
    color = _COLORS[number % len(_COLORS)]
    places = [axes.place(*point) for point in points]
    path = ' '.join(f'{x},{y}' for x, y in places)
    yield (f'<polyline points="{path}" fill="none" stroke="{color}" '
           'stroke-width="2"/>')
    for x, y in places:
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>'
    y_name = _TOP + 30 + 18 * number
    yield (f'<rect x="{_WIDTH - _RIGHT + 8}" y="{y_name - 9}" width="10" '
           f'height="10" fill="{color}"/>')
    yield _text(_WIDTH - _RIGHT + 24, y_name, name, 'start')


def _stroke(begin: tuple[float, float], end: tuple[float, float]) -> str:
    return (f'<line x1="{begin[0]}" y1="{begin[1]}" x2="{end[0]}" '
            f'y2="{end[1]}" stroke="currentColor" stroke-opacity="0.2"/>')


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (f'<text x="{x}" y="{y}" text-anchor="{anchor}">'
            f'{html.escape(text)}</text>')
