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

"""Reads the command line and the files of the two console scripts."""

import argparse
from collections.abc import Sequence
from importlib import metadata
import os

from oslo_config import cfg

from hv_sched import conf as options

PROJECT = 'hv_sched'


def parse(conf: cfg.ConfigOpts, arguments: Sequence[str], prog: str) -> None:
    """Parse as oslo.config does, once it is known that it can.

    :param conf: with its options registered
    :param prog: name of the script
    :raises InvalidConfig: a file is none that oslo.config can read
    :raises cfg.Error: what the files say is wrong
    :raises SystemExit: the command line is wrong, or asks for the help
    """
    for path in files(arguments, prog):
        options.check_file(path)
    conf(list(arguments), project=PROJECT, prog=prog,
         version=metadata.version(PROJECT))


def files(arguments: Sequence[str], prog: str | None = None) -> list[str]:
    """What oslo.config would read: what is named, or else the defaults.

    :param prog: name of the script; None for that of the process
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    for name in ('--config-file', '--config-dir'):
        parser.add_argument(name, action='append', default=[])
    try:
        named, _others = parser.parse_known_args(list(arguments))
    except (argparse.ArgumentError, SystemExit):
        return []  # oslo.config says the same of it
    folders = named.config_dir or cfg.find_config_dirs(PROJECT, prog)
    return [*(named.config_file or cfg.find_config_files(PROJECT, prog)),
            *(path for folder in folders if os.path.isdir(folder)
              for path in options.files_in(folder))]
