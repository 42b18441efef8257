"""What Alembic runs: on the connection that bot.journal.forms.migrate hands over."""

from alembic import context

from bot.journal.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
