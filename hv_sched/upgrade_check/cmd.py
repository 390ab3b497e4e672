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


"""``hv-sched-status upgrade check``: is the cloud ready for a new release.

Nothing is written. Exit codes are those of oslo.upgradecheck: 0 all checks
passed, 1 warnings, 2 something stops an upgrade, 255 nothing was checked.
"""

from collections.abc import Iterable
import functools
import sys
import traceback

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from hv_sched import conf as options
from hv_sched import exception
from hv_sched import ignored_findings
from hv_sched import log_handlers
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched import url_secrets
from hv_sched.agent import clients
from hv_sched.compute import instance_names
from hv_sched.compute import nova
from hv_sched.conf import agent as agent_options
from hv_sched.conf import command_line
from hv_sched.conf import nova_conf
from hv_sched.doctor import checks
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.upgrade_check import results

# What oslo.upgradecheck returns where it did not get to a result.
NOT_CHECKED = 255
_PROGRAM = 'hv-sched-status'
_CLI = [
    cfg.MultiStrOpt(
        name, default=[], metavar='FILE',
        help=f'{label}, or a folder of such files; may be given several '
             'times. Without it, what it says is not checked')
    for name, label in (('nova-conf', 'nova.conf of a scheduler'),
                        ('compute-conf', 'nova.conf of a Hyper-V node'),
                        ('placement-conf', 'placement.conf'))]


class UpgradeCommands(upgradecheck.UpgradeCommands):
    """:param conf: parsed when the command runs
    :param files: paths of what it is parsed from
    """

    def __init__(self, conf: cfg.ConfigOpts, files: Iterable[str] = ()
                 ) -> None:
        super().__init__()
        self._conf = conf
        self._files = tuple(files)

    def check(self) -> upgradecheck.Code:
        """Look at everything once, then tell it topic by topic."""
        options.check(self._conf)
        diagnoses, skipped = self._examined()
        self._upgrade_checks = tuple(
            (topic.title, functools.partial(
                lambda topic, _commands: results.of_topic(
                    topic, diagnoses, skipped), topic))
            for topic in results.TOPICS)
        return super().check()

    def _examined(self) -> tuple[list[runner.Diagnosis],
                                 list[runner.Skipped]]:
        """What the doctor finds, without what is to be left out."""
        placement, servers = clients.connect(self._conf)
        gatherer = gather.Gatherer(
            clients.looking(self._conf, placement), reconcile.Reconciler(
                placement, settings.from_conf(self._conf), nova=servers),
            self._conf.hv_sched.workers)
        diagnoses, skipped = runner.run(
            checks.CHECKS, gatherer.gather(self._inputs(servers)))
        ignored = ignored_findings.IgnoredFindings(
            tuple(self._conf.hv_sched.ignore_findings))
        remaining, _left_out = runner.split(diagnoses, ignored)
        return remaining, skipped

    def _inputs(self, servers: nova.NovaServers) -> gather.DoctorInputs:
        conf = self._conf
        return gather.DoctorInputs(
            nova_conf.read_nova(conf.nova_conf) if conf.nova_conf else None,
            nova_conf.read_nova(conf.compute_conf)
            if conf.compute_conf else None,
            nova_conf.read_placement(conf.placement_conf)
            if conf.placement_conf else None,
            self._facts(servers), conf.hv_sched.stale_after,
            config_files=self._files)

    def _facts(self, servers: nova.NovaServers) -> model.Facts | None:
        if not self._conf.hv_sched.source:
            return None
        return instance_names.InstanceNames(servers).resolved(
            sources.configured(self._conf.hv_sched))


def main(arguments: list[str] | None = None) -> int:
    """The console script; returns the exit code.

    Whatever goes wrong is no result: 1 and 2 would be taken for one.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as exc:  # of argparse; --help and --version end with 0
        if exc.code:
            return NOT_CHECKED
        raise
    except (exception.HvSchedError, cfg.Error, OSError) as exc:
        print(printable.text(f'hv-sched-status: {exception.told(exc)}'),
              file=sys.stderr)
    except Exception:
        print(url_secrets.masked(traceback.format_exc()), end='',
              file=sys.stderr)
    return NOT_CHECKED


def _run(arguments: list[str]) -> int:
    log_handlers.mask_secrets()
    conf = cfg.ConfigOpts()
    conf.register_cli_opts(_CLI)
    options.register_opts(conf)
    agent_options.register_opts(conf)
    upgradecheck.register_cli_options(conf, UpgradeCommands(
        conf, command_line.files(arguments, _PROGRAM)))
    command_line.parse(conf, arguments, _PROGRAM)
    upgradecheck.CONF = conf  # where its --json is looked for
    code = int(conf.command.action_fn())
    sys.stdout.flush()  # what cannot be written is no result either
    return code
