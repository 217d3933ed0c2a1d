# Everything that must hold before a change is done.
check:
    tests/run.sh
