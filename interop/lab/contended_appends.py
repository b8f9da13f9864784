"""contended_appends.py URI WAREHOUSE TABLE WRITERS APPENDS: processes append one file each time to one table.

Each file holds one row, which no other append has: `id` is WRITER * APPENDS + N, `text` is "WRITER N", both from 0. No
client retries: an append that is refused counts as failed. Prints one line of JSON with the outcome of all.
"""
import json
import multiprocessing
import sys
import time


def append(uri, warehouse, table_name, writer, appends, ready, go, results):
    import pyarrow as pa
    from pyiceberg.catalog import load_catalog

    catalog = load_catalog("bench", type="rest", uri=uri, warehouse=warehouse)
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("text", pa.string())])
    table = catalog.load_table(table_name)
    ready.put(True)
    go.wait()
    outcome = []
    for n in range(appends):
        row = pa.table({"id": [writer * appends + n], "text": [f"{writer} {n}"]}, schema=schema)
        started = time.perf_counter()
        try:
            table = catalog.load_table(table_name)
            table.append(row)
            outcome.append((True, time.perf_counter() - started))
        except Exception as error:  # every kind of refusal counts
            outcome.append((False, str(error)[:200]))
    results.put(outcome)


if __name__ == "__main__":
    uri, warehouse, table_name, writers, appends = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    context = multiprocessing.get_context("fork")
    ready, results, go = context.Queue(), context.Queue(), context.Event()
    workers = [
        context.Process(target=append, args=(uri, warehouse, table_name, writer, appends, ready, go, results))
        for writer in range(writers)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.get()
    started = time.perf_counter()
    go.set()
    outcomes = [each for _ in workers for each in results.get()]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    took = sorted(value for ok, value in outcomes if ok)
    print(json.dumps({
        "made": len(took),
        "refused": len(outcomes) - len(took),
        "seconds": seconds,
        "p50": took[len(took) // 2] if took else None,
        "p95": took[min(len(took) - 1, int(len(took) * 0.95))] if took else None,
        "reason": next((value for ok, value in outcomes if not ok), None),
    }))
