"""How long a lease was taken for: one that ends further ahead was written by a wrong clock."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("leases", sa.Column("seconds", sa.Double(), nullable=True))
