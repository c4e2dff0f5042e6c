"""`python -m broadcaster` is the same as `broadcaster`."""

from broadcaster.cli import main

if __name__ == "__main__":
    main(prog_name="broadcaster")
