#!/bin/sh
# Makes what docker-compose.yml reads from ./secrets; what is there already stays.
# The folder is closed to others. The files are not: a container's user has to read them.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

random() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
keep() { test -e "$1" || cat > "$1"; chmod 644 "$1"; }

echo '*' | keep .gitignore
random 32 | keep api_key
head -c 32 /dev/urandom | base64 | keep secrets_key
random 24 | keep database_password
echo "postgresql://tariffwire:$(cat database_password)@postgres:5432/tariffwire" | keep database_url
# The identity of the log: without one of your own, all Kafkas of this image have the same.
echo "CLUSTER_ID=t$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)" | keep kafka.env
echo "made, or found: $(pwd)"
