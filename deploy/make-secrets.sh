#!/bin/bash
# Writes .env beside docker-compose.yml: a random password for each server and a random token for each of our own
# secrets that deploy/regia.yaml names. What .env holds already is kept, so it can be run again after an update.
# Secrets that a provider gives out (WHATSAPP_APP_SECRET, …) are added to the same file by hand.
set -euo pipefail
cd "$(dirname "$0")/.."

file=${1:-.env}
umask 077
touch "$file"
chmod 600 "$file"

for name in RABBITMQ_PASSWORD RABBITMQ_COOKIE POSTGRES_PASSWORD REDIS_PASSWORD \
    REGIA_LINKS_KEY REGIA_CONSUMER_TOKEN REGIA_DESK_TOKEN; do
    grep -q "^$name=." "$file" && continue
    # Letters and digits only: passwords stand inside of URLs.
    value=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    sed -i "/^$name=/d" "$file"
    echo "$name=$value" >>"$file"
    echo "new: $name" >&2
done
echo "$file is ready. It holds secrets: keep it out of version control and of backups in clear." >&2
