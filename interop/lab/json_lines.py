"""The server side of a JSON-lines worker: requests on stdin, one answer a request on stdout, in order.

A request is an object with an `id` and one further key that names the operation: {"id": 1, "sql": "SELECT 1"}.
The answer is {"id": 1, "result": ...} or {"id": 1, "error": "..."}, whose first lines are the exception's; further ones
name the functions it came through, and its causes. {"cancel": 1} has no answer of its own; it makes request 1 fail soon.
When stdin ends, what runs is cancelled and the worker ends.
"""

import json
import os
import queue
import sys
import threading
import traceback

CANCEL_AGAIN_SECONDS = 0.2
CAUSES_TOLD = 3
FUNCTIONS_TOLD = 20


def claim_stdout():
    """Keeps stdout for answers: whatever libraries and child processes print from now on goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def serve(answers, ready, operations, cancel=lambda request_id: None):
    """`operations`: name to function of the request; `ready`: the facts sent as the first line."""
    Server(answers, operations, cancel).run(ready)


class Server:
    def __init__(self, answers, operations, cancel):
        self.answers = answers
        self.operations = operations
        self.cancel = cancel
        self.requests = queue.Queue()
        self.cancelled = set()
        self.running = None  # the id of the request that runs
        self.ending = False

    def run(self, ready):
        send(self.answers, {"ready": ready})
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.keep_cancelling, daemon=True).start()
        while (request := self.requests.get()) is not None and not self.ending:
            self.running = request["id"]
            send(self.answers, self.answer(request))
            self.running = None

    def read(self):
        for line in sys.stdin:
            request = json.loads(line)
            if "cancel" in request:
                self.cancelled.add(request["cancel"])
            else:
                self.requests.put(request)
        self.ending = True
        self.requests.put(None)

    def keep_cancelling(self):
        """Again and again, because a cancellation that arrives before an engine has started the work is lost on it."""
        while True:
            running = self.running
            if running is not None and (self.ending or running in self.cancelled):
                self.cancel(running)
            threading.Event().wait(CANCEL_AGAIN_SECONDS)

    def answer(self, request):
        name = next((key for key in request if key in self.operations), None)
        try:
            if request["id"] in self.cancelled:
                raise RuntimeError("cancelled before it began")
            if name is None:
                raise ValueError(f"no such operation: {', '.join(request)}; there are {', '.join(self.operations)}")
            return {"id": request["id"], "result": self.operations[name](request)}
        except Exception as error:
            traceback.print_exc(limit=5)
            return {"id": request["id"], "error": gist(error)}


def gist(error):
    """An exception and its causes, each with the innermost functions it came through, the innermost last."""
    told = [error]
    while (cause := told[-1].__cause__) is not None and len(told) <= CAUSES_TOLD:
        told.append(cause)
    return "\ncaused by ".join(f"{type(each).__name__}: {each}\n  in {came_through(each)}" for each in told)


def came_through(error):
    names = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    return " > ".join(names[-FUNCTIONS_TOLD:])


def send(answers, message):
    answers.write(json.dumps(message, ensure_ascii=False, allow_nan=False) + "\n")
    answers.flush()
