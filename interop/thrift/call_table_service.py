"""Makes calls on the table service with thriftpy2, as Amoro's clients do: framed, strict binary, multiplexed.

call_table_service.py PORT < [[method, argument...], ...]   prints [{"result": ...} or {"exception": name, "message": ...}, ...]

All go over one connection, each after a ping. A table is given as {"catalog", "database", "tableName"}.
"""
import json
import sys
from pathlib import Path

import thriftpy2
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.protocol.multiplex import TMultiplexedProtocolFactory
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TException, TPayload
from thriftpy2.transport import TFramedTransportFactory

idl = thriftpy2.load(str(Path(__file__).with_name("table_metastore.thrift")), module_name="table_metastore_thrift")


def argument(value):
    if isinstance(value, dict) and "tableIdentifier" in value:
        return idl.TableMeta(**{**value, "tableIdentifier": argument(value["tableIdentifier"])})
    return idl.TableIdentifier(**value) if isinstance(value, dict) and "tableName" in value else value


def plain(value):
    if isinstance(value, TPayload):
        return {name: plain(field) for name, field in vars(value).items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def answer(client, method, arguments):
    client.ping()
    try:
        return {"result": plain(getattr(client, method)(*map(argument, arguments)))}
    except TException as error:
        return {"exception": type(error).__name__, "message": error.message}


connection = make_client(
    idl.AmoroTableMetastore,
    "127.0.0.1",
    int(sys.argv[1]),
    proto_factory=TMultiplexedProtocolFactory(TBinaryProtocolFactory(), "TableMetastore"),
    trans_factory=TFramedTransportFactory(),
)
print(json.dumps([answer(connection, method, rest) for method, *rest in json.load(sys.stdin)]))
