"""The steps by which an installation's database follows the tables in broadcaster/store/schema."""
