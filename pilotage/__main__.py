"""python -m pilotage."""

from pilotage.cli.main import main

if __name__ == "__main__":
    main()
