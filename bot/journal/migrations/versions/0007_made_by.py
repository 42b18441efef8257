"""Which Docent brought the journal to which form: an older one names it when it can't read it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "made_by",
        sa.Column("form", sa.String(32), primary_key=True),
        sa.Column("docent", sa.String(40), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
