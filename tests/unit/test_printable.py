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

"""What is printed is one line of visible characters, and nothing is lost."""

import io
import logging
import pathlib
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import printable

ANY_TEXT = st.text(st.characters(blacklist_categories=()))
VISIBLE = st.text(st.characters(
    whitelist_categories=('L', 'M', 'N', 'P', 'S', 'Zs')).filter(
        lambda character: character not in printable.INVISIBLE))


@given(ANY_TEXT)
def test_any_text_becomes_one_line_of_visible_characters(value):
    shown = printable.text(value)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(character)[0] == 'C'
                   or unicodedata.category(character) in ('Zl', 'Zp')
                   or character in printable.INVISIBLE
                   for character in shown)
    shown.encode('utf-8')


@given(ANY_TEXT)
def test_what_was_escaped_is_not_escaped_again(value):
    shown = printable.text(value)
    assert printable.text(shown) == shown


@given(VISIBLE)
def test_visible_text_stays_as_it_is(value):
    assert printable.text(value) == value


@pytest.mark.parametrize('name', [
    'Größe', 'Gro\u0308ße', 'クラスタ01', '集群', 'кластер', 'مجموعة',
    'C:\\ClusterStorage\\Volume1', 'a\u00a0b', '"\'<&>%s {0}'])
def test_ordinary_names_stay_readable(name):
    assert printable.text(name) == name


@pytest.mark.parametrize('raw,shown', [
    ('\x1b[31mred', '\\x1b[31mred'),
    ('a\nb\tc\r', 'a\\nb\\tc\\r'),
    ('\x9b2J', '\\x9b2J'),
    ('\x7f', '\\x7f'),
    ('\u202egnp.exe', '\\u202egnp.exe'),
    ('\u2066a\u2069', '\\u2066a\\u2069'),
    ('hv\u200b01', 'hv\\u200b01'),
    ('hv\ufeff01', 'hv\\ufeff01'),
    ('hv\u00ad01', 'hv\\xad01'),
    ('hv\u316401', 'hv\\u316401'),
    ('hv\u034f01', 'hv\\u034f01'),
    ('hv\ufe0f01', 'hv\\ufe0f01'),
    ('a\u2028b\u2029', 'a\\u2028b\\u2029'),
    ('\ud800', '\\ud800'),
    ('\U000e0041', '\\U000e0041'),
])
def test_what_cannot_be_seen_is_written_as_its_number(raw, shown):
    assert printable.text(raw) == shown


@given(ANY_TEXT)
def test_data_for_programs_can_be_encoded_and_is_else_unchanged(value):
    data = printable.encodable(value)
    data.encode('utf-8')
    if not any(unicodedata.category(character) == 'Cs'
               for character in value):
        assert data == value


def test_a_log_line_is_escaped_whatever_it_is_made_of(caplog):
    log = printable.logger('hv_sched.test_printable')
    with caplog.at_level(logging.INFO):
        log.info('%s and %d of %s', 'a\x1b[2J\nb', 3, ValueError('c\u202e'))
        log.info('100 %\x07')
    assert caplog.messages == ['a\\x1b[2J\\nb and 3 of c\\u202e',
                               '100 %\\x07']


def test_every_module_that_logs_takes_its_logger_from_here():
    package = pathlib.Path(printable.__file__).parent
    others = [str(path.relative_to(package))
              for path in package.rglob('*.py')
              if path.name != 'printable.py'
              and 'getLogger(' in path.read_text('utf-8')]
    assert others == []


def test_asking_twice_for_a_logger_gives_the_same_one():
    first = printable.logger('hv_sched.test_printable')
    assert printable.logger('hv_sched.test_printable') is first
    assert len(first.filters) == 1


def test_a_traceback_keeps_its_lines_and_escapes_the_exceptions_text():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = printable.logger('hv_sched.traceback')
    log.addHandler(handler)
    try:
        raise ValueError('a \x1b[31mname\u202e')
    except ValueError:
        log.exception('%s failed', 'it')
    finally:
        log.removeHandler(handler)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ['it failed', 'Traceback (most recent call last):']
    assert lines[-1] == 'ValueError: a \\x1b[31mname\\u202e'


def test_what_cannot_be_printed_ends_no_call_that_logs(monkeypatch):
    """As with any other logger, the handler reports it."""
    class Unprintable:
        def __str__(self):
            raise ValueError('no text')

    monkeypatch.setattr(logging, 'raiseExceptions', False)
    log = printable.logger('hv_sched.test')
    monkeypatch.setattr(log, 'propagate', False)
    log.addHandler(logging.StreamHandler(io.StringIO()))
    for arguments in ((Unprintable(), 1), ('a',), ('a', 'b')):
        log.warning('%s and %d', *arguments)
