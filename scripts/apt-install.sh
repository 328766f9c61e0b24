#!/bin/bash
# apt-install.sh PACKAGE…: installs Debian packages when root, or when sudo asks for no password. Otherwise it
# prints the one command to run, and fails. Nothing that is installed here is started, now or at the next boot:
# the tests start servers of their own, on ports of their own.
set -euo pipefail

policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
if [[ $(id -u) == 0 ]]; then
    root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root=(sudo -n)
else
    echo "Missing Debian packages: $*" >&2
    echo "Install them with:  sudo apt-get update && sudo apt-get install --no-install-recommends $*" >&2
    exit 1
fi

# Debian starts a service as soon as its package is unpacked, unless this file says no.
forbid_starting() {
    [[ -e $policy ]] && return
    trap '"${root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
}

# Only services that came with this call; what was there before is somebody's own.
forbid_at_boot() {
    local unit
    [[ -d /run/systemd/system ]] || return 0
    for unit in $(comm -13 <(echo "$1") <(services)); do
        "${root[@]}" systemctl disable --quiet "$unit"
    done
}

services() {
    [[ -d /run/systemd/system ]] || return 0
    systemctl list-unit-files --no-legend --state=enabled '*.service' '*.socket' | awk '{ print $1 }' | sort
}

echo "apt-get install $* (nothing of it is started)" >&2
before=$(services)
forbid_starting
# Recorded package lists may be missing or outdated: ask for new ones only where the install fails with them.
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
"${apt[@]}" install --no-install-recommends "$@" </dev/null >/dev/null 2>&1 || {
    "${apt[@]}" update
    "${apt[@]}" install --no-install-recommends "$@" </dev/null >/dev/null
}
forbid_at_boot "$before"
