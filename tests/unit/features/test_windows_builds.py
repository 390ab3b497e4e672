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


"""Limits of each release, against a literal table."""

import pytest

from hv_sched.features import windows_builds

TB = 1024
# build: vCPUs and GiB of generation 2, then 1, and VM versions.
HOSTS = {
    9600: (64, 1 * TB, 64, 1 * TB, '5.0', '5.0'),
    14393: (240, 12 * TB, 64, 1 * TB, '5.0', '8.0'),
    17763: (240, 12 * TB, 64, 1 * TB, '5.0', '9.0'),
    20348: (1024, 240 * TB, 64, 1 * TB, '8.0', '10.0'),
    26100: (2048, 240 * TB, 64, 1 * TB, '8.0', '12.0'),
}


@pytest.mark.parametrize('number', HOSTS)
def test_limits_of_each_release(number):
    build = windows_builds.build_of(number)
    gen1, gen2 = build.limits(1), build.limits(2)
    assert (gen2.vcpus, gen2.memory_gb, gen1.vcpus, gen1.memory_gb,
            *build.vm_versions) == HOSTS[number]


def test_a_build_is_of_the_newest_release_not_above_it():
    for number in range(9000, 30000):
        known = [build for build in HOSTS if build <= number]
        build = windows_builds.build_of(number)
        assert (build and build.number) == (max(known) if known else None)


def test_disk_limits():
    assert windows_builds.MAX_VHDX_GB == 64 * TB
    assert windows_builds.MAX_VHD_GB == 2040
    assert windows_builds.MAX_GEN1_BOOT_GB == 2 * TB
    assert windows_builds.SCSI_SLOTS == 64
    assert windows_builds.IDE_SLOTS == 2 * 2
