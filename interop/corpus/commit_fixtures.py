"""Puts built fixture tables into the checkout: commit_fixtures.py WAREHOUSE DESTINATION

DESTINATION/NAME/table holds the table's files as they are, without Hadoop's checksum files; DESTINATION/NAME/expected.json
describes it. A fixture that was there before is replaced whole.
"""

import os
import shutil
import sys


def main(warehouse, destination):
    for expected in sorted(os.listdir(os.path.join(warehouse, "expected"))):
        name = expected.removesuffix(".json")
        target = os.path.join(destination, name)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(os.path.join(warehouse, name), os.path.join(target, "table"), ignore=shutil.ignore_patterns(".*.crc"))
        shutil.copy(os.path.join(warehouse, "expected", expected), os.path.join(target, "expected.json"))


main(*sys.argv[1:])
