"""moto's server with two things that Glue has and moto lacks: the optimistic lock of UpdateTable, and calls that do not mix."""

import sys
import threading

from moto.glue.exceptions import GlueClientError
from moto.glue.responses import GlueResponse
from moto.server import main

lock = threading.Lock()
plain_update, plain_create = GlueResponse.update_table, GlueResponse.create_table


def update_table(self):
    """VersionId: the version that is to be replaced; SkipArchive: it is not kept. moto passes both over."""
    with lock:
        wanted = self.parameters.get("VersionId")
        name = self.parameters["TableInput"]["Name"]
        table = self.glue_backend.get_table(self.parameters["DatabaseName"], name)
        current = str(table.as_dict()["VersionId"])
        if wanted is not None and str(wanted) != current:
            raise GlueClientError("ConcurrentModificationException", f"version {wanted} of {name}, current is {current}")
        result = plain_update(self)
        if self.parameters.get("SkipArchive"):
            table.versions.pop(current, None)
        return result


def create_table(self):
    with lock:
        return plain_create(self)


GlueResponse.update_table = update_table
GlueResponse.create_table = create_table
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
