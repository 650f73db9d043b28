#!/bin/sh
# Runs one ccm-fhir command as process 1, so that it receives SIGTERM itself.
# The database password comes from a file: libpq reads it from its own variable, and it never
# stands in a URL, a log line or the output of `docker inspect`.
set -eu

if [ -n "${DATABASE_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$DATABASE_PASSWORD_FILE")
    export PGPASSWORD
fi

exec ccm-fhir "$@"
