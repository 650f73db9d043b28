"""Alembic's entry: the connection, its lock and its transaction are the caller's."""

from alembic import context

from ccm_fhir.failpoints import failpoint
from ccm_fhir.storage.migrate import comparison_options
from ccm_fhir.storage.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    on_version_apply=lambda **_applied: failpoint("C9"),
    **comparison_options(),
)
with context.begin_transaction():
    context.run_migrations()
