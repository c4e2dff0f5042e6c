"""The processes that an installation is made of, and how one machine keeps all of them alive."""
