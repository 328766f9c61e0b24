#!/bin/bash
# Makes sure that the servers and tools the tests start are on this machine, and installs what is missing.
# Fails where it cannot: a test that lacks its server must not be skipped in silence.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian keeps servers outside of an ordinary user's PATH, and PostgreSQL's in a folder of its version.
has() {
    local path
    path=${TOOLS_PATH:-$PATH:/usr/local/sbin:/usr/sbin:/sbin:$(echo /usr/lib/postgresql/*/bin | tr ' ' :)}
    PATH=$path type -P "$1" >/dev/null
}

missing() {
    has rabbitmq-server || echo rabbitmq-server
    has redis-server || echo redis-server
    has postgres || echo postgresql
    has chromium || echo chromium
    has strace || echo strace
    has curl || echo curl
    has dovecot || echo dovecot-imapd
    has exim4 || echo exim4-daemon-light
    has haproxy || echo haproxy
}

packages=$(missing)
[[ -z $packages ]] && exit 0
mapfile -t list <<<"$packages"
scripts/apt-install.sh "${list[@]}"
packages=$(missing)
[[ -z $packages ]] && exit 0
echo "Still missing after the installation: ${packages//$'\n'/ }" >&2
exit 1
