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

"""Why a cluster is left as it is, whoever is about to change it. Pure.

Publishing and adopting ask here, so that neither changes what the other
leaves alone.
"""

from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement.observed import Overview
from hv_sched.providers import freshness
from hv_sched.providers import stated_driver
from hv_sched.providers.freshness import Moment
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings

STALE = 'facts-stale'


def notice(layout: Layout, overview: Overview, moment: Moment,
           settings: Settings) -> Notice | None:
    """Why nothing is changed by what the source says; None if it may be.

    By facts that are only old (STALE) new disks can still be kept away.
    """
    cluster = layout.cluster
    code, reason = 'facts-unlikely', freshness.unlikely(cluster, moment)
    if not reason:
        code = 'driver-not-stated'
        reason = stated_driver.lost(layout, overview)
    if not reason and freshness.is_stale(cluster, moment, settings):
        age = int(freshness.facts_age(cluster, moment.now))
        code = STALE
        reason = (f'the facts are {age} seconds old: nothing is changed '
                  'until they are newer')
    return Notice(cluster.name, cluster.name, Kind.FROZEN, reason, code
                  ) if reason else None
