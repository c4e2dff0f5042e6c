"""Places without triggers: PostgreSQL no longer asks for the phone of each imported place (docs/decisions/095)."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME = "fk_places_phone_id_phones"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(NAME, "places", type_="foreignkey")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(NAME, "places", "phones", ["phone_id"], ["id"])
