"""Builds tables of the corpus into a warehouse and writes down what their rows are.

    corpus.sh WAREHOUSE [--fixtures] [--list] [NAME...]

Tables stand at WAREHOUSE/NAME, laid out as a Hadoop catalog does (PyIceberg's have its own file names). Beside each,
WAREHOUSE/expected/NAME.json describes it (expected.py). A table that exists is built anew.
"""

import argparse
import importlib
import os
import shutil
import sys
import time
import traceback

from corpus import CATALOG, HERE, TABLES, Writer

for module in sorted(os.listdir(os.path.join(HERE, "tables"))):
    if module.endswith(".py"):
        importlib.import_module(f"tables.{module[:-3]}")


def main():
    arguments = parse_arguments()
    chosen = choose(arguments)
    if arguments.list:
        for table in chosen:
            print(f"{table.name}\t{table.engine}\t{'fixture' if table.fixture else ''}\t{'; '.join(table.features)}")
        return
    failed = build(os.path.abspath(arguments.warehouse), chosen)
    for name, error in failed:
        print(f"FAILED {name}: {error}")
    print(f"{len(chosen) - len(failed)} tables built, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("warehouse", nargs="?")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--fixtures", action="store_true", help="only the tables that are committed as fixtures")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_intermixed_args()
    if not arguments.list and not arguments.warehouse:
        parser.error("a warehouse directory is needed")
    return arguments


def choose(arguments):
    unknown = [name for name in arguments.names if name not in TABLES]
    if unknown:
        sys.exit(f"no such table: {', '.join(unknown)}")
    tables = [TABLES[name] for name in arguments.names] if arguments.names else list(TABLES.values())
    return [table for table in tables if table.fixture or not arguments.fixtures]


def build(warehouse, tables):
    from expected import describe
    from others import Confirmation, write_with_flink, write_with_pyiceberg
    from spark_engine import open_session

    engine = open_session()
    engine.add_catalog(CATALOG, {"type": "hadoop", "warehouse": warehouse})
    confirmation = Confirmation()
    failed = []
    for table in tables:
        started = time.monotonic()
        try:
            shutil.rmtree(os.path.join(warehouse, table.name), ignore_errors=True)
            if table.engine == "spark":
                table.write(Writer(engine, table, warehouse))
            elif table.engine == "pyiceberg":
                write_with_pyiceberg(table, warehouse)
            else:
                write_with_flink(table, warehouse)
            describe(engine, confirmation, table, warehouse)
            print(f"{table.name}: {time.monotonic() - started:.1f} s", flush=True)
        except Exception as error:
            traceback.print_exc(limit=-6)
            failed.append((table.name, f"{type(error).__name__}: {str(error).splitlines()[0]}"))
    confirmation.close()
    engine.close()
    return failed


if __name__ == "__main__":
    main()
