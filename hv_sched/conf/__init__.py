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

"""Options of hv_sched, one module per purpose; nothing is global.

``register_opts(conf)`` takes the ConfigOpts to register on: the commands
and the agent bring their own, the scheduler plug-ins bring Nova's.
"""

from collections.abc import Iterator
import contextlib
import io
import os
from typing import Any

from oslo_config import cfg
from oslo_config import iniparser

from hv_sched import exception
from hv_sched import regular_file
from hv_sched.conf import findings
from hv_sched.conf import passes
from hv_sched.conf import publish
from hv_sched.conf import scheduler
from hv_sched.conf import source
from hv_sched.conf import status

GROUP = 'hv_sched'
# Of an option that oslo.config follows without end.
REFERS_TO_ITSELF = ('refers to itself with $: write the value out, or $$ for '
                    'a dollar sign')
REFERS_TO_NOTHING = ('refers with $ to an option that is not there: write $$ '
                     'for a dollar sign')
_MODULES = (source, publish, scheduler, passes, findings, status)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register every option of hv_sched on conf."""
    for module in _MODULES:
        conf.register_opts(module.OPTS, group=GROUP)


def check(conf: cfg.ConfigOpts) -> None:
    """Read every option once: oslo.config tells of a bad value only then.

    :raises cfg.Error: an option has a value that it may not have
    :raises InvalidConfig: an option refers to itself, or to nothing
    """
    for _group, opts in list_opts():
        for opt in opts:
            read(conf[GROUP], opt, GROUP)


def read(section: Any, opt: cfg.Opt, group: str) -> Any:
    """The value of an option; oslo.config follows $name without end.

    :param section: of the configuration, the whole of it for DEFAULT
    :raises InvalidConfig: the option refers to itself, or to nothing
    """
    with references(f'[{group}]{opt.dest}'):
        return getattr(section, opt.dest)


@contextlib.contextmanager
def references(option: str) -> Iterator[None]:
    """oslo.config shows what follows a $, which may be half of a password.

    :param option: the option or section that is read
    :raises InvalidConfig: it refers to itself, or to nothing
    """
    try:
        yield
    except RecursionError as exc:
        raise exception.InvalidConfig(f'{option} {REFERS_TO_ITSELF}') from exc
    except (cfg.NoSuchOptError, cfg.TemplateSubstitutionError):
        raise exception.InvalidConfig(
            f'{option} {REFERS_TO_NOTHING}') from None


class _Lines(iniparser.BaseParser):
    """Looks at the form of each line, and at nothing else."""

    def new_section(self, section: str) -> None:
        pass

    def assignment(self, key: str, value: list[str]) -> None:
        pass


def check_file(path: str) -> None:
    """oslo.config waits for a pipe, and reads whatever a device gives.

    Of a line that is none of a configuration it shows all, and the line may
    hold a password.

    :param path: a configuration file
    :raises InvalidConfig: it is no regular file, not UTF-8, or has such a
        line
    """
    try:
        text = regular_file.read(path).decode()
        _Lines().parse(io.StringIO(text, newline=None))
    except exception.InvalidFile as exc:
        raise exception.InvalidConfig(f'{path}: {exc}') from exc
    except UnicodeDecodeError as exc:
        raise exception.InvalidConfig(f'{path}: is not UTF-8: {exc}'
                                      ) from exc
    except iniparser.ParseError as exc:
        raise exception.InvalidConfig(
            f'{path}: line {exc.lineno}: {exc.msg}') from None


def files_in(folder: str) -> list[str]:
    """What oslo.config reads of a folder; it takes one it may not read for
    empty.

    :raises InvalidConfig: the folder cannot be read
    """
    try:
        return sorted(os.path.join(folder, name) for name
                      in os.listdir(folder) if name.endswith('.conf'))
    except OSError as exc:
        raise exception.InvalidConfig(f'{folder}: {exc.strerror}') from exc


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator (entry point oslo.config.opts)."""
    return [(GROUP, [opt for module in _MODULES for opt in module.OPTS])]
