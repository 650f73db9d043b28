#!/bin/sh
# Makes the role that the app and its workers connect as. It owns nothing and row-level security
# binds it; `migrate --grant-to ccm_app` gives it what it needs of the tables. PostgreSQL's image
# runs this once, for a new data folder.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set password="$(cat /run/secrets/app_database_password)" <<'SQL'
CREATE ROLE ccm_app LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
SQL
