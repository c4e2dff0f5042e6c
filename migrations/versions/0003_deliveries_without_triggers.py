"""Deliveries without triggers: PostgreSQL no longer asks for the parents of each row (docs/decisions/095)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: Column and table of each; SQLite, where asking costs next to nothing, keeps them.
PARENTS = (("alert_id", "alerts"), ("batch_id", "batches"), ("message_id", "messages"), ("follows_id", "deliveries"))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for column, parent in PARENTS:
            op.drop_constraint(f"fk_deliveries_{column}_{parent}", "deliveries", type_="foreignkey")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for column, parent in PARENTS:
            op.create_foreign_key(f"fk_deliveries_{column}_{parent}", "deliveries", parent, [column], ["id"])
