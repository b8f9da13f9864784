"""The server side of a JSON-lines worker: requests on stdin, one answer a request on stdout, in order.

A request is an object with an `id` and one further key that names the operation: {"id": 1, "sql": "SELECT 1"}.
The answer is {"id": 1, "result": ...} or {"id": 1, "error": "..."}. {"cancel": 1} has no answer of its own; it makes
request 1 fail soon. The worker ends when stdin does.
"""

import json
import os
import queue
import sys
import threading
import traceback


def claim_stdout():
    """Keeps stdout for answers: whatever libraries and child processes print from now on goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def serve(answers, ready, operations, cancel=lambda request_id: None):
    """`operations`: name to function of the request; `ready`: the facts sent as the first line."""
    send(answers, {"ready": ready})
    requests = queue.Queue()
    threading.Thread(target=read_requests, args=(requests, cancel), daemon=True).start()
    while (request := requests.get()) is not None:
        send(answers, answer(request, operations))


def read_requests(requests, cancel):
    for line in sys.stdin:
        request = json.loads(line)
        if "cancel" in request:
            cancel(request["cancel"])
        else:
            requests.put(request)
    requests.put(None)


def answer(request, operations):
    name = next((key for key in request if key in operations), None)
    try:
        if name is None:
            raise ValueError(f"no such operation: {', '.join(request)}; there are {', '.join(operations)}")
        return {"id": request["id"], "result": operations[name](request)}
    except Exception as error:
        traceback.print_exc(limit=5)
        return {"id": request["id"], "error": f"{type(error).__name__}: {error}"}


def send(answers, message):
    answers.write(json.dumps(message, ensure_ascii=False, allow_nan=False) + "\n")
    answers.flush()
