#!/bin/bash
# Installs what the consumers of docs/examples/consumers run on, for their tests: PHP with php-amqplib (25 MB, 10 s), a JDK with the
# clients of RabbitMQ and PostgreSQL (300 MB where there is no JDK yet, else 4 MB), and by npm amqplib and pg at the versions
# of their lock file (15 packages, 1.5 MB, 5 s). Nothing happens once they are there. Where npm is missing, or cannot reach its
# registry, this says so and the test of that one example is left out: nobody needs npm to work on the gateway.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() {
    local share=/usr/share
    type -P php >/dev/null || echo php-cli
    [[ -e $share/php/PhpAmqpLib/autoload.php ]] || echo php-amqplib
    [[ $(php -m 2>/dev/null) == *pdo_pgsql* ]] || echo php-pgsql
    type -P javac >/dev/null || echo default-jdk-headless
    [[ -e $share/java/amqp-client.jar ]] || echo librabbitmq-client-java
    [[ -e $share/java/postgresql.jar ]] || echo libpostgresql-jdbc-java
}

packages=$(missing)
if [[ -n $packages ]]; then
    mapfile -t list <<<"$packages"
    scripts/apt-install.sh "${list[@]}"
    packages=$(missing)
    if [[ -n $packages ]]; then
        echo "Still missing after the installation: ${packages//$'\n'/ }" >&2
        exit 1
    fi
fi

cd tests/clients/node
[[ node_modules/.package-lock.json -nt package-lock.json ]] && exit 0
left_out="the test of docs/examples/consumers/consumer.mjs is left out"
if ! command -v npm >/dev/null; then
    echo "There is no npm: $left_out" >&2
elif ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
    echo "npm could not install amqplib and pg: $left_out" >&2
fi
