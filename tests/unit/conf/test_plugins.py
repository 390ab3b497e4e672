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


"""One registry of filters and weighers, which is what the classes are."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

from nova.scheduler import filters as nova_filters
from nova.scheduler import weights as nova_weights
import pytest

from hv_sched import filters
from hv_sched import weighers
from hv_sched.conf import plugins
from hv_sched.conf import scheduler

ROOMS = ((filters, nova_filters.BaseHostFilter, plugins.FILTERS),
         (weighers, nova_weights.BaseHostWeigher, plugins.WEIGHERS))


def concrete_classes(package, base):
    for module in pkgutil.iter_modules(package.__path__):
        found = importlib.import_module(f'{package.__name__}.{module.name}')
        for _name, cls in inspect.getmembers(found, inspect.isclass):
            if issubclass(cls, base) and cls.__module__ == found.__name__ and (
                    not inspect.isabstract(cls)):
                yield cls.__module__, cls.__name__


@pytest.mark.parametrize('package,base,registry', ROOMS)
def test_the_registry_is_what_the_modules_define(package, base, registry):
    assert set(concrete_classes(package, base)) == {
        (plugin.module, plugin.name) for plugin in registry}


def test_nova_loads_them_by_the_names_of_nova_conf():
    for path, registry in ((plugins.ALL_FILTERS, plugins.FILTERS),
                           (plugins.ALL_WEIGHERS, plugins.WEIGHERS)):
        module, _, function = path.rpartition('.')
        classes = getattr(importlib.import_module(module), function)()
        assert [cls.__name__ for cls in classes] == [
            plugin.name for plugin in registry]


def test_each_weigher_has_its_multiplier_and_no_multiplier_is_left_over():
    options = {opt.name for opt in scheduler.OPTS
               if opt.name.endswith('_weight_multiplier')}
    assert options == {plugins.multiplier_of(weigher.name)
                       for weigher in plugins.WEIGHERS}


def test_the_names_are_read_without_nova():
    subprocess.run([sys.executable, '-c', (
        'import sys; sys.modules["nova"] = None; '
        'from hv_sched import filters, weighers; '
        'from hv_sched.conf import plugins; '
        f'assert len(plugins.WEIGHERS) == {len(plugins.WEIGHERS)}')],
        check=True)


