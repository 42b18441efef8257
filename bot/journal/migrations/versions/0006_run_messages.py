"""Messages in chat that show a reindex: another process takes them up when theirs has died."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "run_messages",
        sa.Column("platform", sa.String(40), primary_key=True),
        sa.Column("address", sa.String(300), primary_key=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("worker", sa.String(200), nullable=False),
    )
