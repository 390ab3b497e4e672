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

"""Numbers of options: finite, in range, and an error that says all of it."""

from oslo_config import cfg
import pytest

from hv_sched import conf as options
from hv_sched import filters
from hv_sched import weighers

NUMBERS = [opt for _group, opts in options.list_opts() for opt in opts
           if isinstance(opt, cfg.IntOpt | cfg.FloatOpt)]
FLOATS = [opt for opt in NUMBERS if isinstance(opt, cfg.FloatOpt)]
by_name = pytest.mark.parametrize('opt', NUMBERS, ids=lambda opt: opt.name)


def configured(tmp_path, name, value):
    path = tmp_path / 'hv_sched.conf'
    path.write_text(f'[hv_sched]\n{name} = {value}\n')
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[str(path)])
    return conf


def refusal(tmp_path, name, value):
    with pytest.raises(cfg.Error) as caught:
        options.check(configured(tmp_path, name, value))
    return str(caught.value)


def test_there_are_numbers_of_both_kinds():
    assert 0 < len(FLOATS) < len(NUMBERS)


@by_name
@pytest.mark.parametrize('value', [
    'nan', 'inf', '-inf', '1e400', '9' * 30, '-' + '9' * 30, '9' * 5000,
    'many', '1_0', '１２'])
def test_what_is_no_number_in_range_is_refused(tmp_path, opt, value):
    told = refusal(tmp_path, opt.name, value)
    assert opt.name in told and 'hv_sched.conf' in told
    assert value[:20] in told
    assert f'from {opt.type.min:g} to {opt.type.max:g}' in told


@by_name
def test_just_beyond_the_range_is_refused_and_its_ends_are_not(tmp_path,
                                                               opt):
    step = 1 if isinstance(opt, cfg.IntOpt) else 1e-4
    for end, beyond in ((opt.type.min, opt.type.min - step),
                        (opt.type.max, opt.type.max + step)):
        options.check(configured(tmp_path, opt.name, end))
        assert 'from' in refusal(tmp_path, opt.name, beyond)


@by_name
def test_the_default_is_in_range(opt):
    assert opt.default is None or (
        opt.type.min <= opt.default <= opt.type.max)


@by_name
def test_an_empty_value_is_no_number(tmp_path, opt):
    assert 'from' in refusal(tmp_path, opt.name, '')


def test_a_long_value_is_cut_short_in_the_message(tmp_path):
    assert len(refusal(tmp_path, 'workers', '9' * 5000)) < 400


@pytest.mark.parametrize('load', [filters.all_filters,
                                  weighers.all_weighers])
def test_nova_scheduler_does_not_start_with_a_number_that_is_none(
        tmp_path, monkeypatch, load):
    conf = configured(tmp_path, 'image_cache_weight_multiplier', 'nan')
    load()
    monkeypatch.setattr('nova.conf.CONF', conf)
    with pytest.raises(cfg.Error, match='image_cache_weight_multiplier'):
        load()
